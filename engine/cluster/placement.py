"""Where a batch of pages is converted: here, or on which node. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

PAGE_S = 0.3
"""What a page is taken to cost, as the scheduler does before it has measured one."""
_RATE = 10e6
"""Bytes a second to a node that nothing has been sent to yet."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A batch that waits for a place."""

    document: str
    """The SHA-256 of what is opened."""
    length: int
    """Its bytes."""
    work_s: float
    """What it, and all that is to follow it of the document, would take one worker."""
    stays: bool = False
    """Whether it may be converted on this machine alone."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A node with room."""

    life: str
    free: int
    has_document: bool
    round_trip_s: float = 0.0
    rate: float | None = None
    """Bytes a second that documents have been sent to it at."""

    def delay_s(self, wish: Wish) -> float:
        """How long it takes until it can begin."""
        shipping_s = 0.0 if self.has_document else wish.length / (self.rate or _RATE)
        return self.round_trip_s + shipping_s


HERE = ""
"""In place of a node's life: this machine."""


def choose(wish: Wish, free_here: int, offers: Iterable[Offer], copies: int = 0) -> str | None:
    """`HERE`, or a node's life; None if the batch is to wait until a place is free. `copies` have been sent already.

    A node that has the document is best, since only this machine opens and merges documents. One that has not is
    taken where this machine is full, if sending the document, to all that have it then, takes no longer than the work
    that is left: so a letter goes to one node, and a thick scan spreads.
    """
    if wish.stays:
        return HERE if free_here > 0 else None
    best = min((offer for offer in offers if offer.free > 0), key=lambda offer: _rank(wish, offer), default=None)
    if best is not None and best.has_document:
        return best.life
    if free_here > 0:
        return HERE
    if best is not None and best.delay_s(wish) * (copies + 1) <= wish.work_s:
        return best.life
    return None


def _rank(wish: Wish, offer: Offer) -> tuple[bool, float, int]:
    # A node without the document is a little worse than one with it, however fast; then by how soon, then by room.
    return not offer.has_document, round(offer.delay_s(wish), 2), -offer.free
