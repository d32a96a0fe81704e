"""The checkpoint files of a document: what merges and previews read its pages from."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from engine.convert.page.pagemodel import PageModel, Remarks, from_line, result_of
from engine.job.job import PageState

PAGES = Path("pages")
"""The folder they are in, within the job's, which is the working directory."""
HEAD = Path("document.json")
"""What concerns the document as a whole."""
OUT = Path("out")
"""The folder that will be published."""
_LINE = re.compile(rb'\{"page": (\d+), "state": "(\w+)"')
"""How a line of a checkpoint begins; see `pagemodel.to_line`."""
_RANKS = {b"failed": 0, b"text_only": 1}
"""Of states of a page; the others are better."""


class Checkpoints:
    """Pages from checkpoint files, in the order of the pages; of a page converted twice, the time it went better."""

    def __init__(self, files: list[Path], on_page: Callable[[int], None]) -> None:
        self._on_page = on_page
        self._remarks: dict[int, Remarks] | None = None
        self._lines: dict[int, tuple[Path, int]] = {}  # page to file and offset
        self.size = 0
        """Bytes that there are to read."""
        ranks: dict[int, int] = {}
        for file in files:
            with _open_checkpoint(file) as stream:
                offset = 0
                for line in stream:
                    found = _LINE.match(line)
                    if found is None or not line.endswith(b"\n"):
                        break  # a file that is still being written
                    page = int(found[1])
                    if (rank := _RANKS.get(found[2], 2)) >= ranks.get(page, 0):
                        self._lines[page], ranks[page] = (file, offset), rank
                    offset += len(line)
                    on_page(page)
                self.size += offset

    @property
    def numbers(self) -> list[int]:
        """The pages that are here, in order."""
        return sorted(self._lines)

    def __iter__(self) -> Iterator[PageModel]:
        found: dict[int, Remarks] = {}
        with ExitStack() as stack:
            current: tuple[Path, IO[bytes]] | None = None
            for page, (file, offset) in sorted(self._lines.items()):
                if current is None or current[0] != file:
                    stack.close()
                    current = (file, stack.enter_context(_open_checkpoint(file)))
                current[1].seek(offset)
                model, found[page] = from_line(current[1].readline())
                self._on_page(page)
                if model is not None:
                    model.notices = found[page].notices
                    yield model
        self._remarks = found

    def failure(self, page: int) -> str | None:
        """Why a page has failed; None if it has not, or is not here."""
        if page not in self._lines:
            return None
        file, offset = self._lines[page]
        with _open_checkpoint(file) as stream:
            stream.seek(offset)
            result = result_of(stream.readline())
        return (result.error or "unknown") if result.state is PageState.FAILED else None

    def warnings(self) -> list[str]:
        """What the pages had to say, in their order."""
        return [warning for remarks in self._all_remarks().values() for warning in remarks.warnings]

    def notices(self) -> dict[int, dict[str, int]]:
        """What is to be said of all pages at once, by page."""
        return {page: remarks.notices for page, remarks in self._all_remarks().items() if remarks.notices}

    def reasons(self) -> dict[int, str]:
        """Why pages were read the way they were."""
        return {page: remarks.why[:300] for page, remarks in self._all_remarks().items() if remarks.why}

    def _all_remarks(self) -> dict[int, Remarks]:
        while self._remarks is None:  # no converter has read them to the end
            for _ in self:
                pass
        return self._remarks


def _open_checkpoint(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except FileNotFoundError:
        # Seen while it was written, and finished since.
        return file.with_name(file.name.removesuffix(".part")).open("rb")
