"""The counter: procedures, filing, the format check, and what an applicant sees of his applications."""
