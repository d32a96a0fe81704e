"""Looks into documents on demand, in a process of its own that lives for one look."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.display import display_text
from engine.errors import HotfolioError, SourceGone
from engine.job import Job
from engine.protocol import MAX_PEEK, Peeked, PeekTask, Previewed, PreviewTask, Refused, Task
from engine.run import file_name, refusal, wire_path
from engine.sandbox import ForkServer, Limits, Sandbox
from engine.staging import COPY

_MAX_PREVIEW_BYTES = 4 << 20
_LIMITS = Limits(step_timeout_s=20)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as pixels."""

    width: int
    height: int
    rgb: bytes
    """Three bytes a pixel, row by row from the top."""


class Inspector:
    """Thread-safe: it keeps no state. Every call forks a process, which takes some 10 ms."""

    def __init__(self, fork_server: ForkServer, state_folder: Path) -> None:
        self._fork_server = fork_server
        self._state_folder = state_folder

    def preview(self, job: Job, folder: Path) -> str:
        """The job's Markdown: as published, or of the pages finished so far. Raises `HotfolioError`.

        `folder` is its private folder, which exists while it is unfinished. At most 4 MB are read.
        """
        if job.output is not None and job.state.is_finished:
            place = Path(os.fsdecode(job.output))
            return _read(place / f"{Path(file_name(job)).stem}.md")
        if not job.options.text_formats or not any((folder / "pages").glob("*.jsonl*")):
            return ""
        answer = self._ask(PreviewTask(folder=wire_path(folder), name=file_name(job), options=job.options))
        return _read(folder / "preview.md") if isinstance(answer, Previewed) else ""

    def peek(self, job: Job, folder: Path, page: int, width: int, height: int, password: str | None) -> Picture:
        """A page of the job's document, fitted into so many pixels, at most 400 a side. Raises `HotfolioError`."""
        file = folder / COPY
        if not file.exists():
            file = job.source.file
            try:
                unchanged = job.source.matches(file.lstat())
            except OSError:
                unchanged = False
            if not unchanged:
                raise SourceGone("The document is no longer where it was, so there is nothing to look at.")
        answer = self._ask(
            PeekTask(
                folder=wire_path(self._state_folder),
                file=wire_path(file),
                page=page,
                width=max(1, min(width, MAX_PEEK)),
                height=max(1, min(height, MAX_PEEK)),
                password=password,
            )
        )
        if not isinstance(answer, Peeked) or len(answer.rgb) != answer.width * answer.height * 3:
            raise HotfolioError("The page could not be rendered.")
        return Picture(answer.width, answer.height, answer.rgb)

    def _ask(self, task: Task) -> object:
        sandbox = Sandbox(self._fork_server, _LIMITS)
        try:
            answer = sandbox.run(task, lambda _: None)
        finally:
            sandbox.close()
        if isinstance(answer, Refused):
            raise refusal(answer, self._state_folder)
        return answer


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return display_text(stream.read(_MAX_PREVIEW_BYTES).decode("utf-8", "replace"))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HotfolioError(f"The preview cannot be read: {error.strerror}.") from error
