"""Messages between office and applicant about a case."""
