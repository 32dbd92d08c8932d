"""The inbox: messages to officials that are read here."""
