"""A virtual fortnight through one warehouse, with faults of providers, killed processes and a bad network."""
