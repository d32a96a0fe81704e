"""A checkup: the vitals of an engine, read from its parts, its processes and its disks."""

import os
import shutil
from pathlib import Path

import psutil

from engine.base.safetext import display_name, display_text
from engine.facade.machinery import DRAINING, Machinery
from engine.intake.hotfolder import ROOT_GONE
from engine.job.snapshot import Snapshot
from engine.job.vitals import Memory, Room, Vitals
from engine.queue.database import DATABASE
from engine.settings.settings import Settings
from engine.work.pool import BLOCKED, NO_PROCESS

_IN_THE_WAY = (BLOCKED, NO_PROCESS, DRAINING, ROOT_GONE)
"""How the keys of banners begin that mean that work is not taken, or not done."""


def vitals_of(machinery: Machinery, settings: Settings, *, is_paused_by_hand: bool, is_stopping: bool) -> Vitals:
    """What there is to tell of an engine that has been started."""
    view, pool = machinery.queue.view, machinery.pool
    overview = view.overview()
    return Vitals(
        started=view.started,
        is_paused=overview.is_paused,
        is_paused_by_hand=is_paused_by_hand,
        hindrances=_hindrances(overview, settings, is_stopping=is_stopping),
        totals=overview.totals,
        workers=overview.workers,
        banners=overview.banners,
        longest_wait_s=view.longest_wait_s(),
        following_up=machinery.aftermath.left,
        sandbox_failures=pool.sandbox_failures,
        busy_s=pool.busy_s,
        facts=view.facts(),
        memory=_memory(overview, machinery.backend.pids),
        room=Room(_free_bytes(settings.output), _free_bytes(settings.state_folder)),
        nodes=machinery.cluster.nodes() if machinery.cluster is not None else (),
    )


def _hindrances(overview: Snapshot, settings: Settings, *, is_stopping: bool) -> tuple[str, ...]:
    found = ["The engine is stopping."] if is_stopping else []
    found += [display_text(b.message) for b in overview.banners if b.key.startswith(_IN_THE_WAY)]
    database = settings.state_folder.absolute() / DATABASE
    if not database.is_file():
        found.append(
            f"The queue {display_name(database)} is gone: "
            "what is queued, and what is converted already, is forgotten when the engine stops."
        )
    return tuple(found)


def _memory(overview: Snapshot, fork_server: tuple[int, ...]) -> Memory:
    found = [_resident_bytes(pid) for pid in fork_server]
    return Memory(
        engine=_resident_bytes(os.getpid()),
        fork_server=sum(size for size in found if size is not None) if any(found) else None,
        workers=sum(worker.rss_bytes for worker in overview.workers),
    )


def _resident_bytes(pid: int) -> int | None:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return None


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
