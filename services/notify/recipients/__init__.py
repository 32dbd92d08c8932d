"""Recipients: their addresses, what they wish, and who is not written to any more."""
