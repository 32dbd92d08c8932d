"""Webhooks of organisations: their registration, what they are told, and the log of their deliveries."""
