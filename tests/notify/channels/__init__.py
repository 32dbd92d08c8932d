"""The channels of the post."""
