"""Choosing jobs by their ids and states."""

import re
from collections.abc import Iterable, Sequence

from engine.base.errors import HotfolioError, NoSuchJob
from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot

Ranges = Sequence[tuple[int, int]]
"""First and last id of each."""
States = Sequence[JobState]
_RANGE = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?")


def parse_ids(words: Iterable[str]) -> list[tuple[int, int]]:
    """Ranges of ids as a person writes them: `3`, `3-7`, `3,9-12`; raises `HotfolioError`."""
    ranges = []
    for part in ",".join(words).split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise HotfolioError(f"“{part}” is not an id or a range of ids such as 3-7.")
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        ranges.append((min(first, last), max(first, last)))
    return ranges


def parse_states(words: Iterable[str]) -> list[JobState]:
    """States as a person writes them: `failed`, `queued,held`; raises `HotfolioError`."""
    try:
        return [JobState(part.strip().lower()) for part in ",".join(words).split(",")]
    except ValueError:
        raise HotfolioError(f"A state is one of {', '.join(JobState)}.") from None


def selected(
    jobs: Iterable[JobSnapshot],
    ids: Iterable[tuple[int, int]] | None = None,
    states: Iterable[JobState] | None = None,
) -> list[JobSnapshot]:
    """The jobs in any of the ranges and in any of the states, in order of their ids.

    Raises `NoSuchJob` for a range of one id that is not among them.
    """
    found = {entry.job.id: entry for entry in jobs}
    if ids is not None:
        found = {job_id: found[job_id] for job_id in sorted(_in_ranges(found, ids))}
    wanted = None if states is None else frozenset(states)
    return [found[job_id] for job_id in sorted(found) if wanted is None or found[job_id].job.state in wanted]


def _in_ranges(known: dict[int, JobSnapshot], ranges: Iterable[tuple[int, int]]) -> set[int]:
    chosen: set[int] = set()
    for first, last in ranges:
        if first == last:
            if first not in known:
                raise NoSuchJob(f"There is no job {first}.")
            chosen.add(first)
        else:
            chosen.update(job_id for job_id in known if first <= job_id <= last)
    return chosen
