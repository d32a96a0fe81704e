"""What an assistant can have a running engine do: convert a file, say how it stands, search results, show a page."""

import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from engine.base.errors import HotfolioError
from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot, Picture
from engine.remote.contract import EngineLike

LONGEST_TEXT = 200_000
"""Characters of a document in one answer."""
MOST_HITS = 20
_AROUND = 160
_LOOK_S = 0.1
_LONGEST_WAIT_S = 600.0


class Assistant:
    """Every method may take long, raises `HotfolioError` with a sentence, and changes nothing but the queue."""

    def __init__(self, engine: EngineLike, longest_wait_s: float = _LONGEST_WAIT_S) -> None:
        self._engine = engine
        self._longest_wait_s = longest_wait_s

    def convert(self, file: str) -> str:
        """Convert a document on this machine, by its path, and give its Markdown. No file is converted twice."""
        path = Path(file).expanduser()
        if not path.is_absolute():
            raise HotfolioError(f"{file}: give the whole path, from the root.")
        (job,) = self._engine.submit_many([path], client="mcp")
        deadline = time.monotonic() + self._longest_wait_s
        while not (entry := self._engine.job(job.id)).job.state.is_finished:
            if time.monotonic() >= deadline:
                return f"It takes longer, as job {job.id}; ask for its status later.\n{_line(entry)}"
            time.sleep(_LOOK_S)
        if not entry.job.state.is_published:
            raise HotfolioError(_line(entry))
        return f"{_line(entry)}\n\n{self._text(job.id)}"

    def status(self, job: int | None = None) -> str:
        """Say how the engine does and what the last jobs are, or how one job stands."""
        if job is not None:
            return _line(self._engine.job(job))
        totals = self._engine.overview().totals
        counts = ", ".join(f"{count} {state}" for state, count in totals.by_state.items() if count) or "no jobs"
        latest = sorted(self._engine.select(), key=lambda entry: -entry.job.id)[:MOST_HITS]
        return "\n".join([counts, *map(_line, latest)])

    def search(self, text: str) -> str:
        """Search the Markdown of all results for words, in any case, and give where they stand."""
        wanted = text.casefold().strip()
        if not wanted:
            raise HotfolioError("Say what to search for.")
        hits: list[str] = []
        for entry in sorted(self._engine.select(states=[JobState.DONE, JobState.PARTIAL]), key=lambda e: -e.job.id):
            for excerpt in _excerpts(self._text(entry.job.id), wanted):
                hits.append(f"job {entry.job.id}, {entry.job.name}: {excerpt}")
                if len(hits) == MOST_HITS:
                    return "\n".join([*hits, "There may be more."])
        return "\n".join(hits) or "No result has these words."

    def page_picture(self, job: int, page: int = 1) -> bytes:
        """Show a page of a document, counted from 1, as a picture."""
        return png(self._engine.peek(job, page, 1000, 1400))

    def _text(self, job_id: int) -> str:
        try:
            found = self._engine.preview(job_id)
        except HotfolioError as error:
            return f"(There is no Markdown of it: {error})"
        return found if len(found) <= LONGEST_TEXT else f"{found[:LONGEST_TEXT]}\n(cut off here)"


def png(picture: Picture) -> bytes:
    """A picture as PNG (ISO/IEC 15948): eight bits of three colours, and no filter."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width = picture.width * 3
    rows = (picture.rgb[at : at + width] for at in range(0, width * picture.height, width))
    head = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _line(entry: JobSnapshot) -> str:
    job = entry.job
    pages = "" if job.pages is None else f", {entry.pages_done} of {job.pages} pages"
    return f"job {job.id}, {job.name}: {job.state}{pages}{f'. {job.reason}' if job.reason else ''}"


def _excerpts(text: str, wanted: str) -> Iterator[str]:
    at = 0
    low = text.casefold()
    while (at := low.find(wanted, at)) >= 0:
        yield " ".join(text[max(0, at - _AROUND) : at + len(wanted) + _AROUND].split())
        at += len(wanted) + _AROUND
