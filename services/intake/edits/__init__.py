"""Entries that the office changed."""
