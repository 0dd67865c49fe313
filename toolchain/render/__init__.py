"""Writes what the compiler decided as source text; decides and computes nothing."""
