"""People's files: where they lie, and looking for viruses in them."""
