"""Graph → Graph, one pass a file; `order` lists them.  No pass changes a byte of any output."""
