"""The page for who is asked from outside: by a mailed link, with nothing but what the official chose."""
