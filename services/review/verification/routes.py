"""Verification over HTTP, for everybody."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.review.models.document import State
from services.review.verification import verification
from shared.buckets import Buckets
from shared.i18n import negotiate
from shared.problems import TooMany
from shared.web.callers import Transaction
from shared.web.problems import described


async def slowly(request: Request) -> None:
    """Raises TooMany for an address that asks too fast."""
    buckets: Buckets | None = request.app.state.verification_buckets
    if buckets is not None and request.client and (wait := buckets.take(request.client.host.encode())):
        raise TooMany("Ask more slowly", retry_after=math.ceil(wait))


def unseen(response: Response) -> Response:
    """An answer that search engines leave out and nobody keeps: whether a document is in force changes."""
    response.headers["x-robots-tag"] = "noindex, nofollow"
    response.headers["cache-control"] = "no-store"
    return response


router = APIRouter(prefix="/v1/verifications", tags=["verification"], dependencies=[Depends(slowly)])


class VerificationOut(BaseModel):
    """A document that was issued, as far as everybody may know."""

    code: str
    number: str
    title: str = Field(description="which kind of document it is")
    office: str
    issued_at: datetime
    state: State
    ended_at: datetime | None = Field(description="since when it is replaced or revoked")
    sha256: str = Field(description="of the bytes that were issued, in hexadecimal")
    same: bool | None = Field(description="whether the `sha256` you asked about is that of the document")


@router.get("/{code}", response_model=VerificationOut, responses=described(404, 422, 429))
def verify(
    code: str,
    request: Request,
    response: Response,
    session: Transaction,
    sha256: Annotated[str | None, Query(max_length=200, description="of the file you have")] = None,
) -> Any:
    """The document with the code that stands in it, and whether a file with this hash is the very one. Asks for no key."""
    unseen(response)
    found = verification.by_code(session, code, negotiate(request.headers.get("accept-language")))
    same = verification.read_sha256(sha256) == found.sha256 if sha256 else None
    return {**asdict(found), "same": same}
