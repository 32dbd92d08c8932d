"""Every link that somebody finds on his pages leads somewhere."""

from __future__ import annotations

import re
from collections import Counter, deque
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from tests.browser.conftest import APPLICANT, OFFICIAL, OPERATOR, Place
from tests.site import ONE_STAGE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
_HREF = re.compile(r'(?:href|src)="([^"#]+)')
_OF_A_KIND = 3  # pages whose addresses differ by ids and parameters only
_NOT_FOLLOWED = re.compile(r"lang=|receipt\.pdf|/sign-out|/sign-in/with/")


def _kind(url: str) -> str:
    return re.sub(r"=[^&]*", "=", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", url))


@pytest.mark.parametrize("person", ["", APPLICANT, OFFICIAL, OPERATOR])
def test_no_link_of_a_page_is_broken(place: Place, browser: Browser, person: str) -> None:
    place.file("denki-yohin-todokede")
    place.file(ONE_STAGE)
    context = browser.new_context(locale="ja-JP")
    page = context.new_page()
    if person:
        place.sign_in(page, person)
    waiting, seen, kinds = deque([(f"{place.url}/", "")]), set[str](), Counter[str]()
    broken = {}
    while waiting:
        url, found_on = waiting.popleft()
        kinds[_kind(url)] += 1
        if url in seen or kinds[_kind(url)] > _OF_A_KIND:
            continue
        seen.add(url)
        answer = context.request.get(url, headers={"accept": "text/html"})
        if answer.status >= 400:
            broken[url] = (answer.status, found_on)
        elif "text/html" in answer.headers["content-type"]:
            links = {urljoin(url, link.replace("&amp;", "&")) for link in _HREF.findall(answer.text())}
            ours = sorted(one for one in links if one.startswith(place.url) and not _NOT_FOLLOWED.search(one))
            waiting += [(one, url) for one in ours]
    context.close()
    assert not broken
    assert len(seen) > 10
