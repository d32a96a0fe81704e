"""RemoteSandbox: one batch of pages on a node. What comes of it is on the desk as if it had been made here."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from engine.base.errors import (
    ChildDied,
    ChildError,
    ChildGarbage,
    ChildKilled,
    MemoryLimit,
    NodeLost,
    OutputUnwritable,
    PageTimeout,
    unwritable,
)
from engine.base.safetext import display_name, display_text
from engine.cluster.epochs import Epoch, Lost
from engine.cluster.exchange import Allowance, Begin, Ended, Made, Piece, Said, Want, Wrote
from engine.cluster.fleet import Fleet
from engine.cluster.framing import Frame
from engine.cluster.landing import Landing
from engine.job.job import Checkpoint
from engine.sandbox.backend import Limits
from engine.sandbox.listening import ListeningSandbox
from engine.sandbox.protocol import Answer, Event, PagesDone, PagesTask, Task, decode_event
from engine.sandbox.stages import Stage

_PIECE = 1 << 20
_PATIENCE, _MARGIN_S = 10, 60.0
"""The node keeps the deadlines, with what its processes have waited for a processor; here so many times as long is the
limit, and a little, for a node that does not."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is opened."""

    file: Path
    sha256: str
    length: int
    converted: bool
    """Whether it is the PDF that was made of a document of another kind."""


class RemoteSandbox(ListeningSandbox):
    """For one batch. Only `kill` and the readings are for other threads."""

    def __init__(
        self, fleet: Fleet, life: str, document: Document, desk: Path, limits: Limits, needs: Stage, batch: Checkpoint
    ) -> None:
        """`life` is the node's, which has a place for it."""
        super().__init__(_patient(limits))
        self._fleet = fleet
        self._life = life
        self._document = document
        self._folder = desk
        self._allowed = limits
        self._needs = needs
        self._batch = batch
        self._epoch: Epoch | None = None
        self._landing: Landing | None = None
        self._killed = False
        self._is_over = False
        self._shipping_s = 0.0
        self._sent: tuple[int, float] | None = None
        """Bytes of the document that were sent last, and when, until they are known to have arrived."""

    @property
    def is_usable(self) -> bool:
        """Whether it can take a batch."""
        return self._epoch is None and not self._killed

    @property
    def stage(self) -> Stage:
        """What the process has loaded at least."""
        return self._needs

    def run(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        """See `Sandbox.run`; raises `NodeLost` for what is no fault of the document's, too."""
        try:
            answer = super().run(task, on_event)
        except PageTimeout as error:
            if self._is_over:  # by the node's word
                raise
            self._fleet.fault(self._life, "It has not kept a deadline.")
            raise NodeLost("The node has not kept a deadline.") from error
        finally:
            self.close()
        if isinstance(answer, PagesDone):
            self._fleet.converted(self._life, self._document.sha256, self._batch.last - self._batch.first + 1)
        return answer

    def kill(self) -> None:
        """End the batch, from any thread."""
        self._killed = True
        epoch = self._epoch
        if epoch is not None:
            epoch.inbox.put(Lost("The batch was ended."))
            self._fleet.end(epoch, is_over=False)

    def close(self) -> None:
        """Let go of everything."""
        if self._epoch is not None:
            self._fleet.end(self._epoch, is_over=self._is_over)
        if self._landing is not None:
            self._landing.close()
            self._landing = None

    def _waited_s(self) -> float:
        return self._shipping_s

    def _send(self, task: Task) -> None:
        if not isinstance(task, PagesTask):
            raise TypeError("A node converts pages, and does nothing else.")
        limits = self._allowed
        allowance = Allowance(
            page_timeout_s=limits.page_timeout_s,
            ocr_timeout_s=limits.ocr_timeout_s,
            memory_bytes=limits.memory_bytes,
            open_timeout_s=limits.open_timeout_s,
            step_timeout_s=limits.step_timeout_s,
        )
        try:
            self._landing = Landing(self._folder, self._batch)
        except OSError as error:
            raise self._unwritable(error) from error
        document = self._document
        self._epoch = self._fleet.begin(
            self._life,
            document.sha256,
            lambda number: Begin(
                epoch=number,
                sha256=document.sha256,
                length=document.length,
                converted=document.converted,
                needs=self._needs,
                limits=allowance,
                task=task,
            ),
        )
        if self._killed:
            raise ChildKilled("The batch was ended.")

    def _next_event(self, deadline: float) -> Event | None:
        assert self._epoch is not None
        inbox = self._epoch.inbox
        while True:
            try:
                said = inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return None
            if self._killed:
                raise ChildKilled("The batch was ended.")
            if isinstance(said, Lost):
                raise NodeLost(said.why)
            if isinstance(said.message, Ended):
                self._is_over = True
                raise self._death(said.message)
            try:
                event = self._heard(said)
            except ChildGarbage as error:
                if self._landing is not None:
                    self._landing.void()
                self._fleet.void(self._life)
                raise NodeLost("The node has sent what is not the protocol.") from error
            except OSError as error:
                raise self._unwritable(error) from error
            if event is not None:
                return event
            if isinstance(said.message, Want):
                deadline = time.monotonic() + self._limits.open_timeout_s

    def _heard(self, frame: Frame) -> Event | None:
        """What the process has said, if that is what the node tells. Raises `ChildError`, `OSError`."""
        assert self._landing is not None
        match frame.message:
            case Want(offset=offset):
                self._arrived(is_measure=True)
                self._ship(offset)
            case Made():
                self._landing.made(frame.message, frame.data)
            case Wrote():
                self._landing.wrote(frame.data)
            case Said(line=line):
                self._arrived(is_measure=False)
                event = decode_event(line.encode())
                self._landing.said(event)
                self._is_over = isinstance(event, Answer)
                return event
        return None

    def _ship(self, offset: int) -> None:
        """Send the next bytes of the document. Raises `ChildGarbage` if there are none, `OSError`."""
        assert self._epoch is not None
        with self._document.file.open("rb", buffering=0) as stream:
            stream.seek(offset)
            data = stream.read(_PIECE)
        if not data:
            raise ChildGarbage("The node wants more of a document than there is.")
        self._sent = len(data), time.monotonic()
        self._fleet.tell(self._epoch, Piece(epoch=self._epoch.number, offset=offset, size=len(data)), data)

    def _arrived(self, *, is_measure: bool) -> None:
        """What was sent is there. Once the node has said so at once, that is a measure of the way there and back."""
        if self._sent is None:
            return
        (size, at), self._sent = self._sent, None
        seconds = time.monotonic() - at
        self._shipping_s += seconds  # no process was at work in that time
        self._fleet.shipped(self._life, size, seconds if is_measure else 0.0)

    def _death(self, ended: Ended) -> ChildError:
        message = display_text(ended.message)
        match ended.why:
            case "timeout":
                return PageTimeout(message)
            case "memory":
                return MemoryLimit(message)
            case "died":
                return ChildDied(message)
            case "garbage":
                return ChildGarbage(message)
            case "node":
                self._fleet.fault(self._life, message)
                return NodeLost(message)

    def _unwritable(self, error: OSError) -> OutputUnwritable:
        where = display_name(self._folder)
        number = error.errno or errno.EIO
        return unwritable(error, where) or OutputUnwritable(f"Cannot write to {where}: {os.strerror(number)}.")


def _patient(limits: Limits) -> Limits:
    return Limits(
        limits.page_timeout_s * _PATIENCE + _MARGIN_S,
        limits.ocr_timeout_s * _PATIENCE + _MARGIN_S,
        limits.memory_bytes,
        limits.open_timeout_s * _PATIENCE + _MARGIN_S,
        limits.step_timeout_s * _PATIENCE + _MARGIN_S,
    )
