"""Backups, restoring and rehearsing."""
