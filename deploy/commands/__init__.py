"""The commands of `madoguchi`, one noun or verb a file."""
