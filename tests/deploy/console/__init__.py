"""Tests of the operators' console and of the same by the command line."""
