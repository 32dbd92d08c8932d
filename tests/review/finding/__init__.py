"""Finding cases."""
