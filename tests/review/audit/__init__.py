"""The trace of views and acts."""
