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
    from tui.command.job_text import counted
    from tui.command.reach import print_json, stored_queue

    counts: Mapping[JobState, int] = {}
    with suppress(NoQueue):
        counts = stored_queue(folder).counts()
    if as_json:
        print_json({"running": False, "jobs": {str(state): count for state, count in counts.items()}})
    else:
        print(f"{why}\n{counted(counts)}")


def _tell_engine(engine: "RemoteEngine", *, as_json: bool) -> None:
    from engine.base.safetext import display_name
    from tui.command.job_text import engine_lines
    from tui.command.reach import print_json

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
    for line in engine_lines(greeting, vitals):
        print(line)
