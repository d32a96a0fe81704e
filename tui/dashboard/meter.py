"""Meter: how hard the machine works, and how much room the results have."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the machine."""

    cpu_percent: float
    """Of all cores together."""
    disk_free_bytes: int | None
    """None where the folder cannot be asked."""


def read_meter(output: Path) -> Reading:
    """Look; the CPU's share counts from the last look. May wait for a slow disk, so call it in a thread."""
    try:
        free = shutil.disk_usage(output).free
    except OSError:
        free = None
    return Reading(psutil.cpu_percent(), free)
