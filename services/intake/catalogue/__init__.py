"""The catalogue of procedures: published, found, shown."""
