"""The keys that the bottom line of the queue tells, by what has the focus and what is under the cursor."""

from engine.job.job import Job, JobState
from tui.dashboard.widgets.key_bar import Hints

_ALWAYS: Hints = (
    (("app.help",), "help", 0),
    (("job.open",), "detail", 4),
    (("view.filter",), "filter", 5),
    (("mark.toggle",), "mark", 8),
    (("app.palette",), "commands", 10),
    (("view.sort",), "sort", 12),
    (("app.pause",), "pause", 13),
    (("workers.fewer", "workers.more"), "workers", 14),
    (("app.quit",), "quit", 0),
)
_RETRY = (("job.retry",), "retry", 1)
_LOG = (("job.log",), "log", 3)
_OUTPUT = (("job.output",), "read", 1)
_PEEK = (("job.peek",), "look", 2)
_COPY = (("job.copy",), "copy path", 3)
_CANCEL = (("job.cancel",), "cancel", 1)
_PRIORITY = (("job.raise", "job.lower"), "priority", 2)
_HOLD = (("job.hold",), "hold", 6)
_UNDO = (("job.undo",), "undo", 9)
_BY_STATE: dict[JobState, Hints] = {
    JobState.QUEUED: (_CANCEL, _PRIORITY, (("job.move_top", "job.move_bottom"), "top, bottom", 7), _HOLD),
    JobState.HELD: ((("job.hold",), "release", 1), (("job.cancel",), "cancel", 2), (("job.log",), "log", 6)),
    JobState.RUNNING: (_CANCEL, _PRIORITY, (("job.peek",), "look", 3), _HOLD),
    JobState.DONE: (_OUTPUT, _PEEK, _COPY, (("job.remove",), "remove", 6)),
    JobState.PARTIAL: (_RETRY, (("job.output",), "read", 2), _LOG, (("job.copy",), "copy path", 6)),
    JobState.FAILED: (_RETRY, _LOG, (("job.remove",), "remove", 6)),
    JobState.CANCELLED: (_RETRY, (("job.remove",), "remove", 2)),
}
_MARKED: Hints = (
    (("job.cancel",), "cancel", 1),
    (("job.hold",), "hold", 2),
    (("job.raise", "job.lower"), "priority", 3),
    (("job.retry",), "retry", 6),
    (("mark.none",), "unmark", 1),
)
_PASSWORD = (("job.unlock",), "password", 0)

FILTER_HINTS: Hints = (
    (("filter.keep",), "keep it", 0),
    (("filter.drop",), "drop it", 1),
    (("app.help",), "help", 2),
    (("app.palette",), "commands", 3),
)


def row_hints(job: Job | None, *, has_marks: bool, in_side: bool) -> Hints:
    """What one may want next, with the row that the cursor is on; low ranks stay where room is short."""
    first, *others = _ALWAYS
    hints = [first]
    if in_side:
        hints += [(("view.next",), "list", 0), (("scroll.down", "scroll.up"), "scroll", 0)]
    if has_marks:
        hints += _MARKED
    elif job is not None:
        hints += [_PASSWORD] if job.needs_password else []
        hints += _BY_STATE[job.state]
    return [*hints, *others[:-1], _UNDO, others[-1]]
