"""The desk's pages that put everything about a case together."""
