"""The images and compose.yaml, as an operator starts them from a clean clone. Run by `make compose`."""
