"""What is killed, flooded and cut."""
