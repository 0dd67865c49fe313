"""Models and data, read from files that are not trusted."""
