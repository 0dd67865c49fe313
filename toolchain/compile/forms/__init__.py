"""Faster forms of operators, one a file: what they are for, and what they make of a layer."""
