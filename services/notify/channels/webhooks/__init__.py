"""Signed webhooks, as Standard Webhooks (www.standardwebhooks.com) has them."""
