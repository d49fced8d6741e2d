"""The load: clients in C that are never the bottleneck, and the Python that builds, starts and asks them."""
