"""Files that are sent about a case: with a note, an opinion or a message."""
