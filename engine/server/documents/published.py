"""What the document of a task has come to, read from its published folder and from nowhere else."""

import contextlib
import os
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from fastapi import HTTPException

from engine.base.safetext import display_text
from engine.job import formats
from engine.job.job import Job, JobState
from engine.publish.pageindex import SIZE_KEY
from engine.publish.publisher import read_manifest
from engine.work.runs import file_name

_MAX_REMARKS = 100


def reason_of(job: Job) -> str | None:
    """Why a job of these doors is in its state; what they take in is set by a name of its own."""
    return display_text(job.reason).replace("`accept`", "`doors_accept`") if job.reason else None


@dataclass(frozen=True, slots=True)
class Published:
    """A result that is there. Every method reads the disk."""

    job: Job
    place: Path
    manifest: dict[str, Any]

    @classmethod
    def of(cls, job: Job) -> "Published | None":
        """The result of a job; None if it has none, or it is gone."""
        if job.state not in (JobState.DONE, JobState.PARTIAL) or job.output is None:
            return None
        place = Path(os.fsdecode(job.output))
        manifest = read_manifest(place)
        return cls(job, place, manifest) if manifest is not None else None

    @property
    def stem(self) -> str:
        """What its files are called, without their suffix."""
        return Path(file_name(self.job)).stem

    @property
    def files(self) -> list[str]:
        """The files it is made of, by their paths in it."""
        found = self.manifest.get("files")
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    @property
    def remarks(self) -> list[str]:
        """Which pages failed or were not read as they should be, and what else the conversion has noted."""
        found: list[str] = []
        with contextlib.suppress(KeyError, TypeError):
            found += [f"Page {page['page']}: {page['error']}" for page in self.manifest["pages"] if page["error"]]
            found += [str(warning) for warning in self.manifest["warnings"]]
        if len(found) > _MAX_REMARKS:
            found = [*found[:_MAX_REMARKS], f"There are {len(found) - _MAX_REMARKS} more remarks, in manifest.json."]
        return list(map(display_text, found))

    @property
    def page_numbers(self) -> list[int]:
        """The numbers of the pages that were asked for, from 1."""
        try:
            return [int(page["page"]) for page in self.manifest["pages"]]
        except (KeyError, TypeError, ValueError):
            return []

    def read(self, name: str) -> bytes:
        """One of its files; raises `OSError`, also if it is not really in there."""
        file = self.place / name
        if not file.resolve().is_relative_to(self.place.resolve()):
            raise FileNotFoundError(file)
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            return stream.read()

    def made(self, format_: str) -> bytes:
        """The document in a format that it was asked for in; raises `OSError`."""
        row = formats.find(format_)
        return self.read(f"{self.stem}.{row.suffix if row else format_}")

    def text(self, format_: str) -> str:
        """The same as text. Raises `HTTPException` 422 if it is gone."""
        try:
            return self.made(format_).decode("utf-8", "replace")
        except OSError:
            raise HTTPException(422, "The result is no longer in the output folder.") from None

    def pages(self, markdown: bytes) -> list[bytes] | None:
        """The Markdown of each page; None if it cannot be told where they begin."""
        try:
            sizes = [int(page[SIZE_KEY]) for page in self.manifest["pages"]]
        except (KeyError, TypeError, ValueError):
            return None
        if sum(sizes) != len(markdown) or min(sizes, default=0) < 0:
            return None
        return [markdown[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]
