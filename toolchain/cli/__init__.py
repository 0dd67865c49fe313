"""Arguments in, text and an exit code out: the only room that prints."""
