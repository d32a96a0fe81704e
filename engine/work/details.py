"""All about one job, put together from the queue, its manifest and its folder."""

import contextlib
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.job.job import JobState, PageResult, PageState
from engine.job.pageranges import PageNumbers
from engine.job.snapshot import MARKS, JobDetail, JobSnapshot, PageMap
from engine.publish.publisher import read_manifest
from engine.settings.statefolder import jobs_folder, logs_folder


def detail_of(
    snapshot: JobSnapshot,
    state_folder: Path,
    page_map: PageMap | None,
    recorded: Callable[[], Sequence[PageResult]],
    history: Sequence[tuple[datetime, JobState, str]],
) -> JobDetail:
    """Reads the disk. `page_map` is a running job's; `recorded` gives the pages that the queue knows of.

    Once a job is published, its manifest holds what is known about its pages.
    """
    job = snapshot.job
    manifest = read_manifest(Path(os.fsdecode(job.output))) if job.output and job.state.is_finished else None
    if manifest is not None:
        pages, warnings = pages_of(manifest), tuple(str(w) for w in manifest.get("warnings", ()))
    else:
        pages, warnings = tuple(recorded()), ()
    folder = jobs_folder(state_folder) / str(job.id)
    log_file = folder / "log.txt"
    return JobDetail(
        snapshot,
        pages,
        page_map or _map_of(job.page_numbers, pages),
        tuple(history),
        warnings,
        log_file if log_file.exists() else logs_folder(state_folder) / f"{job.id}.log",
        folder if folder.exists() else None,
    )


def pages_of(manifest: dict[str, Any]) -> tuple[PageResult, ...]:
    """How pages came out, by a manifest; none if it does not say so."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return tuple(
            PageResult(
                int(entry["page"]),
                PageState(entry["state"]),
                float(entry["seconds"]),
                str(entry.get("via", "")),
                entry.get("error"),
            )
            for entry in manifest["pages"]
        )
    return ()


def _map_of(numbers: PageNumbers | None, pages: tuple[PageResult, ...]) -> PageMap:
    if numbers is None or not all(page.page in numbers for page in pages):
        numbers = PageNumbers(tuple((page.page, page.page) for page in pages))
    marks = bytearray(len(numbers))
    for page in pages:
        marks[numbers.place(page.page) or 0] = MARKS[page.state]
    return PageMap(bytes(marks), numbers=numbers)
