"""For authors of plugins and channels, and for our own tests: a clock, ids, a loopback channel, contracts."""
