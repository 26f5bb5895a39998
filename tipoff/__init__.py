"""The domain library: NBA player-points predictions. Knows nothing of Temporal."""
