"""Filing, the hot path: many at once share a commit."""
