"""The betting market: formulas of prices, probabilities and lines. Pure functions."""
