"""What the commands for a running engine do; each returns the exit status. Raises `HotfolioError`."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from engine.base.errors import EngineUnreachable, HotfolioError, NoQueue
from engine.base.safetext import display_name
from engine.job.job import MAX_PRIORITY, JobState, Move
from engine.job.selection import Ranges, States, parse_ids, parse_states
from engine.job.snapshot import JobSnapshot
from engine.remote.client import Connection, RemoteEngine
from engine.settings.loading import LoadedSettings
from tui.command.job_text import job_lines, job_rows
from tui.text.actions import ACTIONS, Change
from tui.text.formatting import duration, number, plural
from tui.text.textfiles import read_on, read_tail

if TYPE_CHECKING:
    from engine.remote.offline import StoredQueue

OK, FAILED, NO_ENGINE, TIME_OVER = 0, 1, 3, 124
START_ONE = "Start one with `hotfolio serve --detach`, or open the dashboard with `hotfolio`."
_LOOK_S = 0.1
_AT_ONCE = 500
"""So many jobs are changed by one call, which must not take longer than it is waited for, however slow the disk is."""
_NOT_DONE = frozenset({JobState.FAILED, JobState.PARTIAL, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Asked:
    """What an order has come to: as a sentence, and as JSON."""

    sentence: str
    data: dict[str, Any]


def ranges(words: Sequence[str]) -> Ranges | None:
    """Ids as they are written on the command line; None if there are none."""
    return parse_ids(words) if words else None


def states(words: Sequence[str] | None) -> list[JobState] | None:
    """States as they are written on the command line."""
    return parse_states(words) if words else None


# --- submitting and waiting ---


def add(
    loaded: LoadedSettings,
    files: Sequence[Path],
    priority: int | None,
    profile: str,
    *,
    again: bool,
    waits: bool,
    as_json: bool,
) -> int:
    """Queue files, to be converted as the engine's profile or settings say, but for what the command line says."""
    _check_priority(priority or 0)
    folder = loaded.settings.state_folder
    engine = _engine(folder)
    # With nothing said, each is converted by the rule of the hot folder it is in.
    options = loaded.options_of(profile, engine.settings) if profile or loaded.says_options else None
    jobs = engine.submit_many(files, options=options, priority=priority, profile=profile, again=again)
    if waits:
        return _wait(folder, {job.id for job in jobs}, None, as_json=as_json)
    if as_json:
        _print_json([_as_dict(JobSnapshot.of(job)) for job in jobs])
    else:
        for job in jobs:
            print(f"#{job.id} {job.name} is {job.state}" + (f": {job.reason}" if job.reason else ""))
    return OK


def wait(folder: Path, ids: Ranges | None, timeout_s: float | None, *, as_json: bool) -> int:
    """Wait until jobs are finished, or, without ids, until nothing is left to do."""
    chosen = None if ids is None else {entry.job.id for entry in _engine(folder).select(ids)}
    return _wait(folder, chosen, timeout_s, as_json=as_json)


def _wait(folder: Path, chosen: set[int] | None, timeout_s: float | None, *, as_json: bool) -> int:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    watched: dict[int, JobState] = {}
    version = 0
    unfit = _NOT_DONE if chosen is None else _NOT_DONE | {JobState.HELD}
    engine = _engine(folder)
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
            time.sleep(_LOOK_S)


def _outcome(found: list[JobState], unfit: frozenset[JobState], *, as_json: bool) -> int:
    counts = {str(state): found.count(state) for state in JobState}
    if as_json:
        _print_json(counts)
    else:
        print(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nothing to wait for")
    return FAILED if any(state in unfit for state in found) else OK


# --- looking ---


def ls(folder: Path, ids: Ranges | None, states: States | None, *, as_json: bool) -> int:
    """List jobs."""
    entries = _reader(folder).select(ids, states)
    if as_json:
        _print_json([_as_dict(entry) for entry in entries])
    else:
        sys.stdout.write("".join(f"{line}\n" for line in job_rows(entries)))
    return OK


def show(folder: Path, job_id: int, *, as_json: bool) -> int:
    """Tell all about one job."""
    detail = _reader(folder).detail(job_id)
    if as_json:
        job = detail.snapshot.job
        _print_json(
            _as_dict(detail.snapshot)
            | {
                "source": display_name(job.source.file),
                "output": display_name(job.output) if job.output else None,
                "log": display_name(detail.log_file),
                "page_results": [
                    {"page": p.page, "state": p.state, "seconds": p.seconds, "via": p.via, "error": p.error}
                    for p in detail.pages
                ],
                "history": [
                    {"at": at.isoformat(), "state": state, "cause": cause} for at, state, cause in detail.history
                ],
                "warnings": list(detail.warnings),
            }
        )
    else:
        print("\n".join(job_lines(detail)))
    return OK


def log(folder: Path, job_id: int, lines: int | None, *, follows: bool, as_json: bool) -> int:
    """Print the log of one job, and, while it runs and that is wanted, what is added."""
    reader = _reader(folder)
    detail = reader.detail(job_id)
    if as_json or not follows:
        text = read_tail(detail.log_file)
        if as_json:
            _print_json({"job_id": job_id, "log": text})
        else:
            _print_lines(text.splitlines(), lines)
        return OK
    found, place = read_on(detail.log_file, None)
    _print_lines(found, lines)
    while not detail.snapshot.job.state.is_finished:
        time.sleep(_LOOK_S)
        detail = reader.detail(job_id)
        found, place = read_on(detail.log_file, place)
        _print_lines(found, None)
    return OK


def status(folder: Path, *, as_json: bool) -> int:
    """Tell what the engine is doing as a whole."""
    try:
        engine = _engine(folder)
    except EngineUnreachable as error:
        counts: Mapping[JobState, int] = {}
        with suppress(NoQueue):
            counts = _stored(folder).counts()
        if as_json:
            _print_json({"running": False, "jobs": {str(state): count for state, count in counts.items()}})
        else:
            print(f"{error}\n{_counted(counts)}")
        return NO_ENGINE
    greeting, snapshot = engine.greeting, engine.overview()
    totals = snapshot.totals
    if as_json:
        _print_json(
            {
                "running": True,
                "pid": greeting.pid,
                "version": greeting.version,
                "outlives_dashboards": greeting.outlives,
                "input": display_name(greeting.settings.input),
                "output": display_name(greeting.settings.output),
                "paused": snapshot.is_paused,
                "jobs": {str(state): count for state, count in totals.by_state.items()},
                "workers": totals.workers,
                "workers_busy": totals.workers_busy,
                "pages_per_second": round(totals.pages_per_second, 2),
                "eta_seconds": totals.eta_s,
                "banners": [banner.message for banner in snapshot.banners],
            }
        )
        return OK
    print(f"hotfolio {greeting.version}, process {greeting.pid}, {'paused' if snapshot.is_paused else 'working'}")
    print(f"{display_name(greeting.settings.input)} → {display_name(greeting.settings.output)}")
    print(_counted(totals.by_state))
    eta = "" if totals.eta_s is None else f", {duration(totals.eta_s)} left"
    print(f"{totals.workers_busy}/{totals.workers} workers busy, {totals.pages_per_second:.1f} pages/s{eta}")
    for banner in snapshot.banners:
        print(f"! {banner.message}")
    return OK


# --- changing jobs ---


def change(folder: Path, name: str, ids: Ranges | None, states: States | None, *, as_json: bool) -> int:
    """Do to the chosen jobs what one of `tui.text.actions.ACTIONS` does."""
    action = ACTIONS[name]
    return _change(folder, action.change, action.past, action.unfit, ids, states, as_json=as_json)


def clear(folder: Path, ids: Ranges | None, states: States | None, *, as_json: bool) -> int:
    """Take finished jobs off the list."""
    finished = [state for state in JobState if state.is_finished]
    action = ACTIONS["remove"]
    chosen = finished if ids is None and states is None else states
    return _change(folder, action.change, action.past, action.unfit, ids, chosen, as_json=as_json)


def prioritize(folder: Path, value: str, ids: Ranges | None, states: States | None, *, as_json: bool) -> int:
    """Set the priority, or with a sign change it."""
    try:
        amount = int(value)
    except ValueError:
        raise HotfolioError(f"“{value}” is not a priority such as 5, +1 or -1.") from None
    _check_priority(amount)
    if value.startswith(("+", "-")):
        act: Change = lambda engine, chosen: engine.change_priority(chosen, amount)  # noqa: E731
        past = f"{'raised' if amount > 0 else 'lowered'} by {abs(amount)}"
    else:
        act = lambda engine, chosen: engine.set_priority(chosen, amount)  # noqa: E731
        past = f"given priority {amount}"
    return _change(folder, act, past, ACTIONS["raise"].unfit, ids, states, as_json=as_json)


def move(folder: Path, where: str, ids: Ranges | None, *, as_json: bool) -> int:
    """Move waiting jobs."""
    if where not in get_args(Move):
        raise HotfolioError(f"“{where}” is not one of {', '.join(get_args(Move))}.")
    action = ACTIONS[where]
    # All in one, since what is moved last comes out first.
    return _change(folder, action.change, action.past, action.unfit, ids, None, at_once=sys.maxsize, as_json=as_json)


def _change(
    folder: Path,
    act: Change,
    past: str,
    unfit: str,
    ids: Ranges | None,
    states: States | None,
    *,
    at_once: int | None = None,
    as_json: bool,
) -> int:
    if ids is None and states is None:
        raise HotfolioError("Say which jobs: by their ids, or with --state.")
    engine, at_once = _engine(folder), at_once or _AT_ONCE
    chosen = [entry.job.id for entry in engine.select(ids, states)]
    changed = [job_id for n in range(0, len(chosen), at_once) for job_id in act(engine, chosen[n : n + at_once])]
    if as_json:
        _print_json({"changed": sorted(changed), "unchanged": sorted(set(chosen) - set(changed))})
    elif changed:
        which = f"#{changed[0]}" if len(changed) == 1 else plural(len(changed), "job")
        print(f"{which} {past}.")
    else:
        print(unfit if chosen else "There is no such job.", file=sys.stderr)
    return OK if changed else FAILED


# --- the engine as a whole ---


def steer(folder: Path, order: Callable[[RemoteEngine], Asked], *, as_json: bool) -> int:
    """Give the engine an order."""
    asked = order(_engine(folder))
    if as_json:
        _print_json(asked.data)
    else:
        print(asked.sentence)
    return OK


def pause(engine: RemoteEngine) -> Asked:
    """Start no more page batches."""
    engine.pause()
    return Asked("Paused: page batches that run are finished, none is begun.", {"paused": True})


def resume(engine: RemoteEngine) -> Asked:
    """End `pause`."""
    engine.resume()
    return Asked("Going on.", {"paused": False})


def set_workers(engine: RemoteEngine, count: int) -> Asked:
    """Have so many workers."""
    engine.set_workers(count)
    return Asked(f"{plural(count, 'worker')}.", {"workers": count})


def stop(folder: Path, *, now: bool, as_json: bool) -> int:
    """Stop the engine, and wait until its process is gone."""
    engine = _engine(folder)
    pid = engine.greeting.pid
    engine.request_stop(now=now)
    while not _is_gone(folder, pid):
        time.sleep(_LOOK_S)
    if as_json:
        _print_json({"stopped": pid})
    else:
        print(f"The engine (process {pid}) has stopped; the next start goes on where it was.")
    return OK


# --- below ---


def _engine(folder: Path) -> RemoteEngine:
    """The engine that runs; raises `EngineUnreachable` with how to start one."""
    engine = RemoteEngine(folder)
    try:
        engine.greet()
    except EngineUnreachable as error:
        raise EngineUnreachable(f"{error} {START_ONE}") from None
    return engine


def _reader(folder: Path) -> "RemoteEngine | StoredQueue":
    """The engine that runs, or the queue that the last one has left."""
    with suppress(EngineUnreachable):
        return _engine(folder)
    return _stored(folder)


def _stored(folder: Path) -> "StoredQueue":
    # What is seldom needed is imported late: a command should answer at once.
    from engine.remote.offline import StoredQueue

    return StoredQueue(folder)


def _is_gone(folder: Path, pid: int) -> bool:
    try:
        return Connection(folder).greet().pid != pid
    except EngineUnreachable:
        return not _exists(pid)


def _check_priority(priority: int) -> None:
    if abs(priority) > MAX_PRIORITY:
        raise HotfolioError(f"A priority is between {-MAX_PRIORITY} and {MAX_PRIORITY}.")


def _exists(pid: int) -> bool:
    """Whether it works still; one that has ended may be there until whoever has started it looks at it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    import psutil

    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _as_dict(entry: JobSnapshot) -> dict[str, Any]:
    from engine.server.dependencies.schemas import Conversion

    return Conversion.of(entry).model_dump(mode="json")


def _counted(counts: Mapping[JobState, int]) -> str:
    return ", ".join(f"{number(count)} {state}" for state, count in counts.items() if count) or "no jobs"


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=sys.stdout.encoding.lower() != "utf-8"))


def _print_lines(found: Sequence[str], last: int | None) -> None:
    for line in found if last is None else found[max(len(found) - last, 0) :]:
        print(line, flush=True)
