"""What is said in docling-serve's way: its names and shapes, filled with what hotfolio knows."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, Field

TaskState = Literal["pending", "started", "success", "failure"]


class Component(StrEnum):
    """Where the cause of an error lies."""

    USER_INPUT = "user_input"
    """Something was asked for that there is not."""
    DOCUMENT = "document_backend"
    """The document, or a page of it, could not be read."""
    ASSEMBLER = "doc_assembler"
    """The result is there, but not in the shape asked for."""


class ErrorItem(BaseModel):
    """What was not done as asked, and why."""

    component_type: Component
    module_name: str = "hotfolio"
    error_message: str = Field(description="One sentence.")


class DocumentContent(BaseModel):
    """The document in the formats asked for; the others are null."""

    filename: str = Field(description="As it was sent, without folders.")
    md_content: str | None = None
    json_content: Any | None = Field(None, description="A DoclingDocument.")
    html_content: str | None = None
    text_content: str | None = None
    doctags_content: str | None = Field(None, description="Always null.")


class ConvertResult(BaseModel):
    """What a document has come to."""

    document: DocumentContent
    status: Literal["success", "partial_success", "failure"]
    errors: list[ErrorItem] = Field(description="Also what was asked for and there is not, when all else went well.")
    processing_time: float = Field(description="Seconds from the start of the work to its end.")
    timings: dict[str, Any] = Field({}, description="Always empty.")


class ChunkItem(BaseModel):
    """A chunk of a document."""

    filename: str = ""
    chunk_index: int = 0
    text: str = Field(description="With the headings that it stands below.")
    raw_text: str | None = Field(None, description="Without them, if asked for.")
    num_tokens: int | None = Field(None, description="An estimate; null of hierarchical chunks.")
    headings: list[str] | None = None
    captions: list[str] | None = None
    doc_items: list[str] = Field(description="References to items of the DoclingDocument.")
    page_numbers: list[int] | None = None
    metadata: dict[str, Any] | None = None


class ChunkedDocument(BaseModel):
    """What a document that was cut into chunks has come to."""

    kind: Literal["ExportResult"] = "ExportResult"
    content: DocumentContent = Field(description="Empty unless `include_converted_doc` is true.")
    status: Literal["success", "partial_success", "failure"]
    errors: list[ErrorItem]
    timings: dict[str, Any] = {}


class ChunkResult(BaseModel):
    """Documents cut into chunks."""

    chunks: list[ChunkItem] = Field(description="Of all documents, in their order.")
    documents: list[ChunkedDocument]
    processing_time: float


class FailedResult(BaseModel):
    """The answer to a call that waited for documents none of which could be converted."""

    detail: str = Field(description="Why, as a sentence.")
    document: DocumentContent | None = Field(None, description="Null for several documents.")
    status: Literal["failure"] = "failure"
    errors: list[ErrorItem]
    processing_time: float
    timings: dict[str, Any] = {}


class ArchivedDocument(BaseModel):
    """In `errors.json` of an archive: a document that there is something to say of."""

    filename: str
    status: Literal["success", "partial_success", "failure"]
    errors: list[ErrorItem]


class TaskMeta(BaseModel):
    """How far a task is, in documents."""

    num_docs: int
    num_processed: int = 0
    num_succeeded: int = 0
    num_partially_succeeded: int = 0
    num_failed: int = 0


class TaskStatus(BaseModel):
    """Where a task stands."""

    task_id: str = Field(description="For one document the same as its conversion id.")
    task_type: Literal["convert", "chunk"] = "convert"
    task_status: TaskState
    task_position: int | None = Field(description="Among the jobs that wait, from 1; null once it has begun.")
    task_meta: TaskMeta
    error_message: str | None = Field(None, description="Why it has failed.")


class StillGoing(TaskStatus):
    """The answer to a call that has waited as long as it may: the task goes on."""

    detail: str = Field(description="What has happened and where to ask for the result.")


class TaskMessage(BaseModel):
    """A message on the WebSocket of a task."""

    message: Literal["connection", "update", "error"]
    task: TaskStatus | None = None
    error: str | None = None


class Health(BaseModel):
    """That the service answers."""

    status: Literal["ok"] = "ok"


class Source(BaseModel):
    """A document inside a JSON request, or where it is to be fetched."""

    kind: str = Field("file", description="`file`, or `http` where hosts are allowed that documents come from.")
    base64_string: str | None = Field(None, description="The document.")
    filename: str | None = None
    url: str | None = None
    headers: dict[str, str] = Field({}, description="To be sent to the host that the URL names.")


class Target(BaseModel):
    """Where the result goes."""

    kind: str = Field("inbody", description="`inbody` or `zip`.")


class SourceRequest(BaseModel):
    """Documents inside JSON, and how to convert them."""

    sources: list[Source] = Field(min_length=1, max_length=1000)
    options: dict[str, Any] = Field({}, description="The same as the form fields of `/v1/convert/file`.")
    target: Target = Target()


class ChunkSourceRequest(BaseModel):
    """Documents inside JSON, and how to convert and cut them."""

    sources: list[Source] = Field(min_length=1, max_length=1000)
    convert_options: dict[str, Any] = {}
    chunking_options: dict[str, Any] = {}
    include_converted_doc: bool = False
    target: Target = Target()
