"""What is made of a provider's claims, and which providers settings may name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from services.intake.drafts.carrying import prefilled
from shared.identity import accounts
from shared.identity.callers import Callers
from shared.identity.federation import sign_in
from shared.identity.providers import Provider, UnusableClaims, read_claims
from shared.problems import Conflict, Forbidden, Invalid
from shared.procedure.files import read
from tests.site import PROCEDURES, Site

GROUPS = {"kinki": {"role": "reviewer", "group": "kinki-bureau"}, "kanto": {"role": "reviewer", "group": "kanto-bureau"},
          "admins": {"role": "operator"}}  # fmt: skip
STAFF = {"sub": "o1", "email": "Official@example.go.jp", "name": "審査 一郎", "groups": ["kinki"]}
PRIME = {"sub": "p1", "account_type": "2", "corp_type": "1", "corporate_number": "1180301018771", "name": "窓口自動車",
         "email": "prime@example.com", "prefecture_name": "27", "address1": "大阪市中央区", "address2": "1-1"}  # fmt: skip


def a_provider(folder: Path, **changes: Any) -> Provider:
    secret = folder / "secret"
    secret.write_text("s" * 40, encoding="utf-8")
    said = {"id": "staff", "title": "職員", "issuer": "https://id.example", "client_id": "m", "secret_file": secret,
            "rules": "staff", "groups": GROUPS}  # fmt: skip
    return Provider.model_validate(said | changes)


def signed_in(site: Site, provider: Provider, claims: dict[str, Any]) -> str:
    with site.session("intake") as session:
        cookie = sign_in(session, provider, read_claims(provider, claims), None)
        session.commit()
    return cookie


def test_a_staff_members_groups_are_those_of_the_last_sign_in(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path)
    signed_in(clean, provider, STAFF)
    signed_in(clean, provider, STAFF | {"groups": ["kanto", "unknown"]})
    assert clean.rows('select email, "group" from identity.official') == [
        {"email": "official@example.go.jp", "group": "kanto-bureau"}
    ]


@pytest.mark.parametrize("groups", [[], ["unknown"], "admins", None, [7, {}]])
def test_staff_without_a_known_group_have_no_access(tmp_path: Path, groups: Any) -> None:
    with pytest.raises(UnusableClaims):
        read_claims(a_provider(tmp_path), STAFF | {"groups": groups})


def test_an_address_that_the_provider_did_not_verify_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnusableClaims):
        read_claims(a_provider(tmp_path), STAFF | {"email_verified": False})


def test_a_changed_role_is_for_the_operator_to_look_at(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path)
    signed_in(clean, provider, STAFF)
    with pytest.raises(Conflict):
        signed_in(clean, provider, STAFF | {"groups": ["admins"]})


def test_a_closed_account_stays_closed(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path)
    signed_in(clean, provider, STAFF)
    clean.run("update identity.account set disabled_at = now()")
    with pytest.raises(Forbidden):
        signed_in(clean, provider, STAFF)


def test_the_same_sub_of_another_issuer_is_somebody_else(clean: Site, tmp_path: Path) -> None:
    signed_in(clean, a_provider(tmp_path), STAFF)
    with pytest.raises(Conflict):
        signed_in(clean, a_provider(tmp_path, issuer="https://evil.example"), STAFF)


def test_a_draft_begins_with_what_the_sign_in_told(clean: Site, tmp_path: Path) -> None:
    cookie = signed_in(clean, a_provider(tmp_path, id="gbizid", rules="gbizid"), PRIME)
    with clean.session("intake") as session:
        caller = Callers().by_cookie(session, cookie)
    assert caller is not None
    answers = prefilled(read(PROCEDURES / "denki-yohin-todokede.yaml"), caller)
    assert answers["address"] == {"prefecture": "27", "address": "大阪市中央区1-1"}


@pytest.mark.parametrize(
    "wrong",
    [{"issuer": "http://id.example"}, {"id": "../x"}, {"rules": "other"}, {"secret_file": "/nowhere"}, {"more": 1}],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_provider(tmp_path, **wrong)


NUMBER = PRIME["corporate_number"]
ENTRY = PRIME | {"account_type": "1"}


def the_organisation(site: Site) -> dict[str, Any]:
    (found,) = site.rows(
        """select o.verified, o.corporate_number, a.rights from identity.account a
        join identity.organisation o on o.id = a.organisation_id where a.id = :id""",
        id=site.account("prime@example.com").id,
    )
    return found


def verify(site: Site, number: str | None) -> bool:
    with Session(site.operator) as session:
        moved = accounts.verify(session, "prime@example.com", number)[1]
        session.commit()
    return moved


def test_an_entry_account_that_became_a_prime_signs_in_once_an_operator_has_looked(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path, id="gbizid", rules="gbizid")
    signed_in(clean, provider, ENTRY)
    assert the_organisation(clean) == {"verified": False, "corporate_number": None, "rights": "owner"}
    with pytest.raises(Conflict):
        signed_in(clean, provider, PRIME)
    assert verify(clean, NUMBER) is False
    signed_in(clean, provider, PRIME)
    assert the_organisation(clean) == {"verified": True, "corporate_number": NUMBER, "rights": "owner"}
    assert clean.value("select count(*) from identity.organisation") == 1, "it keeps its organisation, and what that has filed"


def test_where_the_organisation_is_here_already_the_account_moves_there(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path, id="gbizid", rules="gbizid")
    signed_in(clean, provider, ENTRY)
    clean.an_applicant("first@example.com", name="窓口自動車")
    clean.run("update identity.organisation set corporate_number = :n where verified", n=NUMBER)
    assert verify(clean, NUMBER) is True
    assert the_organisation(clean)["rights"] == "file", "it has an owner"
    signed_in(clean, provider, PRIME)
    assert the_organisation(clean) == {"verified": True, "corporate_number": NUMBER, "rights": "owner"}


def test_a_sole_proprietor_who_became_a_prime_is_verified_by_signing_in(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path, id="gbizid", rules="gbizid")
    signed_in(clean, provider, ENTRY | {"corp_type": "2"})
    assert the_organisation(clean)["verified"] is False
    signed_in(clean, provider, PRIME | {"corp_type": "2"})
    assert the_organisation(clean) == {"verified": True, "corporate_number": None, "rights": "owner"}


def test_an_operator_verifies_no_wrong_number_and_changes_none(clean: Site, tmp_path: Path) -> None:
    signed_in(clean, a_provider(tmp_path, id="gbizid", rules="gbizid"), ENTRY)
    with pytest.raises(Invalid):
        verify(clean, "1180301018770")
    assert the_organisation(clean)["verified"] is False
    assert verify(clean, None) is False
    assert the_organisation(clean)["verified"] is True
    verify(clean, NUMBER)
    with pytest.raises(Conflict):
        verify(clean, "5010401067252")


def duties_of(site: Site) -> set[tuple[str, str, str]]:
    rows = site.rows('select "group", procedure, role from identity.duty_of')
    return {(row["group"], row["procedure"], row["role"]) for row in rows}


def test_a_group_claim_may_carry_a_duty_and_what_is_not_claimed_any_more_ends(clean: Site, tmp_path: Path) -> None:
    provider = a_provider(tmp_path)
    claimed = ["kinki", "kinki/approver", "kanto/manager/koen-meigi", "admins/approver", "unknown/approver", "kinki/No such"]
    assert read_claims(provider, STAFF | {"groups": claimed}).role == "operator"  # who is among the admins, whatever else he is
    claimed.remove("admins/approver")
    signed_in(clean, provider, STAFF | {"groups": claimed})
    assert duties_of(clean) == {
        ("kinki-bureau", "*", "examiner"),
        ("kinki-bureau", "*", "approver"),
        ("kanto-bureau", "koen-meigi", "manager"),
    }
    signed_in(clean, provider, STAFF | {"groups": ["kinki/approver"]})
    assert duties_of(clean) == {("kinki-bureau", "*", "approver")}


def test_the_settings_say_what_the_members_of_a_group_may_do(clean: Site, tmp_path: Path) -> None:
    groups = {"kinki": {"role": "reviewer", "group": "kinki-bureau", "duties": ["examiner", "approver"]}}
    signed_in(clean, a_provider(tmp_path, groups=groups), STAFF)
    assert duties_of(clean) == {("kinki-bureau", "*", "examiner"), ("kinki-bureau", "*", "approver")}
    with pytest.raises(ValidationError):
        a_provider(tmp_path, groups={"kinki": {"role": "reviewer", "group": "kinki-bureau", "duties": ["Boss!"]}})
