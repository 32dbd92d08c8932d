"""The texts of messages: shipped in texts/, edited by people in versions, filled and laid out."""
