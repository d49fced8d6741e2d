"""Outbound: the one way from the relay to HTTP services, guarded against what answers there and what a name may lead to."""
