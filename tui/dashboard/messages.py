"""What has happened in the dashboard, told upwards: past-tense messages and results of screens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from textual.message import Message

from tui.dashboard.jobfilter import JobFilter
from tui.dashboard.joblist import Sort, View


class QuitChoice(StrEnum):
    """How the person left the dashboard: what `Dashboard.run()` returns, None after a crash.

    All but `BACKGROUND` concern the engine only where the dashboard has started it.
    """

    FINISH = "finish"
    """Let running documents end, start no others, then stop."""
    BACKGROUND = "background"
    """Leave the engine to itself; another dashboard can join it."""
    STOP = "stop"
    """Stop at the next page batch; finished pages are kept."""


@dataclass
class JobHighlighted(Message):
    """The cursor is on another job, or on none."""

    job_id: int | None


@dataclass
class JobOpened(Message):
    """A job was chosen to be shown in full."""

    job_id: int


@dataclass
class ViewChosen(Message):
    """Another selection of jobs is to be shown."""

    view: View


@dataclass
class SortChosen(Message):
    """The list is to be sorted by this, or the other way round if it is already."""

    sort: Sort


@dataclass
class ActionChosen(Message):
    """Something is to be done to jobs; `name` is one of `tui.text.actions.ACTIONS`."""

    name: str
    job_ids: list[int]


@dataclass
class PasswordGiven(Message):
    """Locked documents are to be tried again with a password."""

    job_ids: list[int]
    password: str = field(repr=False)


@dataclass
class ProgramChosen(Message):
    """A program is to have the terminal until it ends; then `done` is called, whatever became of it."""

    command: list[str]
    done: Callable[[], None]


@dataclass
class MarksChanged(Message):
    """Other jobs are marked than before."""


@dataclass
class ActionFinished(Message):
    """An action on jobs has been done; `text` says what it did."""

    text: str
    is_problem: bool = False


@dataclass
class FilterChanged(Message):
    """Other jobs are to be shown, as typed so far."""

    job_filter: JobFilter | None

    def can_replace(self, message: Message) -> bool:
        """Of several that wait, only the last counts: fast typing filters once."""
        return isinstance(message, FilterChanged)


@dataclass
class FilterClosed(Message):
    """The filter has been typed; unless `keep`, it is dropped."""

    keep: bool
