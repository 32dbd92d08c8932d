"""One export in a process of its own, as a worker does it: `python -m tests.bench.exporting FORMAT KEY` prints what it took."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from sqlmodel import Session


def main() -> None:
    """Ask for everything, do it, and print cases, seconds and the most memory in MB."""
    from services.review.bulk import jobs
    from services.review.finding.finding import Filter
    from services.review.tasks import engine, work_on_jobs
    from shared.identity.callers import Callers

    form, key = sys.argv[1:]
    with Session(engine) as session:
        caller = Callers().by_key(session, key)
        if caller is None:
            raise LookupError("the benchmark's own key is unknown")
        job_id = jobs.ask_export(session, caller, form, Filter()).id
        session.commit()
    started = time.perf_counter()
    while work_on_jobs():
        pass
    seconds = time.perf_counter() - started
    with Session(engine) as session:
        job = jobs.shown(session, caller, job_id)
        size = sum(file.size for file in jobs.files(session, job))
        told = {"state": job.state, "cases": job.done, "bytes": size}
    # not getrusage, whose maximum begins with that of the process that started this one
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({**told, "seconds": seconds, "peak_mb": peak}))  # noqa: T201


if __name__ == "__main__":
    main()
