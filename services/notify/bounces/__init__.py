"""Bounces: mails that tell what became of ours after the next server had taken them.

reports.py reads such a mail, taking.py writes down what it says, maildir.py fetches them from a folder.
"""
