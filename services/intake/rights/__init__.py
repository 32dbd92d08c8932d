"""Who may file what, and who sees what."""
