"""What colleagues want of an official: notes that mention him, and opinions."""
