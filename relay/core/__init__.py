"""The rules without I/O: values in, decisions out; the standard library alone."""
