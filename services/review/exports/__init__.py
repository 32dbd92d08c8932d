"""Cases as files: CSV, XLSX, ODS, JSON, and a ZIP with attachments, written row by row."""
