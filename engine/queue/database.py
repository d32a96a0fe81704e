"""Database: one thread owns the SQLite file; others hand it work and wait, or look at what is written by themselves.

Whatever is waiting at the same moment shares one transaction and one fsync (`synchronous=FULL`), each request in a
savepoint of its own.
"""

import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from engine.base.errors import HotfolioError, OutputUnwritable
from engine.queue.queries import check_rows
from engine.queue.schema import EmptyDatabase, connect

log = logging.getLogger(__name__)

T = TypeVar("T")
DATABASE = "jobs.sqlite3"
"""The file's name in the state folder."""
_MAX_SHARED = 500
"""Requests in one transaction at most, so that none waits long for the others."""
_CHECKPOINT_IDLE_S = 0.2
_CHECKPOINT_REQUESTS = 2000
"""The write-ahead log is worked off when nothing was asked for so long, or after so many requests."""


class Database:
    """Thread-safe."""

    def __init__(self, file: Path, clock: Callable[[], float]) -> None:
        """Open or create the database; `clock` gives seconds since 1970.

        A damaged database is moved aside; `moved_aside` then says where to.
        """
        self._clock = clock
        self._file = file
        self.moved_aside: Path | None = None
        self.was_empty = False
        """Whether there was nothing in what was moved aside."""
        self._requests: queue.SimpleQueue[tuple[Callable[[sqlite3.Connection], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._closing = threading.Lock()  # guards _closed: nothing is asked for after the last request
        self._closed = False
        self._reading = threading.Lock()  # guards the second connection
        self._reader: sqlite3.Connection | None = None
        opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._own_database, args=(opened,), name="store", daemon=True)
        self._thread.start()
        opened.result()

    def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in a transaction; returns when it is durable."""
        return self.request(work).result()

    def request(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Have something done in a transaction; the future is done when it is durable."""
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise HotfolioError("The engine has stopped.")
            self._requests.put((work, future))
        return future

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Look at what is durable, in the caller's thread; of what was requested and is not done, nothing is seen."""
        with self._reading:
            if self._reader is None:
                with self._closing:
                    if self._closed:
                        raise HotfolioError("The engine has stopped.")
                self._reader = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
                self._reader.execute("PRAGMA query_only = ON")
            return work(self._reader)

    def close(self) -> None:
        """Finish what was asked for and let go of the file; later requests are refused."""
        with self._closing:
            self._closed = True
            self._requests.put(None)
        with self._reading:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        self._thread.join()

    # --- the thread that owns the database ---

    def _own_database(self, opened: Future[None]) -> None:
        try:
            db = self._open()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            opened.set_exception(error)
            return
        opened.set_result(None)
        served = 0
        while True:
            requests, closing = self._waiting(_CHECKPOINT_IDLE_S if served else None)
            if requests:
                self._serve(db, requests)
                served += len(requests)
            if closing:
                db.close()
                return
            # Not within a commit, where SQLite would do it by itself and some caller would wait for it.
            if served and (not requests or served >= _CHECKPOINT_REQUESTS):
                with contextlib.suppress(sqlite3.Error):
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                served = 0

    def _waiting(
        self, timeout_s: float | None
    ) -> tuple[list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]], bool]:
        """Whatever is waiting, at least one request unless the time is over; and whether the store is to close."""
        requests: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]] = []
        try:
            request = self._requests.get(timeout=timeout_s)
            while request is not None:
                requests.append(request)
                if len(requests) == _MAX_SHARED:
                    return requests, False
                request = self._requests.get_nowait()
        except queue.Empty:
            return requests, False
        return requests, True

    def _serve(
        self,
        db: sqlite3.Connection,
        requests: list[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]],
    ) -> None:
        """Do the requests in one transaction; one that fails is undone alone."""
        outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            db.execute("BEGIN IMMEDIATE")
            for work, future in requests:
                db.execute("SAVEPOINT request")
                try:
                    outcomes.append((future, work(db), None))
                except Exception as error:  # noqa: BLE001 - handed to the thread that waits
                    db.execute("ROLLBACK TO request")
                    outcomes.append((future, None, error))
                db.execute("RELEASE request")
            db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            log.exception("The queue could not be written")
            refusal = OutputUnwritable(f"Cannot write the queue {self._file}: {error}.")
            outcomes = [(future, None, refusal) for _, future in requests]
        for future, result, problem in outcomes:
            if problem is None:
                future.set_result(result)
            else:
                future.set_exception(problem)

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _sound(self._file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise OutputUnwritable(f"Cannot open the queue {self._file}: {error}.") from error
            self.was_empty = isinstance(error, EmptyDatabase)
            stamp = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%d-%H%M%S")
            self.moved_aside = self._file.with_name(f"{self._file.name}.damaged-{stamp}")
            log.error("The queue is damaged (%s); moved aside to %s", error, self.moved_aside)
            self._file.replace(self.moved_aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self._file}{suffix}").unlink(missing_ok=True)
            return connect(self._file)


def _sound(file: Path) -> sqlite3.Connection:
    """The queue's database; raises `sqlite3.DatabaseError` if it is damaged."""
    db = connect(file)
    try:
        check_rows(db)
    except BaseException:
        db.close()
        raise
    return db
