"""Header: what the engine is doing as a whole, in two lines."""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from rich.style import Style

from engine.base.safetext import display_name
from engine.job.job import JobState
from engine.job.snapshot import HISTORY_BINS, WorkerState
from tui.dashboard.look import Look, look_of
from tui.dashboard.model import Model
from tui.dashboard.widgets.lines import Lines, Part, parts_width, spread
from tui.text.formatting import duration, number, plural, shorten, sparkline

_SPARK_CELLS = 20
_ROOMY = 100
_WORDY = 70
_FOLDER_MIN = 6
_BLANK = Style()


class Header(Lines):
    """Folders, state, queue, workers, rate and ETA; below, the last five minutes and how jobs have ended."""

    DEFAULT_CSS = """
    Header { height: 2; }
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model

    def ground(self, look: Look) -> Style:
        """A bar."""
        return look.bar

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """Both lines."""
        look = look_of(self)
        return [self._first(look, width - 1), self._second(look, width - 1)]

    def _first(self, look: Look, width: int) -> list[Part]:
        model, totals = self._model, self._model.totals
        ending = sum(worker.state is WorkerState.STOPPING for worker in model.workers)
        workers = f"{totals.workers_busy}/{totals.workers}"
        if ending:  # after their page batches, so many are left
            workers = f"{totals.workers} {look.glyphs.arrow} {totals.workers - ending}"
        figures = [
            [(workers, look.strong), (" workers", look.muted)],
            [(f"{totals.pages_per_second:.1f}", look.strong), (" pages/s", look.muted)],
        ]
        if width >= _ROOMY:  # the views tell it too
            figures.insert(0, [(number(totals.queue_depth), look.strong), (" queued", look.muted)])
        if totals.eta_s is not None:
            figures.append([("ETA ", look.muted), (duration(totals.eta_s), look.strong)])
        right: list[Part] = [*_state(model, look, width)]
        for figure in figures:
            right += [("   " if width >= _ROOMY else "  ", _BLANK), *figure]
        left: list[Part] = [(" hotfolio", look.title)]
        room = width - parts_width(left) - parts_width(right) - 4
        settings = model.engine.settings
        more = len(settings.hot_folders) - 1
        folders = _folders((settings.input, settings.output), more, look.glyphs.arrow, room, look.glyphs.ellipsis)
        if folders:
            left += [("  ", _BLANK), (folders, look.muted)]
        return spread(left, right, width)

    def _second(self, look: Look, width: int) -> list[Part]:
        model, totals = self._model, self._model.totals
        history = (0.0,) * (HISTORY_BINS - len(totals.history)) + totals.history
        roomy = width >= _ROOMY
        left: list[Part] = [(" ", _BLANK), *_sparks(history, look)]
        left.append(("  pages/s, last 5 min" if roomy else "  last 5 min", look.faint))
        right: list[Part] = []
        for state in (JobState.DONE, JobState.PARTIAL, JobState.FAILED):
            count = totals.by_state[state]
            style = look.states[state] if count else look.faint
            right.append((f"{'   ' if roomy else '  '}{look.glyphs.states[state]} {number(count)}", style))
            if width >= _WORDY:
                right.append((f" {state}", look.muted if count else look.faint))
        for text in model.meter_texts():
            if parts_width(left) + parts_width(right) + len(text) + 4 <= width:  # a blank is between both ends
                right.append((f"   {text}", look.muted))
        return spread(left, right, width)


def _sparks(history: Sequence[float], look: Look) -> list[Part]:
    """The sparkline, in which nothing done is fainter than little done."""
    line = sparkline(history, _SPARK_CELLS, look.glyphs)
    runs = groupby(line, key=lambda spark: spark == look.glyphs.sparks[0])
    return [("".join(sparks), look.line if is_floor else look.accent) for is_floor, sparks in runs]


def _state(model: Model, look: Look, width: int) -> list[Part]:
    """In a glyph and a word."""
    if model.is_frozen:
        return [(f"{look.glyphs.paused} frozen", look.warning)]
    if model.is_lost:
        return [(f"{look.glyphs.idle} no engine", look.warning)]
    if model.is_paused:
        return [(f"{look.glyphs.paused} paused", look.warning)]
    reading: list[Part] = []
    if model.is_scanning:
        what = " the input folder" if width >= _WORDY else ""
        files = plural(model.discovered, "file")
        reading = [(f"{look.glyphs.busy} reading{what}{look.glyphs.ellipsis} {files}", look.accent)]
    if model.totals.active:
        running: Part = (f"{look.glyphs.playing} running", look.states[JobState.RUNNING])
        return [*reading, ("   ", _BLANK), running] if reading and width >= _ROOMY else [running]
    return reading or [(f"{look.glyphs.idle} idle", look.muted)]


@lru_cache(maxsize=8)
def _folders(paths: tuple[Path, Path], more: int, arrow: str, room: int, ellipsis: str) -> str:
    """`input → output`, or with further hot folders `input +2 → output`; where results are is what stays."""
    names = [display_name(_short(path)) for path in paths]
    if more:
        names[0] += f" +{more}"
    whole = f"{names[0]} {arrow} {names[1]}"
    if len(whole) <= room:
        return whole
    output = room - len(arrow) - 1
    if (left := output - len(names[1]) - 1) >= _FOLDER_MIN:
        return f"{shorten(names[0], left, ellipsis)} {arrow} {names[1]}"
    return f"{arrow} {shorten(names[1], output, ellipsis)}" if output >= _FOLDER_MIN else ""


def _short(path: Path, *, cwd: Callable[[], str] = os.getcwd) -> Path:
    """Relative to the working directory, where it is inside."""
    return path.relative_to(cwd()) if path.is_relative_to(cwd()) else path
