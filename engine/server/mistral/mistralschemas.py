"""What is said in Mistral's way."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class FileObject(BaseModel):
    """A file that was sent."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int = Field(description="Seconds since the epoch.")
    filename: str
    purpose: str
    sample_type: str = "ocr_input"
    source: str = "upload"
    deleted: bool = False
    num_lines: int | None = None
    mimetype: str | None = None
    signature: str | None = None


class FileList(BaseModel):
    """The files that are kept."""

    data: list[FileObject]
    object: Literal["list"] = "list"
    total: int


class FileUrl(BaseModel):
    """Where a file is, for `/v1/ocr` of this service."""

    url: str


class FileDeleted(BaseModel):
    """That a file is gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: bool = True


class OcrImage(BaseModel):
    """A picture on a page; in pixels of `dimensions`."""

    id: str
    top_left_x: int | None
    top_left_y: int | None
    bottom_right_x: int | None
    bottom_right_y: int | None
    image_base64: str | None = None
    image_annotation: str | None = None


class OcrDimensions(BaseModel):
    """How big a page is."""

    dpi: int
    height: int
    width: int


class OcrPage(BaseModel):
    """A page."""

    index: int = Field(description="From 0.")
    markdown: str
    images: list[OcrImage]
    dimensions: OcrDimensions | None


class OcrUsage(BaseModel):
    """What has been done."""

    pages_processed: int
    doc_size_bytes: int | None = None


class OcrAnswer(BaseModel):
    """A document, page by page."""

    pages: list[OcrPage]
    model: str
    usage_info: OcrUsage
    document_annotation: str | None = None


class OcrDocument(BaseModel):
    """Which document is meant."""

    type: str | None = Field(None, description="`document_url`, `image_url` or `file`.")
    document_url: str | None = None
    image_url: str | dict[str, Any] | None = None
    file_id: str | None = None
    document_name: str | None = None


class OcrRequest(BaseModel):
    """What is asked for."""

    document: OcrDocument
    model: str | None = None
    pages: list[int] | str | None = Field(None, description="From 0: a list, or `0-3,5`.")
    include_image_base64: bool | None = None
    image_limit: int | None = Field(None, ge=0)
