"""Who gets a case."""
