"""What has happened in the dashboard, told upwards: past-tense messages and results of screens."""

from dataclasses import dataclass
from enum import StrEnum

from textual.message import Message


class QuitChoice(StrEnum):
    """How the person left the dashboard: what `Dashboard.run()` returns, None after a crash."""

    FINISH = "finish"
    """Let running documents end, start no others, then stop."""
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
class MarksChanged(Message):
    """Other jobs are marked than before."""


@dataclass
class ActionFinished(Message):
    """An action on jobs has been done; `text` says what it did."""

    text: str
    is_problem: bool = False
