"""What an operator has to know at a glance: how each part is, and for what is not well, its runbook and where it is mended."""
