"""What a manager sees of the trace of a case."""
