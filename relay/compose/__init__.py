"""Compose: how the larger parts of the app are put together, one file each; app.py connects them."""
