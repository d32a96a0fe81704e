"""The keys that the bottom line of the queue tells, by what has the focus and what is under the cursor."""

from engine.job.job import Job, JobState
from tui.dashboard.widgets.key_bar import Hint, Hints

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


_JOB_FIRST: Hints = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "scroll", 5),
    (("page.previous", "page.next"), "page", 4),
)
_JOB_LAST: Hints = ((("app.help",), "help", 0), _UNDO)


def job_hints(job: Job | None) -> Hints:
    """What one may want next on the screen of one job: nothing that its state does not take."""
    if job is None:
        return (*_JOB_FIRST, *_JOB_LAST)
    own = [*([_PASSWORD] if job.needs_password else []), *_BY_STATE[job.state]]
    told = {ids for ids, _, _ in own}
    # What there is to see of a job there is in every state.
    more = [hint for hint in (_PEEK, _OUTPUT, _LOG, _COPY) if hint[0] not in told and _is_there(hint, job)]
    return (*_JOB_FIRST, *own, *((ids, word, 6 + rank) for ids, word, rank in more), *_JOB_LAST)


def _is_there(hint: Hint, job: Job) -> bool:
    """Whether a job has what the hint's key shows."""
    return hint is not _OUTPUT or job.output is not None or job.state is JobState.RUNNING


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
