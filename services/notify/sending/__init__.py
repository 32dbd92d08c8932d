"""Sending: what is due is claimed, handed to its channel's carrier, and marked with what came of it."""
