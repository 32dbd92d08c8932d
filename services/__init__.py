"""The four rooms of the house: intake, review, notify, opendata. None imports another."""
