"""Sending: what is due is claimed, handed to its channel's carriers, and marked with what came of it.

claims.py takes what is due, sending.py hands it over, recording.py writes down what came of it.
"""
