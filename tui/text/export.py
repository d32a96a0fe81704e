"""The list of jobs as CSV or JSON, written piece by piece."""

import csv
import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO

from engine.base.safetext import display_name, display_text
from engine.job.snapshot import JobSnapshot

_FIELDS = (
    "id",
    "conversion_id",
    "source",
    "state",
    "priority",
    "pages",
    "pages_done",
    "pages_failed",
    "seconds",
    "output",
    "reason",
)
_FORMULA_STARTS = ("=", "+", "-", "@")
Row = dict[str, str | int | float | None]


class ExportFormat(StrEnum):
    """A kind of file."""

    CSV = "csv"
    JSON = "json"


class Exporter:
    """Writes to a new file in a folder; use as a context, and give it rows with `write`."""

    def __init__(self, folder: Path, stem: str, kind: ExportFormat) -> None:
        self.file = folder / f"{stem}.{kind}"
        self._kind = kind
        self._stream: IO[str] = self.file.open("x", encoding="utf-8", newline="")
        self._count = 0
        if kind is ExportFormat.CSV:
            csv.DictWriter(self._stream, _FIELDS).writeheader()
        else:
            self._stream.write("[")

    def write(self, entries: Sequence[JobSnapshot]) -> None:
        """Add jobs."""
        rows = [_row(entry) for entry in entries]
        if self._kind is ExportFormat.CSV:
            csv.DictWriter(self._stream, _FIELDS).writerows(
                {name: _harmless(value) for name, value in row.items()} for row in rows
            )
        else:
            for row in rows:
                self._stream.write((",\n" if self._count else "\n") + json.dumps(row, ensure_ascii=False))
                self._count += 1

    def close(self) -> None:
        """Finish the file."""
        if self._kind is ExportFormat.JSON:
            self._stream.write("\n]\n")
        self._stream.close()


def _row(entry: JobSnapshot) -> Row:
    job = entry.job
    return {
        "id": job.id,
        "conversion_id": job.conversion_id,
        "source": display_name(job.source.file),
        "state": str(job.state),
        "priority": job.priority,
        "pages": job.pages,
        "pages_done": entry.pages_done,
        "pages_failed": entry.pages_failed,
        "seconds": None if job.seconds is None else round(job.seconds, 3),
        "output": display_name(job.output) if job.output else None,
        "reason": display_text(job.reason) if job.reason else None,
    }


def _harmless(value: str | float | None) -> str | float | None:
    """A text that a spreadsheet would run as a formula, kept from that by an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
