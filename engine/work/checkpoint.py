"""Checkpoint files as the engine sees them: which pages of an interrupted batch are safe.

A conversion process writes one JSON line a page, how the page came out first and what it says after that, and renames
the file when the batch is done. Pages stand in the order they were finished in. Whatever ended the process, the whole
lines of an unfinished file are finished pages.
"""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from engine.base.beneath import open_beneath
from engine.base.disk import fsync_path, fsync_tree
from engine.base.safetext import display_text
from engine.job.job import Checkpoint, PageResult, PageState
from engine.sandbox.protocol import PARTS

log = logging.getLogger(__name__)


def salvage(folder: Path, batch: Checkpoint) -> tuple[Checkpoint, list[PageResult]] | None:
    """Make a checkpoint of the pages that an interrupted batch had finished; returns it with them, durable.

    It is named by the first and the last of them; some in between may be missing, where pages were converted at once.
    `folder` is the job's `pages` folder. The pages of an unreadable file are lost and will be converted again.
    """
    part = folder / batch.part
    try:
        with _opened(part) as stream:
            finished = list(_results(stream, batch))
            os.fsync(stream.fileno())
        if not finished:
            part.unlink()
            return None
        pages = [result.page for result in finished]
        safe = Checkpoint(min(pages), max(pages))
        for made in ("out", PARTS):  # the pictures of these pages, and what they leave to the merge
            fsync_tree(folder.parent / made)
        part.rename(folder / safe.file)
        fsync_path(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s: its pages will be converted again: %s", part, error)
        return None
    return safe, finished


def finished_batch(folder: Path, batch: Checkpoint) -> tuple[Checkpoint, list[PageResult]] | None:
    """The pages of a batch whose file has its final name already, durable; None if it has not, or lacks some."""
    file = folder / batch.file
    try:
        with _opened(file) as stream:
            finished = list(_results(stream, batch))
        fsync_path(folder)
    except OSError:
        return None
    return (batch, finished) if len(finished) == batch.last - batch.first + 1 else None


def salvage_all(folder: Path, recorded: list[Checkpoint]) -> Iterator[tuple[Checkpoint, list[PageResult]]]:
    """Find what an earlier engine has left unrecorded: interrupted batches, and finished ones it died too soon for."""
    for file in sorted(folder.glob("*.jsonl*")):
        name, _, ending = file.name.partition(".")
        numbers = name.split("-")
        if len(numbers) != 2 or not all(n.isdecimal() for n in numbers):
            continue
        batch = Checkpoint(int(numbers[0]), int(numbers[1]))
        if ending == "jsonl.part":
            found = salvage(folder, batch)
        elif batch not in recorded:
            try:
                with _opened(file) as stream:
                    found = batch, list(_results(stream, batch))
            except OSError as error:
                log.warning("%s: its pages will be converted again: %s", file, error)
                continue
        else:
            continue
        if found is not None and found[1]:
            yield found


def has_progress(folder: Path) -> bool:
    """Whether an interrupted batch has left finished pages."""
    return any(part.stat().st_size for part in folder.glob("*.jsonl.part"))


def _opened(file: Path) -> IO[bytes]:
    """To read and to cut; raises `OSError`, also for what is no file, or for where a link leads to."""
    return os.fdopen(open_beneath(file.parents[1], f"{file.parent.name}/{file.name}", os.O_RDWR), "r+b")


def _results(stream: IO[bytes], batch: Checkpoint) -> Iterator[PageResult]:
    """The pages of the file's whole lines, each of the batch and there once; what follows them is cut off."""
    end = 0
    missing = set(range(batch.first, batch.last + 1))
    while missing:
        line = stream.readline()
        result = _result(line) if line.endswith(b"\n") else None
        if result is None or result.page not in missing:
            break
        missing.remove(result.page)
        end += len(line)
        yield result
    stream.truncate(end)


def _result(line: bytes) -> PageResult | None:
    try:
        entry = json.loads(line.decode("utf-8", "surrogatepass"))
        error = entry["error"]
        return PageResult(
            int(entry["page"]),
            PageState(entry["state"]),
            float(entry["seconds"]),
            display_text(str(entry["via"])),
            None if error is None else display_text(str(error)),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
