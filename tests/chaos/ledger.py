"""What the queue's database says, read while no engine has it, and that no finished page is converted again."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.counts import Broken

FINAL = ("done", "partial", "failed", "cancelled")
PUBLISHED = ("done", "partial")
_JOBS = "SELECT id, conversion_id, root, path, size, mtime_ns, inode, state, reason FROM jobs ORDER BY id"


@dataclass(frozen=True, slots=True)
class Row:
    """A job."""

    id: int
    conversion_id: str
    root: bytes
    path: bytes
    size: int
    mtime_ns: int
    inode: int
    state: str
    reason: str | None
    ends: tuple[str, ...] = ()
    """The final states that it has been in, in order; a retry begins it anew."""

    @property
    def file(self) -> Path:
        """Its source."""
        return Path(os.fsdecode(self.root), os.fsdecode(self.path))

    def is_of(self, status: os.stat_result) -> bool:
        """Whether its source is the file with this status."""
        return (self.size, self.mtime_ns, self.inode) == (status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(slots=True)
class _Known:
    """The finished pages of one go at a job: from when it is queued to when it ends."""

    run: str
    seconds: dict[int, float] = field(default_factory=dict)


class Ledger:
    """Reads the database again and again, and remembers what was finished."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.rows: dict[int, Row] = {}
        self._finished: dict[tuple[int, int], _Known] = {}

    def read(self) -> None:
        """Read everything; raises `Broken` if what was finished is not finished any more."""
        if not (self._state / "jobs.sqlite3").exists():
            return
        with self._opened() as db:
            ends: dict[int, list[str]] = {}
            for job_id, state in db.execute("SELECT job_id, state FROM transitions ORDER BY rowid"):
                if state in FINAL:
                    ends.setdefault(job_id, []).append(state)
            before = self.rows
            self.rows = {row[0]: Row(*row, tuple(ends.get(row[0], ()))) for row in db.execute(_JOBS)}
            if gone := before.keys() - self.rows.keys():
                raise Broken("lost", f"the queue knows nothing of jobs that it had: {sorted(gone)}")
            pages = db.execute("SELECT job_id, page, seconds FROM pages WHERE state = 'ok'").fetchall()
        recorded: dict[int, dict[int, float]] = {}
        for job_id, page, seconds in pages:
            recorded.setdefault(job_id, {})[page] = seconds
        for row in self.rows.values():
            if row.state not in PUBLISHED:
                self._compare(row, recorded.get(row.id, {}))

    def check_published(self, manifests: list[dict[str, Any]]) -> None:
        """See that finished pages are in the results as they were finished."""
        by_conversion = {row.conversion_id: row for row in self.rows.values()}
        for manifest in manifests:
            row = by_conversion.get(manifest["conversion_id"])
            published = [number for number, end in enumerate(row.ends) if end in PUBLISHED] if row else []
            known = self._finished.get((row.id, published[-1])) if row and published else None
            if row is None or known is None:
                continue
            if known.run != manifest["run"]:
                raise Broken("redone", f"job {row.id} ({row.file}) was begun anew though pages of it were finished")
            now = {page["page"]: page["seconds"] for page in manifest["pages"]}
            for page, seconds in known.seconds.items():
                if now.get(page) != round(seconds, 4):
                    raise Broken("redone", f"page {page} of job {row.id} ({row.file}): {seconds} s, then {now[page]} s")

    def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        counted: dict[str, int] = {}
        for row in self.rows.values():
            counted[row.state] = counted.get(row.state, 0) + 1
        return counted

    def _compare(self, row: Row, recorded: dict[int, float]) -> None:
        # A job that was given up keeps its pages for a retry; what is kept of one that was replaced is deleted.
        go = len(row.ends) - (row.state in FINAL)
        known = self._finished.get((row.id, go))
        if known is not None and row.state not in FINAL and not known.seconds.items() <= recorded.items():
            raise Broken("redone", f"job {row.id} ({row.file}) had {known.seconds}, and has {recorded}")
        if recorded and row.state not in FINAL:
            self._finished[row.id, go] = _Known(self._run(row.id), recorded)

    def _run(self, job_id: int) -> str:
        try:
            return (self._state / "jobs" / str(job_id) / "run").read_text()
        except FileNotFoundError:
            raise Broken("lost", f"job {job_id} has finished pages and no folder") from None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self._state / 'jobs.sqlite3'}?mode=ro", uri=True)) as db:
            yield db
