"""Graph + Board → Program: decides everything that the generated C does, and writes no text."""

from toolchain.compile.compile_graph import compile_graph

__all__ = ["compile_graph"]
