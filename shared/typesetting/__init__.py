"""Setting papers with typst: documents of the desk, letters of the post. (Receipts are drawn by shared/pdf.py.)"""
