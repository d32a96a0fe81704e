"""`hotfolio status`: what the engine is doing as a whole."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from engine.job.job import JobState
    from engine.remote.client import RemoteEngine


@takes_settings(*QUEUE)
def status(load: Load, json: Json = False) -> None:
    """Tell what the engine is doing as a whole. Exit status 3 if none is running."""

    def work() -> int:
        from engine.base.errors import EngineUnreachable
        from tui.command.reach import NO_ENGINE, OK, running_engine

        folder = load().settings.state_folder
        try:
            engine = running_engine(folder)
        except EngineUnreachable as error:
            _tell_queue(folder, str(error), as_json=json)
            return NO_ENGINE
        _tell_engine(engine, as_json=json)
        return OK

    answer(work)


def _tell_queue(folder: Path, why: str, *, as_json: bool) -> None:
    """What an engine that is gone has left."""
    from engine.base.errors import NoQueue
    from tui.command.reach import print_json, stored_queue

    counts: Mapping[JobState, int] = {}
    with suppress(NoQueue):
        counts = stored_queue(folder).counts()
    if as_json:
        print_json({"running": False, "jobs": {str(state): count for state, count in counts.items()}})
    else:
        print(f"{why}\n{_counted(counts)}")


def _tell_engine(engine: "RemoteEngine", *, as_json: bool) -> None:
    from engine.base.safetext import display_name
    from tui.command.reach import print_json
    from tui.text.formatting import duration

    greeting, vitals = engine.greeting, engine.vitals()
    totals = vitals.totals
    if as_json:
        print_json(
            {
                "running": True,
                "pid": greeting.pid,
                "version": greeting.version,
                "outlives_dashboards": greeting.outlives,
                "input": display_name(greeting.settings.input),
                "output": display_name(greeting.settings.output),
                "paused": vitals.is_paused,
                "jobs": {str(state): count for state, count in totals.by_state.items()},
                "workers": totals.workers,
                "workers_busy": totals.workers_busy,
                "pages_per_second": round(totals.pages_per_second, 2),
                "eta_seconds": totals.eta_s,
                "banners": [banner.message for banner in vitals.banners],
            }
        )
        return
    print(f"hotfolio {greeting.version}, process {greeting.pid}, {'paused' if vitals.is_paused else 'working'}")
    print(f"{display_name(greeting.settings.input)} → {display_name(greeting.settings.output)}")
    print(_counted(totals.by_state))
    eta = "" if totals.eta_s is None else f", {duration(totals.eta_s)} left"
    print(f"{totals.workers_busy}/{totals.workers} workers busy, {totals.pages_per_second:.1f} pages/s{eta}")
    for banner in vitals.banners:
        print(f"! {banner.message}")


def _counted(counts: "Mapping[JobState, int]") -> str:
    from tui.text.formatting import number

    return ", ".join(f"{number(count)} {state}" for state, count in counts.items() if count) or "no jobs"
