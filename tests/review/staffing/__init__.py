"""Who has which case."""
