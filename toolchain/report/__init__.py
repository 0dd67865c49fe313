"""A Report as text and as JSON.  Opens no port, computes no figure."""
