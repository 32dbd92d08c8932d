"""How the post stands, on one page."""
