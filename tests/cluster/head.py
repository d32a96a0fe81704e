"""A head as a program that can be killed: `python -m tests.cluster.head FOLDER STATE FILE...`.

Says `at work` whenever nodes have made pages, and in the end, as JSON, what has come of each file. Goes on where an
earlier one has ended.
"""

import json
import os
import sys
import time
from pathlib import Path

from engine.cluster.clusterbackend import ClusterBackend
from engine.facade.engine import Engine
from engine.job.job import Job
from engine.sandbox.backend import Workplace
from tests.backends import local_backend
from tests.cluster.outcome import PATIENCE_S, outputs, pages_of, settings
from tests.cluster.real import ready
from tests.waiting import wait_until


def file_of(job: Job) -> str:
    """The name of its file."""
    return Path(os.fsdecode(job.source.path)).name


def main() -> None:
    folder, state, *files = map(Path, sys.argv[1:])
    made: list[ClusterBackend] = []

    def make(workplace: Workplace) -> ClusterBackend:
        made.append(ClusterBackend(workplace, local=local_backend(workplace)))
        return made[-1]

    with Engine(settings(folder, state=state), watch=False, backend=make) as engine:
        (backend,) = made
        backend.set_places(0)
        wait_until(lambda: ready(backend), "a node", PATIENCE_S)
        known = {file_of(snapshot.job) for snapshot in engine.snapshot().changed}
        for file in files:
            if file.name not in known:
                engine.submit(file)
        ends, before = time.monotonic() + 2 * PATIENCE_S, 0
        while not engine.wait_until_idle(0.2):
            assert time.monotonic() < ends
            made_pages = sum(node.pages for node in backend.nodes())
            if made_pages != before:
                before = made_pages
                print("at work", flush=True)
        jobs = [snapshot.job for snapshot in engine.snapshot().changed]
        found = {
            file_of(job): {"state": job.state, "pages": pages_of(engine, job), "made": outputs(job)} for job in jobs
        }
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
