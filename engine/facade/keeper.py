"""Keeper: once a second, sees to what nobody else does."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from engine.base.errors import StateLost
from engine.facade.reloading import Reloader
from engine.facade.retention import Retention
from engine.job.machines import NodeSnapshot
from engine.queue.jobqueue import JobQueue
from engine.sandbox.backend import Cluster
from engine.settings.settings import Settings
from engine.settings.statefolder import disk_problem
from engine.work.conversion import Conversions
from engine.work.pool import BLOCKED, LOST, NO_PROCESS, WorkerPool

log = logging.getLogger(__name__)

"""The pause, and the banner's key, for what is left of an engine whose state folder was taken away."""
NO_NODES = "cluster"
"""The banner's key while no other machine can be reached."""
_PACE_S = 1.0
_DISK_CHECK_S = 5.0
_RETENTION_S = 60.0
_SLOW_PAGE_S = 2.0


class Keeper:
    """Has a thread of its own."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        queue: JobQueue,
        conversions: Conversions,
        pool: WorkerPool,
        cluster: Cluster | None,
        reloader: Reloader,
        retention: Retention,
        check_hold: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        """`check_hold` raises `StateLost` if the state folder was taken away; `on_lost` is then called once."""
        self._settings = settings
        self._queue = queue
        self._conversions = conversions
        self._pool = pool
        self._cluster = cluster
        self._reloader = reloader
        self._retention = retention
        self._check_hold = check_hold
        self._on_lost = on_lost
        self._lost: StateLost | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def retire(self) -> None:
        """Begin nothing more; returns at once."""
        self._stopping.set()

    def stop(self) -> None:
        """End; returns when what is under way is done."""
        self.retire()
        self._thread.join()

    def check(self) -> None:
        """Raise `StateLost` once the state folder was found to be taken away."""
        if self._lost is not None:
            raise self._lost

    def _keep(self) -> None:
        next_disk_check = next_retention = 0.0
        while not self._stopping.wait(_PACE_S):
            try:
                self._check_hold()
                self._pool.read_processes()
                for worker in self._queue.view.overview().workers:
                    if worker.job_id is not None and (worker.seconds_on_page or 0) > _SLOW_PAGE_S:
                        self._conversions.batches.suspect_slow(worker.job_id)
                self._queue.offer_delayed()
                self._reloader.look()
                if self._cluster is not None:
                    self._queue.set_banner(NO_NODES, self._cluster.problem)
                    self._queue.set_nodes(tuple(map(_rounded, self._cluster.nodes())))
                if time.monotonic() >= next_disk_check:
                    next_disk_check = time.monotonic() + _DISK_CHECK_S
                    check_disk(self._settings(), self._queue)
                    self._conversions.check_passwords()
                    self._conversions.settle_again()
                    self._queue.resume(NO_PROCESS, keeps_banner=True)
                if time.monotonic() >= next_retention:
                    next_retention = time.monotonic() + _RETENTION_S
                    self._retention.look()
            except StateLost as lost:
                log.error("%s", lost)
                self._queue.pause(LOST, str(lost))
                self._lost = lost
                self._on_lost()
                return
            except Exception:
                log.exception("Housekeeping failed")


def _rounded(node: NodeSnapshot) -> NodeSnapshot:
    """What is shown of a machine: with less of it, front ends are told of nothing that nobody sees."""
    return replace(
        node,
        silent_s=float(int(node.silent_s)),
        round_trip_s=round(node.round_trip_s, 3),
        free_bytes=node.free_bytes >> 27 << 27,
        rss_bytes=node.rss_bytes >> 20 << 20,
    )


def check_disk(settings: Settings, queue: JobQueue) -> None:
    """Pause while nothing can be written, and go on by itself when that is over."""
    problem = disk_problem(settings)
    if problem is not None:
        queue.pause(BLOCKED, problem)
    elif queue.is_paused_by(BLOCKED):
        queue.resume(BLOCKED)
