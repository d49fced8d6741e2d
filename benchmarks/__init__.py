"""Benchmarks: each module here is a program that prints a table and a JSON line; see README.md."""
