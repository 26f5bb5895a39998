"""Real failures of an older system, replayed through the worker: each scenario file says how its day must end."""
