"""The columns of the queue list: which fit, how wide they are, and a row's text in them."""

from dataclasses import dataclass

from rich.style import Style

from engine.base.safetext import display_text
from engine.job.job import JobState, Step
from engine.job.snapshot import JobSnapshot
from tui.dashboard.advice import short_reason
from tui.dashboard.joblist import Sort
from tui.dashboard.look import Look
from tui.dashboard.model import PAUSED
from tui.dashboard.widgets.lines import Part, over
from tui.text.formatting import bar, clip, duration, pad, shorten
from tui.text.glyphs import Glyphs

_BLANK = Style()
_GUTTER = 2
_NAME_MIN = 20
_SMALL = 79
"""Cells of the list on 80 columns."""
_STATE = 11
_MUTED_REASON = (JobState.CANCELLED, JobState.QUEUED)
_WITH_REASON = (JobState.FAILED, JobState.HELD, JobState.CANCELLED, JobState.QUEUED)
_BAR, _BAR_NARROW = 16, 10
_MANY = 10
"""Warnings of a job; of more there are so many at least."""

STEP_WORDS = {
    Step.STAGING: "opening",
    Step.PAGE_PROCESSING: "running",
    Step.MERGING: "merging",
    Step.PUBLISHING: "saving",
}
"""The words for the steps of a running job; as short as those for states."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells for each column, 0 if it is left out; a blank follows each."""

    width: int
    id: int
    priority: int
    name: int
    bar: int
    pages: int
    percent: int
    state: int
    worker: int
    time: int
    eta: int

    @property
    def reason(self) -> int:
        """What a sentence may take in place of bar, pages and percent."""
        taken = [cells for cells in (self.bar, self.pages, self.percent) if cells]
        return sum(taken) + len(taken) - 1 if taken else 0


def fit_columns(width: int, greatest_id: int) -> Columns:
    """The columns for a width.

    They give way in this order, until the name has 20 cells, or as many as it would have on a small terminal: worker,
    time, half the bar, percent, ETA, priority, the rest of the bar, pages, id.
    """
    least = max(_NAME_MIN, fit_columns(_SMALL, greatest_id).name) if width > _SMALL else _NAME_MIN
    wanted = {
        "id": max(3, len(str(greatest_id))),
        "priority": 3,
        "bar": _BAR,
        "pages": 9,
        "percent": 4,
        "state": _STATE,
        "worker": 7,
        "time": 6,
        "eta": 6,
    }

    def name() -> int:
        return width - _GUTTER - sum(cells + 1 for cells in wanted.values() if cells)

    for column, narrow in (
        ("worker", 0),
        ("time", 0),
        ("bar", _BAR_NARROW),
        ("percent", 0),
        ("eta", 0),
        ("priority", 0),
        ("bar", 0),
        ("pages", 0),
        ("id", 0),
    ):
        if name() >= least:
            break
        wanted[column] = narrow
    room = name()
    if wanted["bar"] == _BAR and room > 50:
        wanted["bar"] += min(room - 50, 14)
        room = name()
    return Columns(width=width, name=max(room, 1), **wanted)


def _heads(columns: Columns) -> list[tuple[str, Sort | None, int, bool]]:
    """Titles from left to right: what a click on it sorts by, how wide it is, and whether it is at the right."""
    heads = [
        ("ID", Sort.ID, columns.id, True),
        ("PRI", Sort.QUEUE, columns.priority, True),
        ("NAME", Sort.NAME, columns.name, False),
        ("PROGRESS", None, columns.bar, False),
        ("PAGES", Sort.PAGES, columns.pages, True),
        ("", Sort.PAGES, columns.percent, True),
        ("STATE", Sort.STATE, columns.state, False),
        ("WORKER", None, columns.worker, False),
        ("TIME", Sort.TIME, columns.time, True),
        ("ETA", Sort.QUEUE, columns.eta, True),
    ]
    return [head for head in heads if head[2]]


def head_parts(columns: Columns, look: Look, sort: Sort, *, is_reversed: bool) -> list[Part]:
    """The line above the rows."""
    arrow = look.glyphs.descending if is_reversed else look.glyphs.ascending
    cells = []
    for title, sorts, width, right in _heads(columns):
        is_shown = sort is sorts and sorts is not Sort.QUEUE and title
        cells.append(pad(f"{title}{arrow}" if is_shown else title, width, right=right))
    return [(" " * _GUTTER + " ".join(cells), look.muted)]


def sort_at(columns: Columns, x: int) -> Sort | None:
    """What a click on the titles sorts by, at a cell that counts from 0; None where there is nothing to sort by."""
    start = _GUTTER
    for _, sorts, width, _ in _heads(columns):
        if start <= x < start + width:
            return sorts
        start += width + 1
    return None


def state_of(entry: JobSnapshot, glyphs: Glyphs, waiting: str) -> tuple[str, str]:
    """Symbol and word for what a job is at; `waiting` is the word for one that runs and has no worker, empty if not."""
    if waiting and entry.step is Step.PAGE_PROCESSING:
        return glyphs.paused if waiting == PAUSED else glyphs.states[JobState.QUEUED], waiting
    return glyphs.states[entry.job.state], STEP_WORDS[entry.step] if entry.step is not None else str(entry.job.state)


def row_parts(
    entry: JobSnapshot, columns: Columns, look: Look, *, now: float, cursor: bool, mark: bool, waiting: str = ""
) -> list[Part]:
    """A job's row. `now` is wall-clock time in seconds; `waiting` as in `state_of`."""
    job, glyphs = entry.job, look.glyphs
    state_style = look.states[job.state]
    is_over = job.state in (JobState.DONE, JobState.CANCELLED)
    parts: list[Part] = [
        (glyphs.cursor if cursor else " ", look.accent),
        (glyphs.mark if mark else " ", look.key),
    ]

    def add(text: str, width: int, style: Style, *, right: bool = False) -> None:
        if width:
            parts.append((pad(text, width, right=right), style))
            parts.append((" ", _BLANK))

    add(str(job.id), columns.id, look.muted, right=True)
    add(f"{job.priority:+}" if job.priority else "", columns.priority, look.key, right=True)
    name_style = look.muted if is_over else look.text
    reason = short_reason(entry, look.keys) if job.state in _WITH_REASON and columns.reason else ""
    if reason:
        add(shorten(job.name, columns.name, glyphs.ellipsis), columns.name, name_style)
        reason = clip(" ".join(display_text(reason).split()), columns.reason, glyphs.ellipsis)
        add(reason, columns.reason, look.muted if job.state in _MUTED_REASON else state_style)
    else:
        progress, progress_cells = _progress(entry, columns, look)
        # What progress leaves free goes to the name.
        free = sum(cells + 1 for cells in (columns.bar, columns.pages, columns.percent) if cells) - progress_cells
        add(shorten(job.name, columns.name + free, glyphs.ellipsis), columns.name + free, name_style)
        parts += progress
    symbol, word = state_of(entry, glyphs, waiting)
    if job.warnings and columns.state:
        # What is done may still not be right: how often somebody should look at it, in the colour of what is half done.
        told = f" {glyphs.warning}{job.warnings if job.warnings < _MANY else f'{_MANY - 1}+'}"
        done = f"{symbol} {word}"
        parts += [
            (done, state_style),
            (pad(told, columns.state - len(done)), look.states[JobState.PARTIAL]),
            (" ", _BLANK),
        ]
    else:
        add(f"{symbol} {word}", columns.state, state_style)
    add(" ".join(map(str, entry.workers)), columns.worker, look.text)
    add(duration(seconds_of(entry, now)), columns.time, look.muted, right=True)
    add(duration(entry.eta_s), columns.eta, look.text, right=True)
    parts.pop()  # the blank after the last column
    if cursor:
        parts = [(text, look.cursor if look.cursor_is_plain else over(style, look.cursor)) for text, style in parts]
    return parts


def seconds_of(entry: JobSnapshot, now: float) -> float | None:
    """How long a job has taken so far, or took."""
    job = entry.job
    if job.state is JobState.RUNNING and job.started is not None:
        return now - job.started.timestamp()
    return job.seconds


def _progress(entry: JobSnapshot, columns: Columns, look: Look) -> tuple[list[Part], int]:
    """Bar, pages and percent from where there is something to say, and the cells they take."""
    job = entry.job
    total, done = job.pages, entry.pages_done
    shows_bar = job.state is JobState.RUNNING or (0 < done < (total or 0))
    fraction = done / total if total else 0.0
    parts: list[Part] = []
    if columns.bar and shows_bar:
        filled, rest = bar(fraction, columns.bar, look.glyphs)
        parts += [(filled, look.states[job.state]), (rest, look.bar_rest), (" ", _BLANK)]
    pages = ""
    if job.state is JobState.DONE:
        pages = str(total or "")
    elif job.state is JobState.PARTIAL:
        pages = f"{done - entry.pages_failed}/{total}"
    elif total is not None or job.state is JobState.RUNNING:
        dash = look.glyphs.dash
        pages = f"{done or dash}/{dash if total is None else total}"
    if columns.pages and pages:
        parts += [(pad(pages, columns.pages, right=True), look.text), (" ", _BLANK)]
    if columns.percent and parts:
        percent = f"{fraction:.0%}" if shows_bar and total else ""
        parts += [(pad(percent, columns.percent, right=True), look.muted), (" ", _BLANK)]
    return parts, sum(len(text) for text, _ in parts)
