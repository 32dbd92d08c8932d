"""Retention (保存期間): what is kept how long, and how each service purges its own (docs/adr/0026)."""
