"""Public verification of documents."""
