"""The corridor, whole and in the parts that are walked alone: the only modules that see two rooms at once."""
