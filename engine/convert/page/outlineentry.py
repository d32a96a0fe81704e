"""What a document's outline says of one heading."""

from typing import NamedTuple


class OutlineEntry(NamedTuple):
    """One entry of an outline."""

    level: int
    """From 1."""
    title: str
    page: int
    """From 1."""
    x: float | None
    """Points from the left of the page as it is shown; None where the entry does not say."""
    y: float | None
    """Points from the top, likewise."""
