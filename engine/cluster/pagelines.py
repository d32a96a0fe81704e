"""The lines of a checkpoint as they come in: each of a page of the batch, and there once."""

import re

from engine.base.errors import ChildGarbage
from engine.job.job import Checkpoint

_BEGINNING = re.compile(rb'\{"page": (\d{1,9}), "state": "\w{1,20}", ')
"""How a page's line begins; see `engine.convert.page.pagemodel`."""
MAX_LINE = 256 << 20
"""Bytes of a page at most."""


class PageLines:
    """What has come of a batch, in pieces of any size."""

    def __init__(self, batch: Checkpoint) -> None:
        self._batch = batch
        self._rest = bytearray()
        self.pages: set[int] = set()
        """Those whose lines are there whole."""

    def add(self, data: bytes) -> bytes:
        """The lines that are whole with this; raises `ChildGarbage` if one is not of the batch."""
        self._rest += data
        end = self._rest.rfind(b"\n") + 1
        whole = bytes(self._rest[:end])
        del self._rest[:end]
        if len(self._rest) > MAX_LINE:
            raise ChildGarbage("A page has come without an end.")
        for line in whole.split(b"\n")[:-1]:
            found = _BEGINNING.match(line)
            page = int(found[1]) if found else 0
            if not self._batch.first <= page <= self._batch.last or page in self.pages:
                raise ChildGarbage("A page has come that was not asked for.")
            self.pages.add(page)
        return whole
