"""NodeSlot: one conversion at a time on a node, by a sandbox of its own backend; kept for batches of one document."""

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

from engine.base.errors import (
    ChildDied,
    ChildError,
    ChildGarbage,
    ChildKilled,
    HotfolioError,
    MemoryLimit,
    PageTimeout,
)
from engine.cluster.exchange import Begin, Ended, Said
from engine.cluster.framing import Frame
from engine.cluster.node.shipping import Shipping
from engine.job.job import Checkpoint
from engine.sandbox.backend import Backend, Desk, Limits, Sandbox
from engine.sandbox.protocol import (
    CONVERTED,
    OUT,
    PAGES,
    PARTS,
    Event,
    OcrStarted,
    PageDone,
    PagesDone,
    PageStarted,
    encode,
)

_MOST_PAGES = 500
_MOST_MEMORY = 1 << 30
"""What has converted so much, or is so big, is replaced before the next batch."""
_desks = count(1)


Emit = Callable[[Frame, bool], None]
"""Has something told, and whether somebody waits for it."""


class NodeSlot:
    """Driven by one thread at a time; only `kill` is for others. `_lock` guards what a kill is for."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._epoch: int | None = None
        self._is_ended = False
        self._sandbox: Sandbox | None = None
        self._desk: Desk | None = None
        self._shipping: Shipping | None = None
        self.document: tuple[object, ...] | None = None
        """Which document its process has open, and how."""

    def take(self, epoch: int) -> None:
        """An epoch is this slot's from now on."""
        with self._lock:
            self._epoch, self._is_ended = epoch, False

    def run(self, begin: Begin, source: Path, emit: Emit) -> None:
        """Convert a batch of a document that is at `source`, and tell of it by `emit`, to the end.

        Raises what `emit` raises.
        """
        try:
            self._convert(begin, source, emit)
        except PageTimeout as error:
            self._over(begin, "timeout", str(error), emit)
        except MemoryLimit as error:
            self._over(begin, "memory", str(error), emit)
        except ChildGarbage as error:
            self._over(begin, "garbage", str(error), emit)
        except ChildKilled:
            pass  # whoever has had it killed does not wait for an answer
        except (ChildDied, ChildError) as error:
            self._over(begin, "died", str(error), emit)
        except (HotfolioError, ValueError) as error:
            self._over(begin, "node", str(error), emit)
        except OSError as error:
            self._over(begin, "node", f"The node could not go on: {error.strerror or error}.", emit)
        finally:
            if self._shipping is not None:
                self._shipping.close()
                self._shipping = None
            with self._lock:
                self._epoch = None
            if self._sandbox is not None and not self._sandbox.is_usable:
                self.drop()

    def kill(self, epoch: int) -> bool:
        """End an epoch if it is this slot's, from any thread; returns whether it was."""
        with self._lock:
            if self._epoch != epoch:
                return False
            self._is_ended = True
            sandbox = self._sandbox
        if sandbox is not None:
            sandbox.kill()
        return True

    def drop(self) -> None:
        """Let go of the process and its desk."""
        with self._lock:
            sandbox, self._sandbox = self._sandbox, None
            desk, self._desk = self._desk, None
            self.document = None
        if sandbox is not None:
            sandbox.close()
        if desk is not None:
            desk.discard()

    def _convert(self, begin: Begin, source: Path, emit: Emit) -> None:
        sandbox, desk = self._ready(begin, source)
        with self._lock:
            self._sandbox = sandbox
            if self._is_ended:
                raise ChildKilled("The batch was ended.")
        batch = Checkpoint(begin.task.first, begin.task.last)
        for name in (batch.part, batch.file):
            (desk.path / PAGES / name).unlink(missing_ok=True)
        self._shipping = shipping = Shipping(begin.epoch, desk.path, batch)

        def tell(event: Event) -> None:
            if isinstance(event, PageDone | PagesDone):
                for frame in shipping.files():
                    emit(frame, False)
                for frame in shipping.lines():
                    emit(frame, False)
            is_of_page = isinstance(event, PageStarted | OcrStarted | PageDone)
            emit(Frame(Said(epoch=begin.epoch, line=encode(event).decode().rstrip("\n"))), not is_of_page)

        task = begin.task.model_copy(update={"desk": desk.name})
        tell(sandbox.run(task, tell))
        with contextlib.suppress(OSError):
            (desk.path / PAGES / batch.file).unlink(missing_ok=True)

    def _ready(self, begin: Begin, source: Path) -> tuple[Sandbox, Desk]:
        """A sandbox with the document before it; the one that has it open if it will do."""
        limits = begin.limits
        wanted = (begin.sha256, begin.converted, begin.task.desk, begin.task.name, begin.task.options, limits)
        if self._sandbox is not None and self._desk is not None and self.document == wanted:
            found = self._sandbox.readings()
            if (
                self._sandbox.is_usable
                and self._sandbox.stage >= begin.needs
                and found.pages < _MOST_PAGES
                and found.rss_bytes < _MOST_MEMORY
            ):
                return self._sandbox, self._desk
        self.drop()
        desk = self._backend.desk(f"{os.getpid()}-{next(_desks)}")
        _lay(desk, source, is_converted=begin.converted)
        sandbox = self._backend.open(
            Limits(
                limits.page_timeout_s,
                limits.ocr_timeout_s,
                limits.memory_bytes,
                limits.open_timeout_s,
                limits.step_timeout_s,
            ),
            begin.needs,
        )
        self._desk, self.document = desk, wanted
        return sandbox, desk

    def _over(self, begin: Begin, why: str, message: str, emit: Emit) -> None:
        if self._shipping is not None and why != "garbage":  # a page may be written that it has not lived to tell of
            with contextlib.suppress(OSError, ChildGarbage):
                for frame in (*self._shipping.files(), *self._shipping.lines()):
                    emit(frame, False)
        emit(Frame(Ended.model_validate({"epoch": begin.epoch, "why": why, "message": message[:1000]})), True)


def _lay(desk: Desk, source: Path, *, is_converted: bool) -> None:
    """Put a document on a new desk."""
    shutil.rmtree(desk.path, ignore_errors=True)
    desk.put_source(source)
    if is_converted:
        (desk.path / CONVERTED).symlink_to(source)
    for folder in (PAGES, OUT, PARTS):
        (desk.path / folder).mkdir(exist_ok=True)
