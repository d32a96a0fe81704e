"""Checkpoint files as the engine sees them: which pages of an interrupted batch are safe.

A conversion process writes one JSON line a page, how the page came out first and what it says after that, and renames
the file when the batch is done. Whatever ended the process, the whole lines of an unfinished file are finished pages.
"""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from engine.display import display_text
from engine.filesystem import fsync_path, fsync_tree
from engine.job import Checkpoint, PageResult, PageState
from engine.protocol import PARTS

log = logging.getLogger(__name__)


def salvage(folder: Path, batch: Checkpoint) -> list[PageResult]:
    """Make a checkpoint of the pages that an interrupted batch had finished; returns them, durable.

    `folder` is the job's `pages` folder. The pages of an unreadable file are lost and will be converted again.
    """
    part = folder / batch.part
    try:
        with part.open("r+b") as stream:
            finished = list(_results(stream, batch))
            os.fsync(stream.fileno())
        if not finished:
            part.unlink()
            return []
        for made in ("out", PARTS):  # the pictures of these pages, and what they leave to the merge
            fsync_tree(folder.parent / made)
        part.rename(folder / Checkpoint(batch.first, finished[-1].page).file)
        fsync_path(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("%s: its pages will be converted again: %s", part, error)
        return []
    return finished


def salvage_all(folder: Path, recorded: list[Checkpoint]) -> Iterator[tuple[Checkpoint, list[PageResult]]]:
    """Find what an earlier engine has left unrecorded: interrupted batches, and finished ones it died too soon for."""
    for file in sorted(folder.glob("*.jsonl*")):
        name, _, ending = file.name.partition(".")
        numbers = name.split("-")
        if len(numbers) != 2 or not all(n.isdecimal() for n in numbers):
            continue
        batch = Checkpoint(int(numbers[0]), int(numbers[1]))
        if ending == "jsonl.part":
            finished = salvage(folder, batch)
        elif batch not in recorded:
            with file.open("r+b") as stream:
                finished = list(_results(stream, batch))
        else:
            continue
        if finished:
            yield Checkpoint(batch.first, finished[-1].page), finished


def has_progress(folder: Path) -> bool:
    """Whether an interrupted batch has left finished pages."""
    return any(part.stat().st_size for part in folder.glob("*.jsonl.part"))


def _results(stream: IO[bytes], batch: Checkpoint) -> Iterator[PageResult]:
    """The pages of the file's whole lines, in order from the first; what follows them is cut off."""
    end = 0
    for page in range(batch.first, batch.last + 1):
        line = stream.readline()
        result = _result(line) if line.endswith(b"\n") else None
        if result is None or result.page != page:
            break
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
