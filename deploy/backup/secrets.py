"""What opens and proves the rest: the folder of secrets, and the signed heads of the trace."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.backup.errors import Broken

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

    from deploy.backup.vault import Vault

KEPT = 5  # of the secrets, which seldom change


class Precious:
    """Secrets and heads of a house; what did not change since this process put it away is not put again."""

    def __init__(self, vault: Vault, secrets: Path, heads: Path) -> None:
        self._vault, self._secrets, self._heads = vault, secrets, heads
        self._digests: dict[str, bytes] = {}

    def save(self) -> int:
        """Put away what changed; how many objects. Raises StorageError, OSError."""
        saved = 0
        bundle = _bundled(self._secrets)
        if self._is_new("secrets", bundle):
            self._vault.put(f"secrets/{datetime.now(UTC):%Y%m%dt%H%M%S%fz}", io.BytesIO(bundle))
            for name in sorted(self._vault.names("secrets"))[:-KEPT]:
                self._vault.delete(name)
            saved += 1
        for file in sorted(self._heads.glob("*.jsonl")):
            content = file.read_bytes()
            if self._is_new(file.stem, content):
                self._vault.put(f"heads/{file.stem}", io.BytesIO(content))
                saved += 1
        return saved

    def _is_new(self, name: str, content: bytes) -> bool:
        digest = hashlib.sha256(content).digest()
        known, self._digests[name] = self._digests.get(name), digest
        return known != digest


def _bundled(folder: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as bundle:
        for file in sorted(folder.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                content = file.read_bytes()
                member = tarfile.TarInfo(file.name)  # name and content alone, so that the same is the same
                member.size = len(content)
                bundle.addfile(member, io.BytesIO(content))
    return out.getvalue()


def read_secrets(vault: Vault, key: Identity) -> dict[str, bytes]:
    """The newest secrets, by file name. Raises Broken, Locked, StorageError."""
    if not (names := sorted(vault.names("secrets"))):
        raise Broken("The store has no secrets of this house.")
    found = {}
    with tarfile.open(fileobj=io.BytesIO(vault.get(names[-1], key))) as bundle:
        for member in bundle:
            file = bundle.extractfile(member)
            if file is None or Path(member.name).name != member.name:
                raise Broken(f"{names[-1]} holds something that is no file: {member.name}")
            found[member.name] = file.read()
    return found


def restore_secrets(found: dict[str, bytes], folder: Path, mode: int) -> None:
    """Write the secrets into an empty folder."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for name, content in found.items():
        file = folder / name
        file.touch(mode=mode)
        file.write_bytes(content)
        file.chmod(mode)


def restore_heads(vault: Vault, key: Identity, folder: Path, until: datetime | None) -> None:
    """Write the heads into an empty folder; those signed after `until`, of what was not restored, into a folder there."""
    folder.mkdir(exist_ok=True, mode=0o700)
    for name in vault.names("heads"):
        month = f"{name.removeprefix('heads/')}.jsonl"
        lines = vault.get(name, key).splitlines(keepends=True)
        later = [line for line in lines if until is not None and _at(line) > until]
        (folder / month).write_bytes(b"".join(line for line in lines if line not in later))
        if later:
            (folder / "later-than-restored").mkdir(exist_ok=True, mode=0o700)
            (folder / "later-than-restored" / month).write_bytes(b"".join(later))


def _at(line: bytes) -> datetime:
    try:
        return datetime.fromisoformat(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return datetime.min.replace(tzinfo=UTC)  # whoever verifies the trace says that it cannot be read
