"""Documents that the office issued, and their first fetching (到達)."""
