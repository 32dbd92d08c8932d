"""Backups: the database to any moment, files and secrets, encrypted before they leave the machine (docs/backup.md)."""
