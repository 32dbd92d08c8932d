"""The ledger of messages: what was to be sent to whom, and how far it came."""
