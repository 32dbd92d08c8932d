"""E-mail: what a mail looks like, how it is handed over, and what comes back."""
