"""What a user may set for an optimisation step: one file, one class a step, all of them in `union`."""
