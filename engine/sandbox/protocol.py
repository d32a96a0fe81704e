"""What the engine and a conversion process say to each other: one JSON object a line, over a socket.

Never pickles: a document that takes over the process must not reach the engine. Every message is validated on
arrival, and paths from the process are never used: a task names a desk, and whoever hands it on says where that is.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from engine.base.errors import ChildGarbage
from engine.job.job import PageState
from engine.job.options import ConvertOptions, DocumentKind
from engine.job.snapshot import WHOLE_PAGE
from engine.job.warningkind import WarningKind
from engine.sandbox.stages import Stage

MAX_LINE = 1 << 20
"""Bytes of one message at most."""
_Share = Annotated[float, Field(ge=0, le=1)]
MAX_PEEK = 1600
"""Pixels along one side of a picture to look at. What does not fit into a message is smaller."""
SOURCE = "source.pdf"
"""The staged copy of the document in the job's folder, whatever kind it is of."""
CONVERTED = "converted.pdf"
"""The PDF that `OpenTask` makes of it beside it, if it is none; all later tasks are about this one."""
PAGES = "pages"
"""The folder of checkpoint files."""
OUT = "out"
"""The folder of what will be published."""
LOG = "log.txt"
"""What libraries print while they work on the job."""
MERGE_LIST = "merge.json"
"""What `MergeTask` reads: `{"checkpoints": [file, ...], "failed": {page: reason}}`."""
PARTS = "parts"
"""The folder in which pages leave what the merge needs besides the checkpoints."""
PAGE_SIZES = "page-sizes.json"
"""What `MergeTask` leaves: `{page: bytes of Markdown}`, in the order of the file; empty without Markdown."""

PAGE_REASONS = "page-reasons.json"
"""What `MergeTask` leaves as well: `{page: why it was read the way it was}`, where there is something to say."""
ATTACHED = "attached"
"""The folder in which `MergeTask` leaves the attached files that are to be converted too."""
ATTACHED_LIST = "attached.json"
"""What `MergeTask` leaves as well, of a document with attached files: `[{"name", "type", "size", "file"}, ...]`, where
`file` is the name in that folder, or null."""
VISION_MODEL = "vision-model"
"""Among what is loaded ahead: asking one, and reading its answers, which takes a quarter of a second to load."""

DeskName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PageNumber = Annotated[int, Field(ge=1, le=10_000_000)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Message(BaseModel):
    # What is wrong with a message is written to logs, and its passwords are not.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# --- tasks: engine to process ---


class _Task(_Message):
    desk: DeskName
    """Of the job: the staged document is on it, and everything is written there."""
    name: str
    """The document's file name, for the names and links of what is made from it."""
    options: ConvertOptions
    password: str | None = Field(default=None, repr=False)


class InOneGo(_Message):
    """What is to be done of a document as soon as it is open, if it is small."""

    pages: int
    """It has no more pages than this, and what it needs is loaded."""
    source: str
    sha256: str
    """As those of `MergeTask`."""


class OpenTask(_Task):
    """Open the document, as a PDF if it is none, and write down what concerns it as a whole."""

    task: Literal["open"] = "open"
    candidates: tuple[str, ...] = Field(default=(), repr=False)
    """More passwords to try, in this order, once `password` has not opened it."""
    in_one_go: InOneGo | None = None
    """Convert and merge it as well, if the process finds that it is small.

    Then it says so (`Begun`), tells of the pages as for `PagesTask`, and answers with `Merged`. Nothing of that is
    durable, not even then; the pages are in the file of an unfinished batch. If one of them has failed, it does not
    merge, but finishes the batch and answers with `PagesDone`.
    """


class PagesTask(_Task):
    """Convert consecutive pages and write their checkpoint."""

    task: Literal["pages"] = "pages"
    first: int
    last: int
    text_only: bool = False


class PreviewTask(_Task):
    """Write the Markdown of the pages that are finished so far."""

    task: Literal["preview"] = "preview"
    file: Annotated[str, Field(pattern=r"^[\w-]+\.md$")]
    """Where to, on the desk."""
    page: PageNumber | None = None
    """Write this page alone."""
    failure: str | None = None
    """Why the page has failed, if it is known to have."""


class PeekTask(_Message):
    """Render a page as a picture to look at."""

    task: Literal["peek"] = "peek"
    desk: DeskName
    """With the document on it; nothing but a log is written."""
    name: str
    """Its file name, which says its kind where its content does not."""
    accept: tuple[DocumentKind, ...]
    """What it may be."""
    page: PageNumber
    width: Annotated[int, Field(ge=1, le=MAX_PEEK)]
    """The picture is fitted into so many pixels."""
    height: Annotated[int, Field(ge=1, le=MAX_PEEK)]
    area: tuple[_Share, _Share, _Share, _Share] = WHOLE_PAGE
    """The part of the page that is rendered."""
    password: str | None = Field(default=None, repr=False)
    candidates: tuple[str, ...] = Field(default=(), repr=False)
    """As those of `OpenTask`."""


class MergeTask(_Task):
    """Make the document-wide outputs from the checkpoints, as `merge.json` on the desk lists them.

    How much of the Markdown is whose page's is then in `page-sizes.json`. Both are files, since such lists grow with
    the document and a message may not.
    """

    task: Literal["merge"] = "merge"
    source: str = ""
    """The source's path in its folder, as the manifest has it."""
    sha256: str = ""
    """Of the source, in hexadecimal digits."""


Task = OpenTask | PagesTask | MergeTask | PreviewTask | PeekTask
_AnyTask = Annotated[Task, Field(discriminator="task")]
_tasks: TypeAdapter[Task] = TypeAdapter(_AnyTask, config=ConfigDict(hide_input_in_errors=True))


class Order(_Message):
    """A task as a process on this machine gets it, which knows no desks."""

    folder: str
    """The desk's, absolute, as `wire_path` writes it."""
    memory: int = Field(ge=0)
    """Bytes that the process may have allocated in all."""
    task: _AnyTask


# --- events: process to engine ---


class Ready(_Message):
    """The process stands by."""

    event: Literal["ready"] = "ready"
    pid: int
    stage: Stage
    """What it has loaded."""
    threads: int
    """Threads of the fork server when it forked; more than two could have been left behind by the fork."""


class Opened(_Message):
    """The document is open."""

    event: Literal["opened"] = "opened"
    pages: PageNumber
    busy_s: Seconds
    warnings: tuple[str, ...] = ()
    kinds: tuple[WarningKind, ...] = ()
    """Of those warnings that have one."""
    needs: Stage = Stage.BARE
    """What its pages will need, as far as that can be told."""
    candidate: Annotated[int, Field(ge=0)] | None = None
    """Which of `OpenTask.candidates` has opened it, from 0."""


class Begun(_Message):
    """The document is open, and is now converted and merged in one go."""

    event: Literal["begun"] = "begun"
    opened: Opened


class OpenProgress(_Message):
    """Still opening: so many pages have been laid out, or put into a PDF."""

    event: Literal["open_progress"] = "open_progress"
    page: PageNumber


class PageStarted(_Message):
    """Work on a page begins; its deadline runs from here."""

    event: Literal["page_started"] = "page_started"
    page: PageNumber


class OcrStarted(_Message):
    """The page is being read by OCR, which may take longer."""

    event: Literal["ocr_started"] = "ocr_started"
    page: PageNumber


class PageDone(_Message):
    """A page is finished and its line stands in the checkpoint file."""

    event: Literal["page_done"] = "page_done"
    page: PageNumber
    state: PageState
    seconds: Seconds
    via: str
    error: str | None = None


class PagesDone(_Message):
    """All pages of the batch are finished; their checkpoint is on the disk under its final name."""

    event: Literal["pages_done"] = "pages_done"
    busy_s: Seconds
    """Seconds from taking the task to this message."""


class Lacking(_Message):
    """A page needs what this process has not loaded; those before it are in the file of the unfinished batch."""

    event: Literal["lacking"] = "lacking"
    stage: Stage
    """What the page needs."""
    busy_s: Seconds


class MergeProgress(_Message):
    """Still merging: so many pages have been written."""

    event: Literal["merge_progress"] = "merge_progress"
    page: PageNumber


class Merged(_Message):
    """The document-wide outputs are on the disk."""

    event: Literal["merged"] = "merged"
    busy_s: Seconds
    warnings: tuple[str, ...] = ()
    kinds: tuple[WarningKind, ...] = ()
    """Of those warnings that have one."""
    versions: dict[str, str] = {}


class Previewed(_Message):
    """The preview is written."""

    event: Literal["previewed"] = "previewed"
    pages: Annotated[int, Field(ge=0)]
    """So many pages are in it; of a page that is not finished, no preview is written."""
    busy_s: Seconds


class Peeked(_Message):
    """The picture of a page."""

    event: Literal["peeked"] = "peeked"
    width: Annotated[int, Field(ge=1, le=MAX_PEEK)]
    height: Annotated[int, Field(ge=1, le=MAX_PEEK)]
    rgb: Base64Bytes
    """Three bytes a pixel, row by row from the top."""
    is_deflated: bool = False
    """Whether they are compressed (zlib)."""
    busy_s: Seconds


class Refused(_Message):
    """The task cannot be done; the process stands by for the next one."""

    event: Literal["refused"] = "refused"
    kind: Literal["not_a_pdf", "not_accepted", "damaged", "password", "unwritable", "plugin", "memory", "internal"]
    message: str


Answer = Opened | PagesDone | Lacking | Merged | Previewed | Peeked | Refused
"""What ends a task."""
Event = Ready | OpenProgress | Begun | PageStarted | OcrStarted | PageDone | MergeProgress | Answer
_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def encode(message: Task | Order | Event) -> bytes:
    """The line that carries a message."""
    return message.model_dump_json().encode("utf-8", "replace") + b"\n"


def decode_task(line: bytes) -> Task:
    """A task from its line."""
    return _tasks.validate_json(line)


def decode_order(line: bytes) -> Order:
    """An order from its line."""
    return Order.model_validate_json(line)


def wire_path(path: Path) -> str:
    """A path as text that survives JSON whatever bytes are in it."""
    return os.fsencode(path.absolute()).decode("latin-1")


def path_of(wire: str) -> Path:
    """What `wire_path` has written."""
    return Path(os.fsdecode(wire.encode("latin-1")))


def decode_event(line: bytes) -> Event:
    """An event from its line; raises `ChildGarbage` if it is not one."""
    try:
        return _events.validate_json(line)
    except ValidationError as error:
        raise ChildGarbage("The conversion process sent something that is not the protocol.") from error
