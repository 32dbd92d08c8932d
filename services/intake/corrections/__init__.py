"""Corrections (補正): what the desk asked to mend, mending it, sending it in."""
