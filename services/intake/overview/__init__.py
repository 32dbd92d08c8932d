"""The pages that put everything about an application together."""
