"""Vitals: how an engine does, in numbers; one record for monitoring, health checks and `hotfolio status`."""

from dataclasses import dataclass, field

from engine.job.job import JobState, PageState
from engine.job.machines import NodeSnapshot
from engine.job.snapshot import Banner, Totals, WorkerSnapshot
from engine.job.warningkind import WarningKind


@dataclass(frozen=True, slots=True)
class Spread:
    """How durations are spread."""

    bounds: tuple[float, ...]
    """Upper bounds in seconds, themselves included, in order."""
    counts: tuple[int, ...]
    """Durations between each bound and the one before; the last number is of those above all bounds."""
    total_s: float
    """All of them together."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What has happened since the engine started, in numbers that only grow."""

    pages: dict[PageState, int]
    page_seconds: dict[PageState, Spread]
    jobs: dict[JobState, int]
    job_seconds: dict[JobState, Spread]
    waits: Spread
    process_ends: dict[str, int]
    """How many conversion processes have ended, by why: the words of `engine.sandbox.ends.ProcessEnd`."""
    warned: int = 0
    """Jobs that are done, with warnings."""
    expired: int = 0
    """Results that were deleted because they had been kept long enough, or with their jobs."""
    warnings: dict[WarningKind, int] = field(default_factory=dict)
    """Of results, by kind."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes; what the fork server has loaded is counted again in each process that comes from it."""

    engine: int | None
    """None where it cannot be read."""
    fork_server: int | None
    """None also while there is none."""
    workers: int
    """Of all conversion processes, as last seen."""


@dataclass(frozen=True, slots=True)
class Room:
    """Free bytes on the disks that are written to; None where it cannot be read."""

    output: int | None
    state: int | None


@dataclass(frozen=True, slots=True)
class Vitals:
    """An engine as of one moment, without its jobs."""

    started: float
    """In seconds since 1970; the facts count from then."""
    is_paused: bool
    """Whether nothing new is begun, by a person or because something is out of order."""
    is_paused_by_hand: bool
    """Whether somebody has paused the queue: work is taken all the same, and waits."""
    hindrances: tuple[str, ...]
    """Why no work is taken, or none is done, a sentence each; a pause that somebody has asked for is none."""
    totals: Totals
    workers: tuple[WorkerSnapshot, ...]
    banners: tuple[Banner, ...]
    longest_wait_s: float | None
    """For how long the job has waited that has waited longest; None if none waits."""
    following_up: int
    """Commands and deliveries that are still to follow on jobs that have ended, due or not."""
    sandbox_failures: int
    """How often in a row no conversion process could be started; work pauses and is tried again."""
    busy_s: float
    """Seconds conversion processes have spent on their tasks since the start, all together."""
    facts: Facts
    memory: Memory
    room: Room
    nodes: tuple[NodeSnapshot, ...] = ()
    """The other machines of a cluster, by name."""
