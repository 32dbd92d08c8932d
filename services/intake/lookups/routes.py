"""Lookups over HTTP: public data, by exact keys, so that an integrator's form can do what ours does."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake.lookups import lookups
from shared.buckets import Buckets
from shared.japanese import PREFECTURES
from shared.problems import NotFound, TooMany
from shared.web.callers import Transaction
from shared.web.problems import described


class MunicipalityOut(BaseModel):
    """A municipality."""

    code: str = Field(description="全国地方公共団体コード, six digits")
    prefecture: str = Field(description="JIS X 0401")
    name: str
    kana: str


class AddressOut(BaseModel):
    """One of the places that a postal code stands for."""

    prefecture: str = Field(description="JIS X 0401")
    prefecture_name: str
    municipality: str = Field(description="全国地方公共団体コード, six digits")
    address: str = Field(description="city and town, as they follow the prefecture")


class CorporationOut(BaseModel):
    """A corporation as the register has it."""

    number: str
    name: str
    prefecture: str = Field(description="JIS X 0401; empty outside Japan")
    address: str
    postal_code: str
    closed_on: date | None = Field(description="when the registration was closed")
    updated_on: date


async def _slowly(request: Request) -> None:
    """Raises TooMany for an address that asks too fast."""
    buckets: Buckets | None = request.app.state.lookup_buckets
    if buckets is not None and request.client and (wait := buckets.take(request.client.host.encode())):
        raise TooMany("Ask more slowly", retry_after=math.ceil(wait))


def _for_a_day(response: Response) -> None:
    response.headers["cache-control"] = "public, max-age=86400"


router = APIRouter(prefix="/v1/lookups", tags=["lookups"], dependencies=[Depends(_slowly)])


@router.get("/postal-codes/{code}", response_model=list[AddressOut], responses=described(404, 422, 429))
def show_addresses(code: Annotated[str, Path(pattern="^[0-9]{7}$")], session: Transaction, response: Response) -> Any:
    """The places of a postal code (seven digits, without a hyphen)."""
    found = lookups.addresses(session, code)
    if not found:
        raise NotFound("No place is known to have the postal code {code}", code=code)
    _for_a_day(response)
    return [
        {
            "prefecture": one.prefecture,
            "prefecture_name": PREFECTURES[one.prefecture],
            "municipality": one.municipality,
            "address": one.address,
        }
        for one in found
    ]


@router.get("/municipalities", response_model=list[MunicipalityOut], responses=described(422, 429))
def list_municipalities(
    prefecture: Annotated[str, Query(pattern="^[0-9]{2}$", description="JIS X 0401")], session: Transaction, response: Response
) -> Any:
    """The municipalities of a prefecture."""
    _for_a_day(response)
    return lookups.municipalities(session, prefecture)


@router.get("/municipalities/{code}", response_model=MunicipalityOut, responses=described(404, 422, 429))
def show_municipality(code: Annotated[str, Path(pattern="^[0-9]{5,6}$")], session: Transaction, response: Response) -> Any:
    """A municipality by its code of six digits, or of five without the check digit."""
    found = lookups.municipality(session, code)
    if found is None:
        raise NotFound("No municipality is known to have the code {code}", code=code)
    _for_a_day(response)
    return found


@router.get("/corporations/{number}", response_model=CorporationOut, responses=described(404, 422, 429))
def show_corporation(number: Annotated[str, Path(pattern="^[0-9]{13}$")], session: Transaction, response: Response) -> Any:
    """A corporation by its corporate number (法人番号)."""
    found = lookups.corporation(session, number)
    if found is None:
        raise NotFound("No corporation is known to have the number {number}", number=number)
    _for_a_day(response)
    return found
