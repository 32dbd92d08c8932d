"""Public data that forms are filled in from."""

from __future__ import annotations

from datetime import date

from sqlmodel import Field

from services.intake.models.records import IntakeRecord


class Municipality(IntakeRecord, table=True):
    """A municipality, as 日本郵便's file of postal codes names it."""

    __tablename__ = "municipality"

    code: str = Field(primary_key=True, description="全国地方公共団体コード, six digits")
    prefecture: str = Field(index=True, description="JIS X 0401")
    name: str
    kana: str


class Place(IntakeRecord, table=True):
    """A town with its postal code. `town` is empty where the code stands for the rest of the municipality."""

    __tablename__ = "place"

    postal_code: str = Field(primary_key=True)
    municipality: str = Field(primary_key=True, foreign_key="intake.municipality.code", index=True)
    town: str = Field(primary_key=True)


class Corporation(IntakeRecord, table=True):
    """A corporation of the 国税庁's register, as far as forms fill it in."""

    __tablename__ = "corporation"

    number: str = Field(primary_key=True)
    name: str
    prefecture: str = Field(description="JIS X 0401; empty outside Japan")
    address: str
    postal_code: str
    closed_on: date | None = None
    updated_on: date
