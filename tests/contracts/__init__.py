"""The stored contracts and who may change them how."""
