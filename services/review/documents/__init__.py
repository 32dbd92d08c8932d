"""Documents that the office issues."""
