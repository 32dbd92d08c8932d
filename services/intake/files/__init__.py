"""People's files: received, looked into, scanned, kept, handed out."""
