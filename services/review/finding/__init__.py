"""Finding cases: filters, full-text search, the list, saved views."""
