"""The files of a case. They lie in the storage that all services share, and a case says which are its own (docs/adr/0011)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from shared.problems import NotFound, Unavailable
from shared.procedure.kinds.files import attached, is_reference
from shared.procedure.model import Procedure
from shared.storage import Missing, Readable, Storage, StorageError, attachment_key


def named(contents: Iterable[Mapping[str, Any]], procedure: Procedure, attachment_id: UUID) -> dict[str, Any]:
    """What a case says of one of its files, in its contents of today or before. Raises NotFound."""
    for answers in contents:
        for _, one in attached(procedure.fields(), answers):
            if is_reference(one) and one["id"] == str(attachment_id):
                return one
    raise NotFound("This case has no attachment with the id {id}", id=attachment_id)


def opened(storage: Storage, attachment_id: UUID) -> Readable:
    """A file's content. A case only names files that the format check let pass. Raises NotFound, Unavailable."""
    try:
        return storage.open(attachment_key(attachment_id))
    except Missing:
        raise NotFound("This file was taken away, as a later scan found a virus in it") from None
    except StorageError:
        raise Unavailable("This file cannot be read at this moment; try again later", retry_after=30) from None
