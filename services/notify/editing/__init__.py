"""Officials edit the texts of messages: kinds and what they are filled with, versions, letterheads, previews."""
