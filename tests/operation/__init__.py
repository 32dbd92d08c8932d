"""Tests of shared/operation."""
