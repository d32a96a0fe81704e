"""WorkLeft: how long what is left of each document takes, as far as is known. Pure, and not thread-safe."""

from collections import OrderedDict
from dataclasses import dataclass

from engine.cluster.placement import PAGE_S

_MOST_KNOWN = 10_000
_SMOOTHING = 0.3
"""Weight of the newest batch in the running average of seconds per page."""


@dataclass(slots=True)
class _Document:
    pages: int
    page_s: float | None = None


class WorkLeft:
    """Documents go by their desks."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, _Document] = OrderedDict()

    def opened(self, desk: str, pages: int) -> None:
        """A document has so many pages."""
        self._documents[desk] = _Document(pages)
        if len(self._documents) > _MOST_KNOWN:
            self._documents.popitem(last=False)

    def converted(self, desk: str, pages: int, seconds: float) -> None:
        """So many of its pages took so long."""
        document = self._documents.get(desk)
        if document is not None and pages > 0:
            document.pages -= pages
            known, new = document.page_s, seconds / pages
            document.page_s = new if known is None else known + _SMOOTHING * (new - known)

    def ended(self, desk: str) -> None:
        """Nothing is left of a document."""
        self._documents.pop(desk, None)

    def seconds(self, desk: str, pages: int) -> float:
        """What a batch of so many pages, and all that is to follow it, would take a single worker."""
        document = self._documents.get(desk) or _Document(pages)
        page_s = PAGE_S if document.page_s is None else document.page_s
        return max(document.pages, pages) * page_s
