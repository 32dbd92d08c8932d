"""The ways to a recipient: a carrier each, behind one small interface (carrier.py)."""
