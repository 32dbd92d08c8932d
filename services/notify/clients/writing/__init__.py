"""Writing templates of clients."""
