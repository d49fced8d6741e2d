"""The engines that keep the ledger: portable SQL once, a driver each."""
