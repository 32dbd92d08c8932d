"""Days by which something has to be done, of an official or his groups."""
