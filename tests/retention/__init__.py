"""What is purged when, what is held back, and that nothing of it is left."""
