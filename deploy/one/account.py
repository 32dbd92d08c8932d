"""How a program that refuses to run as root is started by root.

In a user namespace root keeps its files and rights to them, while the program sees an ordinary account: this works in any
folder. Where namespaces are forbidden (some containers), the program drops to the account `nobody`, which must then be able to
reach the folders. An ordinary user needs neither.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy.one.errors import StartError

NOBODY = "nobody"


@dataclass(frozen=True)
class Account:
    """Who a program runs as: `prefix` goes before its command, `uid` and `gid` are dropped to (None: stay as we are)."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Give `path` and all in it to this account, if it is not ours already."""
        if self.uid is None or self.gid is None or not path.exists():
            return
        os.chown(path, self.uid, self.gid)
        for folder, folders, files in os.walk(path):
            for name in folders + files:
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)


def unprivileged(data: Path, programs: Path) -> Account:
    """The account for a server whose files are in `data` and whose programs are in `programs`. Raises StartError."""
    if os.geteuid() != 0:
        return Account()
    owner = data.stat().st_uid if data.exists() else 0
    # What an earlier start gave away stays with that account: inside a namespace root could not read it.
    if owner == 0 and namespaces_allowed():
        nobody = _nobody()
        return Account(prefix=("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--"))
    entry = _nobody() if owner == 0 else pwd.getpwuid(owner)
    account = Account(uid=entry.pw_uid, gid=entry.pw_gid)
    data.parent.chmod(data.parent.stat().st_mode | 0o011)  # passable, not readable; what is inside has its own modes
    for path in (programs / "postgres", data.parent):
        if not _can_reach(account, path):
            raise StartError(
                f"PostgreSQL refuses to run as root, and the account {entry.pw_name} can't reach {path}.",
                "Start as an ordinary user; or put the project and the home where everybody may pass through "
                "(for example /srv); or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1).",
            )
    return account


@cache
def namespaces_allowed() -> bool:
    """Whether a user namespace can be made here (containers often forbid it)."""
    if shutil.which("unshare") is None:
        return False
    nobody = _nobody()
    command = ["unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _nobody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(NOBODY)
    except KeyError:
        raise StartError(
            f"PostgreSQL refuses to run as root, and there is no account {NOBODY} to run it as.",
            "Start as an ordinary user.",
        ) from None


def _can_reach(account: Account, path: Path) -> bool:
    command = ["test", "-x", str(path)]
    result = subprocess.run(command, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False)
    return result.returncode == 0
