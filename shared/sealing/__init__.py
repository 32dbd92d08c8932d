"""Personal fields are sealed: encrypted in their columns, readable only with a key that lies in no database (docs/adr/0027).

ring.py the keys; columns.py the column types; blind.py finding what is sealed by its exact value; resealing.py changing keys.
"""
