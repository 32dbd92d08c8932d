"""The procedure language."""
