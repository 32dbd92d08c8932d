"""The procedure language: one YAML file says everything that is special about a procedure.

model.py    what may be written (pydantic); its JSON Schema is what editors complete and check with
fields.py   the fields of a form, as model.py has them
files.py    reading a file, with the line of each mistake
form.py     the form as JSON Schema 2020-12
kinds/      the types of fields, one entry each
scope.py    what rules see, with computed values filled in
asking.py   which fields are asked for, and which answers count
editing.py  changing a file so that comments and order stay
menus.py    conditions as menus have them
likeness.py what makes two applications the same
lint.py     what is wrong with a procedure before anybody files it
rules.py    conditions, computed values, checks and routing in CEL
reading.py  answers as people read them
"""
