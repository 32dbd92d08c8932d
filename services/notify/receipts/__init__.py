"""What providers say later: whether a text message reached its telephone."""
