"""Personal fields are sealed."""
