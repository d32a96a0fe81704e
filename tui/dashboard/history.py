"""History: what a person has done from this dashboard, to be taken back and done again. Pure data."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

Step = Callable[[], Awaitable[Sequence[int] | None]]
"""Takes something back, or does it again. Returns the jobs it has changed; None if it has to do with no job."""
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done."""

    what: str
    """As it is told: `3 jobs cancelled`."""
    when: float
    """In seconds since 1970."""
    undo: Step
    redo: Step
    marks: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
    """The marks before and after it."""
    is_one_mark: bool = False
    """Whether it is a single mark, which is taken back together with those set right before it."""


@dataclass(slots=True)
class History:
    """The latest deed last. What was taken back can be done again until something else is done."""

    done: list[Deed] = field(default_factory=list)
    undone: list[Deed] = field(default_factory=list)
    """The one that was taken back last is the last one, and the first to be done again."""

    def add(self, deed: Deed) -> None:
        """Something was done."""
        self.undone.clear()
        if deed.is_one_mark and self.done and self.done[-1].is_one_mark:
            before = self.done.pop()
            deed = Deed(deed.what, deed.when, before.undo, deed.redo, (before.marks[0], deed.marks[1]), True)
        self.done.append(deed)
        del self.done[:-_MOST]

    def took_back(self) -> None:
        """The latest deed was taken back."""
        self.undone.append(self.done.pop())

    def did_again(self) -> None:
        """What was taken back last was done again."""
        self.done.append(self.undone.pop())

    def forget(self, deed: Deed) -> None:
        """There is no way back from a deed, or to it."""
        for deeds in (self.done, self.undone):
            if deed in deeds:
                deeds.remove(deed)
