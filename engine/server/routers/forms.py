"""What can be asked for in a form, and how a form is described in the API's schema."""

import copy
import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import HTTPException
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from engine.base.safetext import display_name, display_text
from engine.job.job import MAX_PRIORITY
from engine.job.options import (
    Annotations,
    Attachments,
    ChunkUnit,
    ConverterName,
    ConvertOptions,
    HiddenText,
    Language,
    Layout,
    LayoutEffort,
    OcrEngineName,
    OcrMode,
    PluginName,
    PromptMode,
    RefineStep,
    Structure,
    require,
    split,
)
from engine.job.pageranges import canonical_ranges
from engine.job.plugins import Seam, offers

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


NOT_ASKED = frozenset({"accept", "vlm_url", "vlm_model", "vlm_prompts", "vlm_timeout"})
"""Options that are the settings' alone: whom the engine calls, and what it opens, is not for a client to say."""
_LISTS = ("formats", "skip_steps", "ocr_languages", "pages")


class _Offered:
    """Has the API's schema list what there is, plug-ins included."""

    def __init__(self, seam: Seam, *words: str) -> None:
        self._seam = seam
        self._words = words

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        handler(schema)
        return {"type": "string", "enum": [*self._words, *(offer.name for offer in offers(self._seam))]}


class Wishes(BaseModel):
    """How a document is to be converted; what is not said is as the settings have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str | None = Field(
        None, max_length=40, description="A profile of the settings, whose options hold where nothing else is said."
    )
    priority: int | None = Field(
        None, ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="Higher runs first; the profile's, or 0, unless given."
    )
    formats: Annotated[tuple[Annotated[PluginName, _Offered(Seam.FORMAT)], ...] | None, BeforeValidator(split)] = Field(
        None, min_length=1, description="What to make, with commas between: `md,json`."
    )
    pages: Annotated[str | None, BeforeValidator(canonical_ranges)] = Field(
        None, description="The pages to convert, as in `1-10,15,20-`."
    )
    converter: ConverterName | None = Field(None, description="What pages are read by.")
    prompt_mode: PromptMode | None = Field(None, description="What a vision model is asked for, where one reads.")
    reader: Annotated[PluginName, _Offered(Seam.READER)] | None = Field(
        None, description="What reads the pages that no vision model reads: `standard`, or a plug-in's reader."
    )
    ocr_engine: Annotated[PluginName, _Offered(Seam.OCR, OcrEngineName.AUTO)] | None = Field(
        None, description="What does the OCR."
    )
    ocr_languages: Annotated[tuple[Language, ...] | None, BeforeValidator(split)] = Field(
        None, description="Languages of scanned pages, by their codes in Tesseract, with commas between."
    )
    ocr: OcrMode | None = Field(None, description="When a page is read by optical character recognition.")
    images: bool | None = Field(None, description="Keep pictures as files linked from the Markdown.")
    dpi: int | None = Field(None, ge=18, le=1200, description="Resolution of page images and kept pictures.")
    max_pixels: int | None = Field(None, ge=10_000, le=1_000_000_000, description="Pixels of one page image at most.")
    thumbnail_size: int | None = Field(None, ge=16, le=2000, description="The longer side of a thumbnail, in pixels.")
    chunk_size: int | None = Field(None, ge=16, le=100_000, description="A chunk has at most so many units.")
    chunk_overlap: int | None = Field(None, ge=0, description="So many of them stand in the next chunk too, at most.")
    chunk_unit: ChunkUnit | None = Field(None, description="What chunks are measured in.")
    page_header: bool | None = Field(None, description="Keep running headers.")
    page_footer: bool | None = Field(None, description="Keep running footers.")
    refine: bool | None = Field(None, description="Mend what the library's Markdown gets wrong.")
    structure: Structure | None = Field(None, description="What the structure of pages is taken from.")
    layout: Layout | None = Field(None, description="Whether the layout model is asked where only text is made.")
    layout_effort: LayoutEffort | None = Field(None, description="Whether the layout model, or none, lays pages out.")
    hidden_text: HiddenText | None = Field(None, description="What becomes of text that nobody can see on its page.")
    annotations: Annotations | None = Field(None, description="Where the notes and comments of reviewers are put.")
    attachments: Attachments | None = Field(None, description="What becomes of files that are attached to the PDF.")
    skip_steps: Annotated[tuple[RefineStep, ...] | None, BeforeValidator(split)] = Field(
        None, description="Steps of refinement to leave out, with commas between."
    )

    @field_validator("formats", "reader", "ocr_engine")
    @classmethod
    def _is_there(cls, value: Any, info: ValidationInfo) -> Any:
        require({info.field_name or "": value})
        return value

    def options(self, base: ConvertOptions) -> ConvertOptions:
        """The conversion's options: `base`, but for what is said here. Raises `HTTPException` 422 with a sentence."""
        if self.converter is ConverterName.VLM and not _has_model(base):
            raise HTTPException(422, "No vision model is set up here: the settings name none (vlm_url).")
        asked = ConvertOptions.model_fields.keys() - NOT_ASKED
        said = {name: value for name in asked if (value := getattr(self, name)) is not None}
        try:
            return ConvertOptions.model_validate({**base.model_dump(), **said})
        except ValidationError as error:  # options that do not go together
            raise HTTPException(422, _sentence(error)) from None


def read_wishes(fields: Mapping[str, Sequence[bytes]]) -> Wishes:
    """What a form asks for, where empty fields ask for nothing. Raises `HTTPException` 422 with a sentence."""
    values: dict[str, str] = {}
    for name, sent in fields.items():
        texts = [value.decode("utf-8", "replace") for value in sent if value]
        if name not in Wishes.model_fields:
            close = difflib.get_close_matches(name, Wishes.model_fields, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise HTTPException(422, f"{display_name(name[:40])}: there is no such field.{hint}")
        if len(texts) > 1 and name not in _LISTS:
            raise HTTPException(422, f"{name} is given {len(texts)} times; give it once.")
        if texts:
            values[name] = ",".join(texts)
    try:
        return Wishes.model_validate(values)
    except ValidationError as error:
        raise HTTPException(422, _sentence(error)) from None


def form_schema(model: type[BaseModel], *kinds: str) -> dict[str, Any]:
    """The part of a route's OpenAPI entry that says which form it takes."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    schema = _inlined(schema, definitions)
    return {"requestBody": {"required": True, "content": {kind: {"schema": copy.deepcopy(schema)} for kind in kinds}}}


def _has_model(base: ConvertOptions) -> bool:
    """Whether the settings name a vision model: pages and key are not for whoever listens at the default address."""
    return base.converter is ConverterName.VLM or base.vlm_url != ConvertOptions.model_fields["vlm_url"].default


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Without references, which would count from the top of the whole document."""
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    flat = {key: _inlined(value, definitions) for key, value in schema.items() if (key, value) != ("default", None)}
    match flat.pop("anyOf", None):
        case [kind, {"type": "null"}]:  # a field may be left out, but in a form it cannot be null
            return {**kind, **flat}
        case _:
            return flat


def _sentence(error: ValidationError) -> str:
    return display_text(_said(error))


def _said(error: ValidationError) -> str:
    """As it is, with what was sent in it."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "The form"
    if not first["loc"]:
        return f"{first['msg'].removeprefix('Value error, ')}."
    if first["type"] == "missing":
        return f"{name} is missing."
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{name}: {message[:1].lower()}{message[1:]} (got {str(first['input'])[:80]!r})."
