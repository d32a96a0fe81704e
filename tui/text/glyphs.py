"""The symbols of the dashboard, for terminals with Unicode and for those without."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.job.job import JobState
from engine.job.snapshot import PageMark


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One cell each, unless a name says otherwise."""

    states: Mapping[JobState, str]
    pages: Mapping[PageMark, str]
    some_done: str
    """A cell of a page map that stands for several pages, not all of them finished."""
    eighths: str
    """A cell of a bar from one part filled to all of it."""
    bar_rest: str
    sparks: str
    """From nothing to the most."""
    cursor: str
    mark: str
    ellipsis: str
    arrow: str
    ascending: str
    descending: str
    playing: str
    paused: str
    busy: str
    idle: str
    rule: str
    separator: str
    corners: str
    """Of a frame: upper left, upper right, lower left, lower right."""
    dash: str
    warning: str
    ramp: str
    """From paper to ink: a picture without colours."""
    key_names: Mapping[int, str]
    """For `str.translate`: names of keys that cannot be shown as symbols."""


UNICODE = Glyphs(
    states={
        JobState.QUEUED: "○",
        JobState.HELD: "‖",
        JobState.RUNNING: "▶",
        JobState.DONE: "✓",
        JobState.PARTIAL: "◐",
        JobState.FAILED: "✗",
        JobState.CANCELLED: "⊘",
    },
    pages={
        PageMark.WAITING: "·",
        PageMark.RUNNING: "▶",
        PageMark.OK: "■",
        PageMark.OCR: "▣",
        PageMark.TEXT_ONLY: "▤",
        PageMark.FAILED: "✗",
    },
    some_done="▪",
    eighths="▏▎▍▌▋▊▉█",
    bar_rest="─",
    sparks="▁▂▃▄▅▆▇█",
    cursor="▌",
    mark="●",
    ellipsis="…",
    arrow="→",
    ascending="▲",
    descending="▼",
    playing="▶",
    paused="‖",
    busy="●",
    idle="○",
    rule="─",
    separator="│",
    corners="╭╮╰╯",
    dash="–",
    warning="▲",
    ramp=" ░▒▓█",
    key_names={},
)

ASCII = Glyphs(
    states={
        JobState.QUEUED: ".",
        JobState.HELD: "=",
        JobState.RUNNING: ">",
        JobState.DONE: "+",
        JobState.PARTIAL: "%",
        JobState.FAILED: "x",
        JobState.CANCELLED: "-",
    },
    pages={
        PageMark.WAITING: ".",
        PageMark.RUNNING: ">",
        PageMark.OK: "#",
        PageMark.OCR: "o",
        PageMark.TEXT_ONLY: "t",
        PageMark.FAILED: "x",
    },
    some_done=":",
    eighths="#",
    bar_rest="-",
    sparks="_.:-=+*#",
    cursor=">",
    mark="*",
    ellipsis="~",
    arrow="->",
    ascending="^",
    descending="v",
    playing=">",
    paused="=",
    busy="*",
    idle="o",
    rule="-",
    separator="|",
    corners="++++",
    dash="-",
    warning="!",
    ramp=" .:-=+*#%@",
    key_names=str.maketrans({"↓": "down", "↑": "up", "←": "left", "→": "right"}),
)
