"""Work in bulk."""
