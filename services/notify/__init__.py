"""The post: turns what happened into messages, and sends each of them once."""
