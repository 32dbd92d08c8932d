"""Who is calling: accounts, organisations, API keys, sessions and the e-mailed sign-in.

Services cannot read these tables: they call the functions of the schema `identity`, which answer one question each
(docs/adr/0004). Accounts and keys are managed by the operator's role.
"""
