"""The journeys, one file each: ask the store, ask the core, commit; none imports another."""
