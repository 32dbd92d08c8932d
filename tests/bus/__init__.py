"""The log and the bell."""
