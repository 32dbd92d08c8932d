"""Public data that forms are filled in from: postal codes, municipalities, corporations."""
