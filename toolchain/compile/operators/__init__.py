"""One file per TensorFlow Lite operator: its rules and its lowering; `table` lists them all."""
