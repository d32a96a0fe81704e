"""The filter language, of which all terms must hold.

`scan`, `!draft`, `state:failed,partial`, `profile:scans`, `folder:inbox`, `pages>100`, `priority>0`, `#131`.
"""

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from engine.base.safetext import display_name
from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot

Test = Callable[[JobSnapshot], bool]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_NUMBERS: dict[str, Callable[[JobSnapshot], float | None]] = {
    "pages": lambda entry: entry.job.pages,
    "failed": lambda entry: entry.pages_failed,
    "priority": lambda entry: entry.job.priority,
    "seconds": lambda entry: entry.job.seconds,
    "id": lambda entry: entry.job.id,
}
_TEXTS: dict[str, Callable[[JobSnapshot], str]] = {
    "profile": lambda entry: entry.job.profile,
    "folder": lambda entry: display_name(entry.job.source.root),
}
_COMPARISON = re.compile(r"([a-z]+)(>=|<=|>|<|=)(.*)", re.IGNORECASE)


class FilterError(ValueError):
    """A filter that says nothing; the message is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """A filter as typed, and what it asks of a job."""

    text: str
    tests: tuple[Test, ...]

    def __call__(self, entry: JobSnapshot) -> bool:
        """Whether the job passes."""
        for test in self.tests:  # noqa: SIM110 - twice as fast as all() with a generator, and called for every job
            if not test(entry):
                return False
        return True


def parse_filter(text: str) -> JobFilter | None:
    """What `text` means; None if it is blank. Raises `FilterError`."""
    tests = tuple(_term(term) for term in text.split() if term != "!")
    return JobFilter(text.strip(), tests) if tests else None


@lru_cache(maxsize=1 << 17)
def folded_name(path: bytes) -> str:
    """A file's name as shown, to be compared without regard to case; kept, since every key asks for all names."""
    return display_name(path).casefold()


def remember_names(entries: Iterable[JobSnapshot]) -> None:
    """Fold the names ahead of the first sort or filter that needs them all; for a thread."""
    for entry in entries:
        folded_name(entry.job.source.path)


def _term(term: str) -> Test:
    if term.startswith("!"):
        test = _term(term[1:])
        return lambda entry: not test(entry)
    if term.startswith("#") and term[1:].isdigit():
        wanted = int(term[1:])
        return lambda entry: entry.job.id == wanted
    if term.lower().startswith("state:"):
        return _states(term[len("state:") :])
    for word, text_of in _TEXTS.items():
        if term.lower().startswith(f"{word}:"):
            return _text(text_of, term[len(word) + 1 :].casefold())
    if (match := _COMPARISON.fullmatch(term)) is not None:
        return _comparison(match[1].lower(), match[2], match[3])
    needle = term.casefold()
    return lambda entry: needle in folded_name(entry.job.source.path)


def _states(names: str) -> Test:
    wanted = set()
    for name in names.lower().split(","):
        if name:
            found = [state for state in JobState if state.startswith(name)]
            if not found:
                raise FilterError(f"No state begins with {name!r}: try {', '.join(JobState)}.")
            wanted.update(found)
    if not wanted:
        return lambda entry: True
    return lambda entry: entry.job.state in wanted


def _text(text_of: Callable[[JobSnapshot], str], needle: str) -> Test:
    return lambda entry: needle in text_of(entry).casefold()


def _comparison(field: str, sign: str, figure: str) -> Test:
    fields = [name for name in _NUMBERS if name.startswith(field)]
    if not fields:
        raise FilterError(f"Nothing to compare is called {field!r}: try {', '.join(_NUMBERS)}.")
    if not figure:
        return lambda entry: True
    try:
        wanted = float(figure)
    except ValueError:
        raise FilterError(f"{figure!r} is not a number.") from None
    value, compare = _NUMBERS[fields[0]], _COMPARISONS[sign]

    def test(entry: JobSnapshot) -> bool:
        have = value(entry)
        return have is not None and compare(have, wanted)

    return test
