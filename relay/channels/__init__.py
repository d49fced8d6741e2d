"""Adapters to the platforms, one file each: parse and render are pure, a thin class does the I/O."""
