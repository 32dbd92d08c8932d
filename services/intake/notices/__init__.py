"""Notices (お知らせ): what happened, and who has read of it."""
