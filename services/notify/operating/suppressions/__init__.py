"""The list of those who are not written to."""
