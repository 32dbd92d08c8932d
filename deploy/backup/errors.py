"""What can be wrong with backups.

BackupError      said to the person at the keyboard as it is
├── Broken       what lies in the store is not what was put there, or not all of it
├── Locked       the identity does not open it
└── Refused      it would destroy something, or cannot be done as asked
"""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, read or restored; the text says why and what to do."""


class Broken(BackupError):
    """What lies in the store is not what was put there, or not all of it."""


class Locked(BackupError):
    """The identity does not open it."""


class Refused(BackupError):
    """It would destroy something, or cannot be done as asked."""
