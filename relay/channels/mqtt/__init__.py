"""The MQTT channel: the relay as a client of a real broker, members' streams through it, and posts of company systems."""
