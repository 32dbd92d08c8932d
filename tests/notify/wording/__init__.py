"""Templates: their language, what values may do, and the texts in use."""
