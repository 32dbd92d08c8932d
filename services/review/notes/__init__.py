"""Internal notes on a case, with mentions of colleagues and files. The applicant never sees them."""
