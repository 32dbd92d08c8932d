"""Messages between applicant and office about an application."""
