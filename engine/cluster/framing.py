"""Messages on a stream: one JSON object a line, after which come as many raw bytes as its `size` says."""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from engine.base.errors import ChildGarbage
from engine.cluster.exchange import Message

MAX_LINE = 1 << 20
"""Bytes of the line of a message at most."""
M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Frame:
    """A message, and the bytes that go with it."""

    message: Message
    data: bytes = b""

    def encode(self) -> bytes:
        """As it travels; raises `ValueError` if it says of its bytes what is not so."""
        if getattr(self.message, "size", 0) != len(self.data):
            raise ValueError("A frame says how many bytes it has.")
        return self.message.model_dump_json().encode("utf-8", "replace") + b"\n" + self.data


class Frames:
    """Puts together what has come in, however it was cut on its way. What is not the protocol ends it for good."""

    def __init__(self, known: TypeAdapter[M]) -> None:
        """`known` is what may be said by whoever is listened to."""
        self._known = known
        self._buffer = bytearray()
        self._waiting: Message | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this; raises `ChildGarbage`."""
        self._buffer += data
        found: list[Frame] = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of a frame that is not complete."""
        return not self._buffer and self._waiting is None

    def _next(self) -> Frame | None:
        if self._waiting is None:
            end = self._buffer.find(b"\n", 0, MAX_LINE + 1)
            if end < 0:
                if len(self._buffer) > MAX_LINE:
                    raise ChildGarbage("A node sent an endless line.")
                return None
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._waiting = decode(line, self._known)
        size: int = getattr(self._waiting, "size", 0)
        if len(self._buffer) < size:
            return None
        frame = Frame(self._waiting, bytes(self._buffer[:size]))
        del self._buffer[:size]
        self._waiting = None
        return frame


def decode(line: bytes, known: TypeAdapter[M]) -> M:
    """A message from its line; raises `ChildGarbage` if it is not one of these."""
    try:
        return known.validate_json(line)
    except ValidationError as error:
        raise ChildGarbage("A node sent something that is not the protocol.") from error


def several(data: bytes, known: TypeAdapter[M]) -> list[Frame]:
    """The frames that these bytes are; raises `ChildGarbage` if they are anything else."""
    frames = Frames(known)
    found = frames.feed(data)
    if not frames.is_empty:
        raise ChildGarbage("A node sent something that is not the protocol.")
    return found


def single(data: bytes, known: TypeAdapter[M]) -> Frame:
    """The one frame that these bytes are; raises `ChildGarbage` if they are anything else."""
    found = several(data, known)
    if len(found) != 1:
        raise ChildGarbage("A node sent something that is not the protocol.")
    return found[0]
