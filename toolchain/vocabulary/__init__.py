"""The frozen values that rooms hand to each other.  Imports nothing of any room."""
