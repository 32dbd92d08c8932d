"""`madoguchi procedure preview`: a procedure's form live in the browser while its file is edited. It knows no database.

form.py   the file as it was read last, and what was entered
app.py    the pages, on 127.0.0.1 only
"""
