"""The pages in a real browser. Run by `pytest -m browser`, with the dependency group `browser` and Debian's chromium."""
