"""What operators of the post see and do."""
