"""Text messages, by a provider with a small HTTP interface (docs/text-messages.md)."""
