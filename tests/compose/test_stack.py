"""docker compose up, from a clean clone: what the documentation promises, and that nothing has more rights than it needs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.compose.stack import NAME, ROOT, SERVICES, Stack, commands, until
from tests.faults.people import filings, found_in, written
from tests.files.clamd import EICAR
from tests.files.samples import PDF
from tests.site import DENKI, bearer, example

pytestmark = pytest.mark.compose
FOUR_GB, FRESHCLAM = 4 * 1024**3, 128 * 1024**2
OURS = (*SERVICES, *(f"{service}-worker" for service in SERVICES), "console", "beat", "mailbox", "gateway")


@pytest.fixture
def firm(stack: Stack, people: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.base, headers=bearer(people["firm@example.com"]), timeout=30) as client:
        yield client


def test_the_session_of_the_documentation_works_through_the_gateway(stack: Stack) -> None:
    script = "\n".join(commands("operating.md", "Procedures, people, keys") + commands("operating.md", "Look after it"))
    said = stack.sh(script, within=300)
    assert '"receipt_number":"R2' in said
    assert "\nin_review\n" in said
    assert "applicant@madoguchi.example 【受付】" in said
    # No backups were set up here, and freshclam has no way out.
    assert "\nNOTE    Backups: No backup is noted here\n" in said
    assert "\nNOTE    Virus scanner: The scanner does not say how old its signatures are\n" in said
    assert "PROBLEM" not in said


def test_an_application_is_accepted_and_its_document_fetched(stack: Stack, people: dict[str, str], firm: httpx.Client) -> None:
    filed = firm.post("/v1/applications", json=example(DENKI))
    assert filed.status_code == 202, filed.text
    here = f"/v1/applications/{filed.json()['id']}"
    until(lambda: firm.get(here).json()["status"] == "in_review")
    official = bearer(people["desk@example.go.jp"])
    (case,) = httpx.get(f"{stack.base}/v1/cases?application_id={filed.json()['id']}", headers=official).json()
    decided = httpx.post(f"{stack.base}/v1/cases/{case['id']}/decision", json={"decision": "accept"}, headers=official)
    assert decided.status_code == 200, decided.text
    (document,) = until(lambda: firm.get(f"{here}/documents").json())
    assert firm.get(f"{here}/documents/{document['id']}").content.startswith(b"%PDF-")


def test_a_virus_is_refused_by_clamd_and_a_clean_file_handed_out(firm: httpx.Client) -> None:
    def sent(name: str, content: bytes) -> str:
        answer = firm.post("/v1/attachments", content=content, headers={"content-disposition": f"attachment; filename={name}"})
        assert answer.status_code == 201, answer.text
        return f"/v1/attachments/{answer.json()['id']}"

    good, bad = sent("plan.pdf", PDF), sent("plain.txt", EICAR)
    until(lambda: [firm.get(one).json()["state"] for one in (good, bad)] == ["clean", "infected"])
    assert firm.get(f"{good}/content").content == PDF
    assert firm.get(f"{bad}/content").status_code == 409


def test_everything_runs_without_root_capabilities_or_a_root_file_system_to_write(stack: Stack) -> None:
    found = stack.inspected()
    assert {*OURS, "postgres", "redis", "clamd", "migrate"} == set(found)
    for service, one in found.items():
        host = one["HostConfig"]
        assert one["Config"]["User"] not in {"", "0", "root", "0:0"}, service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert not host["CapAdd"], service
        assert not host["Privileged"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
    always = set(found) - {"migrate", "mailbox"}
    assert sum(found[service]["HostConfig"]["Memory"] for service in always) + FRESHCLAM <= FOUR_GB


def test_only_the_gateway_and_the_mailbox_can_be_reached_from_this_machine(stack: Stack) -> None:
    published = {name for name, one in stack.inspected().items() if any(one["NetworkSettings"]["Ports"].values())}
    assert published == {"gateway", "mailbox"}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_its_own_service_alone_and_no_tools_to_build(stack: Stack, service: str) -> None:
    look = "ls /app /app/services; for one in gcc make pip pip3 uv git curl; do command -v $one; done; python -m pip --version"
    done = subprocess.run(
        ["docker", "run", "--rm", f"{NAME}-{service}", "sh", "-c", look], capture_output=True, text=True, check=False
    )
    assert stack.base
    assert done.stdout.split() == ["/app:", "services", "shared", "/app/services:", "__init__.py", service]
    assert "No module named pip" in done.stderr


def test_a_bill_of_materials_is_in_each_image(stack: Stack) -> None:
    for image in (*SERVICES, "gateway"):
        bill = stack.docker("run", "--rm", "--entrypoint", "cat", f"{NAME}-{image}", "/sbom.cdx.json")
        assert '"bomFormat": "CycloneDX"' in bill
        assert "pkg:deb/debian/" in bill
        assert ("pkg:pypi/celery@" in bill) is (image != "gateway")


def test_while_a_service_is_away_the_gateway_says_when_to_ask_again(stack: Stack) -> None:
    stack.docker("compose", "stop", "opendata")
    try:
        away = httpx.get(f"{stack.base}/v1/statistics/procedures", timeout=20)
        page = httpx.get(f"{stack.base}/data", headers={"accept": "text/html"}, timeout=20)
        assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
        assert away.headers["retry-after"] == page.headers["retry-after"] == "5"
        assert "しばらくお待ちください" in page.text
        assert httpx.get(stack.base).status_code == 200
        logged = stack.docker("compose", "logs", "gateway")
        assert '"status":503' in logged
        assert "/v1/statistics" not in logged  # an address may be a secret, or tell what somebody looks for
    finally:
        stack.docker("compose", "start", "opendata")
    until(lambda: httpx.get(f"{stack.base}/v1/statistics/procedures").status_code == 200)


def test_no_log_of_any_container_holds_what_was_filed(stack: Stack) -> None:
    logged = stack.docker("compose", "logs").encode()
    assert b'"message":"delivered"' in logged
    assert not found_in(logged, written([one["answers"] for one in filings()]))


@pytest.mark.parametrize("override", sorted(path.name for path in (ROOT / "deploy" / "compose").glob("*.yaml")))
def test_an_override_goes_with_compose_yaml(stack: Stack, override: str) -> None:
    stack.docker("compose", "-f", "compose.yaml", "-f", f"deploy/compose/{override}", "config", "--quiet")
