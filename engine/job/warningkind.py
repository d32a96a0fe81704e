"""The kinds of warnings that a result may have: few, so that they can be counted and asked for. No I/O."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum


class WarningKind(StrEnum):
    """What the reader of a document must know of it although it is done. The first ones are counted page by page."""

    UNKNOWN = "unknown"
    """Characters of which the PDF does not say what they are."""
    NOTHING = "nothing"
    """The page has text, and none was read."""
    SCAN = "scan"
    """The page is a picture, and was not read by OCR."""
    HIDDEN = "hidden"
    """Characters that nobody can see, left out."""
    KEPT = "kept"
    """The same, kept as the user wants."""
    OUTSIDE = "outside"
    """Characters beyond the part of the page that is shown."""
    REMARKS = "remarks"
    """Notes and comments of reviewers, which are in no output that was asked for."""
    UNSURE = "unsure"
    """The page was read by OCR, which is not sure of it."""
    FORM = "form"
    """What a form shows is not on the pages."""
    ATTACHMENTS = "attachments"
    """Files are attached to the document."""
    LAYERS = "layers"
    """Layers that are off are left out."""
    OTHER = "other"
    """What has gone wrong, or was left out, for a reason of its own."""


def counted(kinds: Iterable[WarningKind], total: int) -> dict[WarningKind, int]:
    """How many of so many warnings are of which kind; those of which nothing is said are others."""
    found = Counter(kinds)
    found[WarningKind.OTHER] += max(total - found.total(), 0)
    return {kind: found[kind] for kind in WarningKind if found[kind]}
