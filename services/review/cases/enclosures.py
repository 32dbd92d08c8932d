"""The files of a case. They lie in the storage that all services share, and a case says which are its own (docs/adr/0011)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from shared.problems import NotFound
from shared.procedure.kinds.files import attached, is_reference
from shared.procedure.model import Procedure


def named(contents: Iterable[Mapping[str, Any]], procedure: Procedure, attachment_id: UUID) -> dict[str, Any]:
    """What a case says of one of its files, in its contents of today or before. Raises NotFound."""
    for answers in contents:
        for _, one in attached(procedure.fields(), answers):
            if is_reference(one) and one["id"] == str(attachment_id):
                return one
    raise NotFound("This case has no attachment with the id {id}", id=attachment_id)
