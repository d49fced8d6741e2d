"""Relays and callers for the tests that send what nobody should."""

from tests.e2e.conftest import engine, http, program, start_relay

__all__ = ["engine", "http", "program", "start_relay"]
