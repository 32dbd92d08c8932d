"""Applications after their filing: where they stand, receipts, withdrawal."""
