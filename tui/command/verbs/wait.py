"""`hotfolio wait`: returns when jobs are finished."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.chosen import QUEUE, Ids, Json, ranges
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from engine.job.job import JobState


@takes_settings(*QUEUE)
def wait(
    load: Load,
    ids: Ids = [],  # noqa: B006 - Typer takes no None for it
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="S", help="Give up after S seconds.")] = None,
    json: Json = False,
) -> None:
    """Wait until jobs are finished, or until nothing is left to do.

    Exit status: 0 all done, 1 something failed, is partial, was cancelled or is held, 2 usage, 124 the time was over.
    Without ids, held jobs do not matter.
    """

    def work() -> int:
        from tui.command.reach import running_engine

        folder, chosen = load().settings.state_folder, ranges(ids)
        jobs = None if chosen is None else {entry.job.id for entry in running_engine(folder).select(chosen)}
        return wait_for(folder, jobs, timeout, as_json=json)

    answer(work)


def wait_for(folder: Path, chosen: set[int] | None, timeout_s: float | None, *, as_json: bool) -> int:
    """Wait until jobs are finished, or, without any, until nothing is left to do; returns the exit status."""
    from engine.base.errors import EngineUnreachable
    from engine.job.job import JobState
    from tui.command.reach import LOOK_S, START_ONE, TIME_OVER, running_engine

    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    watched: dict[int, JobState] = {}
    version = 0
    unfit = {JobState.FAILED, JobState.PARTIAL, JobState.CANCELLED}
    if chosen is not None:
        unfit.add(JobState.HELD)
    engine = running_engine(folder)
    with engine:
        while True:
            snapshot = engine.snapshot(version)
            version = snapshot.version
            for entry in snapshot.changed:
                job_id, state = entry.job.id, entry.job.state
                if job_id in chosen if chosen is not None else job_id in watched or not state.is_finished:
                    watched[job_id] = state
            for job_id in snapshot.removed:
                watched.pop(job_id, None)
            if engine.is_lost:
                raise EngineUnreachable(f"The engine has gone before all was done. {START_ONE}")
            left = sum(not state.is_finished and state is not JobState.HELD for state in watched.values())
            is_all_in = not engine.is_scanning and not engine.unsettled
            if not left and (chosen is not None or is_all_in):
                return _outcome(list(watched.values()), unfit, as_json=as_json)
            if deadline is not None and time.monotonic() >= deadline:
                _outcome(list(watched.values()), unfit, as_json=as_json)
                return TIME_OVER
            time.sleep(LOOK_S)


def _outcome(found: "list[JobState]", unfit: "set[JobState]", *, as_json: bool) -> int:
    from engine.job.job import JobState
    from tui.command.reach import FAILED, OK, print_json

    counts = {str(state): found.count(state) for state in JobState}
    if as_json:
        print_json(counts)
    else:
        print(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nothing to wait for")
    return FAILED if any(state in unfit for state in found) else OK
