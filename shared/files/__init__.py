"""Files that people send: what they really are, and whether a virus is in them."""
