"""The queries and the writes, once, in SQL that every engine understands; a file a noun."""
