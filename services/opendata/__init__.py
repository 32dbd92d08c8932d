"""The shop window: what the public may see."""
