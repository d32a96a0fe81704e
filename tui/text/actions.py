"""What can be done to jobs: by name, with what it is called and how it is undone. Knows the engine, no widget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.job.job import JobState, Move, Standing
from engine.job.snapshot import JobSnapshot
from engine.remote.contract import EngineLike
from tui.text.formatting import plural

Change = Callable[[EngineLike, list[int]], list[int]]
Return = Callable[[EngineLike, list[Standing]], list[int]]


def _reinstate(engine: EngineLike, before: list[Standing]) -> list[int]:
    return engine.reinstate(before)


def _restore(engine: EngineLike, before: list[Standing]) -> list[int]:
    ids = [standing.job_id for standing in before]
    engine.restore(ids)
    return ids


def _move_back(engine: EngineLike, before: list[Standing], where: Move) -> list[int]:
    """Change places the other way round, the last change first; who was passed has another place too."""
    ids = [standing.job_id for standing in before]
    # The engine begins with the last of those that go down.
    return engine.move(ids if where == "down" else ids[::-1], where)


@dataclass(frozen=True, slots=True)
class Action:
    """Something the engine does to jobs."""

    verb: str
    past: str
    """`cancelled`, as in `3 jobs cancelled`."""
    change: Change
    """Returns the jobs it has changed."""
    unfit: str
    """Why nothing may have happened."""
    undo: Return = _reinstate
    """Takes back what `change` did to the jobs it returned; it is given how they stood before, in that order."""
    makes_anew: bool = False
    """Whether results are replaced by it, so that what they were is kept to be compared."""
    at_once: bool = False
    """Whether all jobs have to be in one call, because their order counts."""


ACTIONS = {
    "cancel": Action(
        "Cancel",
        "cancelled",
        lambda engine, ids: engine.cancel(ids),
        "Only queued, held and running jobs can be cancelled.",
    ),
    "hold": Action("Hold", "held", lambda engine, ids: engine.hold(ids), "Only queued and running jobs can be held."),
    "release": Action(
        "Release", "released", lambda engine, ids: engine.release(ids), "Only held jobs can be released."
    ),
    "retry": Action(
        "Retry",
        "queued again",
        lambda engine, ids: engine.retry(ids),
        "Only finished jobs can be run again.",
        makes_anew=True,
    ),
    "raise": Action(
        "Raise priority of",
        "raised in priority",
        lambda engine, ids: engine.change_priority(ids, 1),
        "The priority of a finished job means nothing.",
    ),
    "lower": Action(
        "Lower priority of",
        "lowered in priority",
        lambda engine, ids: engine.change_priority(ids, -1),
        "The priority of a finished job means nothing.",
    ),
    "up": Action(
        "Move up",
        "moved up",
        lambda engine, ids: engine.move(ids, "up"),
        "Nothing to change places with.",
        undo=lambda engine, before: _move_back(engine, before, "down"),
        at_once=True,
    ),
    "down": Action(
        "Move down",
        "moved down",
        lambda engine, ids: engine.move(ids, "down"),
        "Nothing to change places with.",
        undo=lambda engine, before: _move_back(engine, before, "up"),
        at_once=True,
    ),
    "top": Action(
        "Move to the top",
        "moved to the top",
        lambda engine, ids: engine.move(ids, "top"),
        "Already there.",
        at_once=True,
    ),
    "bottom": Action(
        "Move to the bottom",
        "moved to the bottom",
        lambda engine, ids: engine.move(ids, "bottom"),
        "Already there.",
        at_once=True,
    ),
    "remove": Action(
        "Remove",
        "taken off the list",
        lambda engine, ids: engine.remove(ids),
        "Only finished jobs can be taken off the list.",
        undo=_restore,
    ),
}

LEAVING = frozenset({"cancel", "remove", "retry"})
"""Actions after which a job is elsewhere on the list, or nowhere: what is looked at next is what takes its place."""


def hold_or_release(entries: Sequence[JobSnapshot]) -> str:
    """The action of the key that does both: release if all that can be either are held."""
    states = {entry.job.state for entry in entries}
    return "release" if JobState.HELD in states and not states & {JobState.QUEUED, JobState.RUNNING} else "hold"


def cancel_question(entries: Sequence[JobSnapshot]) -> tuple[str, str]:
    """Title and sentence of the question before jobs are cancelled."""
    open_ones = [entry for entry in entries if not entry.job.state.is_finished]
    running = sum(entry.job.state is JobState.RUNNING for entry in open_ones)
    pages = sum(entry.pages_done for entry in open_ones)
    which = f", {running} of them running" if running and len(open_ones) > 1 else ""
    if len(open_ones) == 1:
        job = open_ones[0].job
        title = f"Cancel #{job.id} {job.name}?"
        which = "It is running. " if running else ""
    else:
        title = f"Cancel {plural(len(open_ones), 'job')}{which}?"
        which = ""
    kept = f"{plural(pages, 'finished page')} {'is' if pages == 1 else 'are'} kept for a retry." if pages else ""
    finished = len(entries) - len(open_ones)
    left = f" {plural(finished, 'finished job')} of your choice {'is' if finished == 1 else 'are'} left alone."
    return title, f"{which}{kept}{left if finished else ''}".strip() or "Nothing of them is finished yet."
