"""Drafts: written page by page, carried to newer versions, filed; and trials, whose drafts reach nobody."""
