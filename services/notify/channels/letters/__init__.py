"""Letters on paper: a PDF for the print room."""
