"""What the engine, its bridge and the nodes say to each other. Paths travel as names that whoever gets them checks.

The engine speaks to its bridge, which hands on to a node what is for it (`ToNode`), and passes on what a node says
(`FromNode`) with the node's name, which the node cannot choose. Every message is validated by whoever it comes to.
"""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from engine.sandbox.protocol import OUT, PARTS, PagesTask
from engine.sandbox.stages import Stage

MAX_BYTES = 4 << 20
"""Bytes that go with one message at most."""
PING_S = 3.0
"""A node that has nothing to say says so after this."""
LEASE_S = 15.0
"""Who has not heard of the other for so long goes on without it: the engine gives the pages to others, and the node
ends its processes."""
MAX_SLOTS = 1024
MADE = (OUT, PARTS)
"""The folders of a desk in which pages leave files besides the checkpoint."""
_DEEPEST, _LONGEST = 4, 255

Life = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""One run of a node's process: what an earlier one says does not count any more."""
Epoch = Annotated[int, Field(ge=1, lt=1 << 53)]
"""One try to have a batch converted, by its number, which never comes again."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, le=MAX_BYTES)]
Offset = Annotated[int, Field(ge=0, lt=1 << 50)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
NodeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Words = Annotated[str, Field(max_length=1000)]


def _is_made(path: str) -> str:
    first, *names = path.split("/")
    if first not in MADE or not 1 <= len(names) <= _DEEPEST:
        raise ValueError("no file that pages leave")
    if any(name in ("", ".", "..") or "\0" in name or len(os.fsencode(name)) > _LONGEST for name in names):
        raise ValueError("no name of a file")
    return path


MadePath = Annotated[str, Field(max_length=1000), AfterValidator(_is_made)]
"""A file in one of the folders of `MADE`."""


class Message(BaseModel):
    """Anything that is said."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# --- to a node ---


class Allowance(Message):
    """What a batch may use, as `Limits`."""

    page_timeout_s: Seconds
    ocr_timeout_s: Seconds
    memory_bytes: Annotated[int, Field(ge=0)]
    open_timeout_s: Seconds
    step_timeout_s: Seconds


class Begin(Message):
    """Convert pages of a document, which the node asks for if it has not got it."""

    say: Literal["begin"] = "begin"
    epoch: Epoch
    sha256: Sha256
    """Of the document as it is to be opened."""
    length: Offset
    """Its bytes."""
    converted: bool = False
    """Whether it is the PDF that was made of a document of another kind."""
    needs: Stage
    limits: Allowance
    task: PagesTask


class Piece(Message):
    """The next bytes of the document of an epoch."""

    say: Literal["piece"] = "piece"
    epoch: Epoch
    offset: Offset
    size: Size


class End(Message):
    """End an epoch, and kill what works on it; nothing of it is wanted any more."""

    say: Literal["end"] = "end"
    epoch: Epoch


class Leave(Message):
    """End this node, and what it is at; it does not come back by itself."""

    say: Literal["leave"] = "leave"
    why: Words
    refused: bool = False
    """Whether it is not used, since its results might differ."""


ToNode = Begin | Piece | End | Leave
to_node: TypeAdapter[ToNode] = TypeAdapter(Annotated[ToNode, Field(discriminator="say")])


# --- from a node ---


class Want(Message):
    """The node lacks the document of this epoch from this byte on."""

    say: Literal["want"] = "want"
    epoch: Epoch
    offset: Offset


class Said(Message):
    """What the conversion process has said, as its own line."""

    say: Literal["said"] = "said"
    epoch: Epoch
    line: Annotated[str, Field(max_length=1 << 19)]


class Made(Message):
    """The next bytes of a file that pages have left, from its beginning on."""

    say: Literal["made"] = "made"
    epoch: Epoch
    path: MadePath
    size: Size
    last: bool


class Wrote(Message):
    """The next bytes of the checkpoint file."""

    say: Literal["wrote"] = "wrote"
    epoch: Epoch
    size: Size


class Ended(Message):
    """The epoch is over without an answer of the process."""

    say: Literal["ended"] = "ended"
    epoch: Epoch
    why: Literal["died", "garbage", "timeout", "memory", "node"]
    """`node`: by a fault of the machine, and not of the document."""
    message: Words


FromNode = Want | Said | Made | Wrote | Ended
from_node: TypeAdapter[FromNode] = TypeAdapter(Annotated[FromNode, Field(discriminator="say")])


class Hello(Message):
    """How a node introduces itself to whoever attaches to it."""

    name: NodeName
    life: Life
    slots: Annotated[int, Field(ge=1, le=MAX_SLOTS)]
    installed: Annotated[dict[Words, Words], Field(max_length=100)]
    """What results depend on, as `engine.cluster.likeness` tells it."""


class Reading(Message):
    """How a node is, with every answer to a poll."""

    cached_bytes: Offset
    free_bytes: Offset
    rss_bytes: Offset
    """Of all its processes."""


hello: TypeAdapter[Hello] = TypeAdapter(Hello)
reading: TypeAdapter[Reading] = TypeAdapter(Reading)


# --- between engine and bridge ---


class Tell(Message):
    """For a node; the message to it is what follows, a whole frame."""

    say: Literal["tell"] = "tell"
    life: Life
    size: Annotated[int, Field(ge=0, le=MAX_BYTES + (1 << 20))]


class Drop(Message):
    """Have nothing to do with this life of a node any more."""

    say: Literal["drop"] = "drop"
    life: Life


ToBridge = Tell | Drop
to_bridge: TypeAdapter[ToBridge] = TypeAdapter(Annotated[ToBridge, Field(discriminator="say")])


class Connected(Message):
    """Whether the bridge has Dask's scheduler, and why not."""

    say: Literal["connected"] = "connected"
    is_connected: bool
    why: Words = ""


class Joined(Message):
    """A node is there."""

    say: Literal["joined"] = "joined"
    hello: Hello


class Left(Message):
    """A node is not there any more."""

    say: Literal["left"] = "left"
    life: Life
    why: Words


class Beat(Message):
    """A sign of life of a node."""

    say: Literal["beat"] = "beat"
    life: Life
    round_trip_s: Seconds
    reading: Reading


class Passed(Message):
    """What a node says; it is what follows, whole frames."""

    say: Literal["passed"] = "passed"
    life: Life
    size: Annotated[int, Field(ge=0, le=MAX_BYTES + (1 << 20))]


FromBridge = Connected | Joined | Left | Beat | Passed
from_bridge: TypeAdapter[FromBridge] = TypeAdapter(Annotated[FromBridge, Field(discriminator="say")])
