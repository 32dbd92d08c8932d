"""Many mails to an SMTP server that drops, refuses and dawdles: each ends, none is sent twice, the dropped are unknown."""

from __future__ import annotations

from pathlib import Path

from tests.notify.mass import UNDER_WAY, check, write
from tests.notify.parts import make_due, sender_to
from tests.notify.rough import rough_server
from tests.site import Site


def test_of_many_mails_each_ends_as_its_server_behaves_and_none_twice(clean: Site, tmp_path: Path) -> None:
    write(clean, 200)
    with rough_server(tmp_path) as rough, sender_to(rough.url, connections=8) as sender:
        while clean.value(UNDER_WAY):
            while sender.turn():
                pass
            sender.settle()
            make_due(clean)
        check(clean, rough, 200)
    tries = clean.rows("select outcome, count(*) as n from notify.attempt group by 1 order by 1")
    assert tries == [{"outcome": "deferred", "n": 20}, {"outcome": "sent", "n": 190}, {"outcome": "unknown", "n": 10}]
