"""What is to be said of answers, before filing and after: the form's schema, the rules, duplicates; the format check."""
