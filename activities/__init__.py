"""One thin module per phase: unpack the contract, call the library, map errors, heartbeat, return counts."""
