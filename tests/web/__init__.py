"""The pages and what they share: languages, sign-in, errors, rights."""
