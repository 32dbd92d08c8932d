"""The clock of the standard period."""
