"""What the engine and a conversion process say to each other: one JSON object a line, over a socket.

Never pickles: a document that takes over the process must not reach the engine. Every message is validated on
arrival, and paths from the process are never used: the engine says where results go.
"""

from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from engine.errors import ChildGarbage
from engine.job import PageState
from engine.options import ConvertOptions

WITHOUT_OCR = "--without-ocr"
"""Tells a fork server that its processes will hardly be asked for OCR."""
MAX_LINE = 1 << 20
"""Bytes of one message at most."""
MAX_PEEK = 400
"""Pixels along one side of a small picture, three bytes each in base64, so that it fits into a message."""
MERGE_LIST = "merge.json"
"""What `MergeTask` reads: `{"checkpoints": [file, ...], "failed": {page: reason}}`."""
PAGE_SIZES = "page-sizes.json"
"""What `MergeTask` leaves: `{page: bytes of Markdown}`, in the order of the file; empty without Markdown."""

PAGE_REASONS = "page-reasons.json"
"""What `MergeTask` leaves as well: `{page: why it was read the way it was}`, where there is something to say."""


PageNumber = Annotated[int, Field(ge=1, le=10_000_000)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# --- tasks: engine to process ---


class _Task(_Message):
    folder: str
    """The job's private folder; the staged `source.pdf` is in it and everything is written below it."""
    name: str
    """The document's file name, for the names and links of what is made from it."""
    options: ConvertOptions
    password: str | None = None


class OpenTask(_Task):
    """Open the document and write down what concerns it as a whole."""

    task: Literal["open"] = "open"


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
    """Where to, in the folder."""
    page: PageNumber | None = None
    """Write this page alone."""
    failure: str | None = None
    """Why the page has failed, if it is known to have."""


class PeekTask(_Message):
    """Render a page as a small picture."""

    task: Literal["peek"] = "peek"
    folder: str
    """Where to work; nothing but a log is written."""
    file: str
    """The document, absolute, as `folder` is."""
    page: PageNumber
    width: Annotated[int, Field(ge=1, le=MAX_PEEK)]
    """The picture is fitted into so many pixels."""
    height: Annotated[int, Field(ge=1, le=MAX_PEEK)]
    password: str | None = None


class MergeTask(_Task):
    """Make the document-wide outputs from the checkpoints, as `merge.json` in the folder lists them.

    How much of the Markdown is whose page's is then in `page-sizes.json`. Both are files, since such lists grow with
    the document and a message may not.
    """

    task: Literal["merge"] = "merge"


Task = OpenTask | PagesTask | MergeTask | PreviewTask | PeekTask
_AnyTask = Annotated[Task, Field(discriminator="task")]
_tasks: TypeAdapter[Task] = TypeAdapter(_AnyTask)


# --- events: process to engine ---


class Ready(_Message):
    """The process stands by."""

    event: Literal["ready"] = "ready"
    pid: int
    preloaded: bool
    """The libraries came from the fork server."""
    threads: int
    """Threads of the fork server when it forked; more than two could have been left behind by the fork."""


class Opened(_Message):
    """The document is open."""

    event: Literal["opened"] = "opened"
    pages: PageNumber
    busy_s: Seconds
    warnings: tuple[str, ...] = ()


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


class MergeProgress(_Message):
    """Still merging: so many pages have been written."""

    event: Literal["merge_progress"] = "merge_progress"
    page: PageNumber


class Merged(_Message):
    """The document-wide outputs are on the disk."""

    event: Literal["merged"] = "merged"
    busy_s: Seconds
    warnings: tuple[str, ...] = ()
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
    busy_s: Seconds


class Refused(_Message):
    """The task cannot be done; the process stands by for the next one."""

    event: Literal["refused"] = "refused"
    kind: Literal["not_a_pdf", "damaged", "password", "unwritable", "internal"]
    message: str


Answer = Opened | PagesDone | Merged | Previewed | Peeked | Refused
"""What ends a task."""
Event = Ready | PageStarted | OcrStarted | PageDone | MergeProgress | Answer
_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def encode(message: Task | Event) -> bytes:
    """The line that carries a message."""
    return message.model_dump_json().encode("utf-8", "replace") + b"\n"


def decode_task(line: bytes) -> Task:
    """A task from its line."""
    return _tasks.validate_json(line)


def decode_event(line: bytes) -> Event:
    """An event from its line; raises `ChildGarbage` if it is not one."""
    try:
        return _events.validate_json(line)
    except ValidationError as error:
        raise ChildGarbage("The conversion process sent something that is not the protocol.") from error
