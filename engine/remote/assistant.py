"""What assistants have a running engine do, whichever way they ask: say how it stands, search results, show pages."""

import re
import struct
import time
import zlib
from collections.abc import Iterator

from engine.base.errors import HotfolioError
from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot, Picture
from engine.remote.contract import EngineLike

LONGEST_TEXT = 200_000
"""Characters of a document in one answer."""
MOST_HITS = 20
LONGEST_WORDS = 1000
_AROUND = 160
_PICTURE = (1000, 1400)
_LONGEST_SEARCH_S = 20.0


class Assistant:
    """Every method may take long, raises `HotfolioError` with a sentence, and changes nothing."""

    def __init__(self, engine: EngineLike, longest_search_s: float = _LONGEST_SEARCH_S) -> None:
        self._engine = engine
        self._longest_search_s = longest_search_s

    def status(self, job: int | None = None) -> str:
        """Say how the engine does and what the last jobs are, or how one job stands."""
        if job is not None:
            return line_of(self._engine.job(job))
        totals = self._engine.overview().totals
        counts = ", ".join(f"{count} {state}" for state, count in totals.by_state.items() if count) or "no jobs"
        latest = sorted(self._engine.select(), key=lambda entry: -entry.job.id)[:MOST_HITS]
        return "\n".join([counts, *map(line_of, latest)])

    def read(self, job: int, page: int | None = None) -> str:
        """Give a document's Markdown by the number of its job, or one page's alone, counted from 1."""
        if page is not None:
            return _cut(self._engine.preview(job, page=page))
        return f"{line_of(self._engine.job(job))}\n\n{self.text(job)}"

    def search(self, text: str) -> str:
        """Search the Markdown of all results for words that follow each other, in any case; give where they stand."""
        words = text[:LONGEST_WORDS].split()
        if not words:
            raise HotfolioError("Say what to search for.")
        wanted = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
        ends = time.monotonic() + self._longest_search_s
        hits: list[str] = []
        for entry in sorted(self._engine.select(states=[JobState.DONE, JobState.PARTIAL]), key=lambda e: -e.job.id):
            if time.monotonic() >= ends:
                return "\n".join([*hits, f"It took too long: results before job {entry.job.id + 1} were not searched."])
            for excerpt in _excerpts(self._found(entry.job.id), wanted):
                hits.append(f"job {entry.job.id}, {entry.job.name}: {excerpt}")
                if len(hits) == MOST_HITS:
                    return "\n".join([*hits, "There may be more."])
        return "\n".join(hits) or "No result has these words."

    def page_picture(self, job: int, page: int = 1) -> bytes:
        """Show a page of a document, counted from 1, as a picture."""
        return png(self._engine.peek(job, page, *_PICTURE))

    def text(self, job: int) -> str:
        """A document's Markdown, or why there is none."""
        try:
            return _cut(self._engine.preview(job))
        except HotfolioError as error:
            return f"(There is no Markdown of it: {error})"

    def _found(self, job: int) -> str:
        try:
            return self._engine.preview(job)
        except HotfolioError:  # it is gone, or was not made
            return ""


def line_of(entry: JobSnapshot) -> str:
    """How a job stands."""
    job = entry.job
    pages = "" if job.pages is None else f", {entry.pages_done} of {job.pages} pages"
    return f"job {job.id}, {job.name}: {job.state}{pages}{f'. {job.reason}' if job.reason else ''}"


def takes_longer(entry: JobSnapshot) -> str:
    """What to say of a job whose end nobody can wait for any more."""
    return f"It takes longer, as job {entry.job.id}; ask for its status later, and read it then.\n{line_of(entry)}"


def png(picture: Picture) -> bytes:
    """A picture as PNG (ISO/IEC 15948): eight bits of three colours, and no filter."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width = picture.width * 3
    rows = (picture.rgb[at : at + width] for at in range(0, width * picture.height, width))
    head = struct.pack(">IIBBBBB", picture.width, picture.height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n(cut off here)"


def _excerpts(text: str, wanted: re.Pattern[str]) -> Iterator[str]:
    ends = 0
    for found in wanted.finditer(text):
        if found.start() < ends:  # it is in the last excerpt already
            continue
        ends = found.end() + _AROUND
        yield " ".join(text[max(0, found.start() - _AROUND) : ends].split())
