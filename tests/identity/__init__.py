"""Accounts, keys and sign-in links."""
