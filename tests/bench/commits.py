"""The references of accepting: the same rows, one application a commit. No HTTP, no checks, no batches.

One prepared statement on many connections, sent twice: by Python's driver, a thread a connection in two processes (what a
program in our language can reach), and by PostgreSQL's own pgbench (what the database can do when the client costs nothing).

`python -m tests.bench.commits URL CONNECTIONS SECONDS` is one of the processes of the first.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from deploy.one.binaries import postgres_programs
from tests.bench.sample import ACCEPTED, body

PROCESSES = 2

_SCRIPT = """
with application as (
  insert into intake.application (id, organisation_id, account_id, procedure_id, procedure_version, applicant, contact, answers,
                                  state, version, receipt_number, filed_at, idempotency_key, digest)
  values (gen_random_uuid(), '{organisation}', '{organisation}', '{procedure}', 1,
          '{{"organisation_id": "{organisation}", "name": "株式会社窓口電機", "corporate_number": null}}',
          '{{"name": "窓口 花子", "email": "applicant@example.com", "language": "ja"}}', '{answers}',
          'filed', 1, 'B' || nextval('intake.receipt_number_seq'), now(), gen_random_uuid(), sha256('filing'))
  returning id, receipt_number
), event as (
  insert into bus.event (id, type, source, subject, sequence, data)
  select gen_random_uuid(), 'application.filed.v1', 'intake', id, 1,
         json_build_object('receipt_number', receipt_number, 'procedure', json_build_object('id', '{procedure}', 'version', 1))
  from application returning id, source, subject, sequence
)
insert into bus.delivery (event_id, subscriber, service, source, subject, sequence, ordered)
select id, s.subscriber, s.service, source, subject, sequence, s.ordered
from event,
     (values ('intake.check_format', 'intake', true), ('opendata.count', 'opendata', false)) s (subscriber, service, ordered);
"""


def _statement() -> str:
    answers = json.dumps(json.loads(body(ACCEPTED))["answers"], ensure_ascii=False)
    script = _SCRIPT.format(organisation="00000000-0000-7000-8000-000000000000", procedure=ACCEPTED, answers=answers)
    return script.replace("\n", " ")


def by_driver(admin_url: str, connections: int, seconds: int) -> float:
    """Commits a second of psycopg."""
    url = make_url(admin_url).set(drivername="postgresql", database="madoguchi").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.bench.commits", url, str(connections // PROCESSES), str(seconds)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    return sum(int(child.communicate()[0]) for child in children) / seconds


def _commit_for(url: str, connections: int, seconds: int) -> int:
    statement = _statement().replace("%", "%%").rstrip("; ")
    done = [0] * connections
    ready = threading.Barrier(connections)

    def commit(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement, prepare=True)
            ready.wait()
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                connection.execute(statement, prepare=True)
                done[number] += 1

    threads = [threading.Thread(target=commit, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def by_pgbench(admin_url: str, connections: int, seconds: int) -> float:
    """Commits a second of pgbench."""
    url = make_url(admin_url)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "commit.sql"
        file.write_text(_statement() + "\n", encoding="utf-8")
        command = [
            str(postgres_programs() / "pgbench"),
            "-n",
            "-M",
            "prepared",
            "-c",
            str(connections),
            "-j",
            "2",
            "-T",
            str(seconds),
        ]
        target = ["-h", str(url.host), "-p", str(url.port), "-U", str(url.username), "-f", str(file), "madoguchi"]
        environment = {"PGPASSWORD": str(url.password), "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run([*command, *target], env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stderr[-2000:])
    return float(found[1])


if __name__ == "__main__":
    print(_commit_for(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))  # noqa: T201
