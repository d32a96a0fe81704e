"""Alerts: what the person is called to the terminal for, by its bell or by a notification on the desktop."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from engine.base.safetext import display_name
from engine.job.job import Job, JobState
from engine.job.snapshot import CONNECTION
from engine.remote.contract import EngineLike
from engine.settings.settings import Notify
from tui.terminal.tmux import passed_on
from tui.text.formatting import plural

QUIET_S = 2.0
"""The queue is done when nothing has been left to do for so long: the next document may be right behind."""
PAUSE_S = 5.0
"""Between two alerts about failures; what fails meanwhile is told together."""
MAX_CELLS = 200
"""Characters of a notification; more is cut off by whatever shows it."""
_TOLD = frozenset({JobState.DONE, JobState.PARTIAL, JobState.FAILED})
_TITLE = "hotfolio"


class Alerts:
    """Looks at an engine by itself, so that neither a filter nor a frozen list keeps anything from being told.

    What ended before it was made, or is put back on the list, is told to nobody.
    """

    def __init__(self, engine: EngineLike, clock: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        """`clock` is monotonic, `wall_clock` the time of day, both in seconds."""
        self._engine = engine
        self._clock = clock
        self._since = wall_clock()
        self._version = engine.overview().version
        self._seen: dict[int, datetime] = {}
        self._ended: Counter[JobState] = Counter()
        self._failed: list[Job] = []
        self._failure_told_at = clock() - PAUSE_S
        self._quiet_since: float | None = None

    def look(self) -> str | None:
        """What to tell now, in one line, if anything."""
        snapshot = self._engine.snapshot(self._version)
        self._version = snapshot.version
        ended_before = self._ended.total()
        for entry in snapshot.changed:
            self._note(entry.job)
        now = self._clock()
        by_state = snapshot.totals.by_state
        is_busy = (
            by_state[JobState.QUEUED] + by_state[JobState.RUNNING] > 0
            or self._engine.is_scanning
            or self._engine.unsettled > 0
            or any(banner.key == CONNECTION for banner in snapshot.banners)
        )
        if is_busy:
            self._quiet_since = None
        elif self._quiet_since is None or self._ended.total() > ended_before:
            self._quiet_since = now
        if self._quiet_since is not None and now - self._quiet_since >= QUIET_S and self._ended:
            is_told = not self._failed and set(self._ended) == {JobState.FAILED}
            text = None if is_told else self._summary()
            self._ended.clear()
            self._failed.clear()
            return text
        if self._failed and now - self._failure_told_at >= PAUSE_S:
            self._failure_told_at = now
            text = self._failures()
            self._failed.clear()
            return text
        return None

    def _note(self, job: Job) -> None:
        finished = job.finished
        if job.state not in _TOLD or finished is None or self._seen.get(job.id) == finished:
            return
        if finished.timestamp() < self._since:
            return
        self._seen[job.id] = finished
        self._ended[job.state] += 1
        if job.state is JobState.FAILED:
            self._failed.append(job)

    def _failures(self) -> str:
        first, *others = self._failed
        if not others:
            return f"{first.name} failed: {first.reason or 'nobody knows why.'}"
        return f"{plural(len(self._failed), 'document')} failed, {first.name} among them."

    def _summary(self) -> str:
        done, partial, failed = (self._ended[state] for state in (JobState.DONE, JobState.PARTIAL, JobState.FAILED))
        if (done, partial, failed) == (0, 0, 1) and self._failed:
            return self._failures()
        parts = [f"{plural(done, 'document')} converted"] if done else []
        parts += [f"{partial} with failed pages"] if partial else []
        parts += [f"{failed} failed"] if failed else []
        return f"The queue is done: {', '.join(parts)}."


def notification(kind: Notify, text: str, *, ascii_only: bool = False, environ: Mapping[str, str] | None = None) -> str:
    """What to send to the terminal so that it shows a text on the desktop; empty for `off`.

    OSC 9 is iTerm2's, OSC 777 rxvt-unicode's. Within tmux they are wrapped to be passed through.
    """
    environ = os.environ if environ is None else environ
    text = _harmless(text, ascii_only=ascii_only)
    match kind:
        case Notify.OSC9:
            sequence = f"\x1b]9;{_TITLE}: {text}\x07"
        case Notify.OSC777:
            # Some terminals take what is behind a semicolon for something else.
            sequence = f"\x1b]777;notify;{_TITLE};{text.replace(';', ',')}\x07"
        case _:
            return ""
    if environ.get("TMUX"):
        return passed_on(sequence)
    return sequence


def _harmless(text: str, *, ascii_only: bool) -> str:
    """One line of bounded length in which nothing steers the terminal."""
    text = display_name(text)
    if ascii_only:
        text = text.encode("ascii", "replace").decode()
    return text if len(text) <= MAX_CELLS else f"{text[: MAX_CELLS - 3]}..."
