"""The documents that are dropped: each has bytes that no other one has, so that its result says which one it was."""

import hashlib
import itertools
import random
from dataclasses import dataclass

from tests import pdfs

_PAGES = (1, 2, 3, 5, 8)


@dataclass(frozen=True, slots=True)
class Version:
    """What a file is at one time."""

    data: bytes
    sha256: str
    pages: int | None
    """None if the file is broken: what becomes of its pages is nobody's business."""


class Versions:
    """All that were made, by their SHA-256."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._numbers = itertools.count(1)
        self._made: dict[str, Version] = {}

    def __len__(self) -> int:
        return len(self._made)

    def whole(self) -> Version:
        """A document of some pages, each of which has its marker."""
        pages = self._dice.choice(_PAGES)
        return self._version(pdfs.text_pages(pages, words_per_page=20), pages)

    def broken(self) -> Version:
        """A document that is damaged, or cut off."""
        return self._version(self._dice.choice((pdfs.damaged, pdfs.truncated))(), None)

    def of(self, sha256: str) -> Version | None:
        """The version that has this content."""
        return self._made.get(sha256)

    def _version(self, data: bytes, pages: int | None) -> Version:
        # Behind the end, where no reader looks: to make a document anew each time would take the processor.
        data += b"%% drop %d\n%%%%EOF\n" % next(self._numbers)
        made = Version(data, hashlib.sha256(data).hexdigest(), pages)
        self._made[made.sha256] = made
        return made
