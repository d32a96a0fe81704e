"""What the OpenAPI document says of the routes in docling-serve's way, where their signatures do not say it.

Bodies are read piece by piece, to be refused as soon as they are too big, and so are described by hand.
"""

from typing import Any

from engine.server.dependencies.schemas import Problem, problem
from engine.server.docling.doclingschemas import FailedResult, StillGoing
from engine.server.security import admission

Responses = dict[int | str, dict[str, Any]]

ZIP: dict[str, Any] = {
    "description": "The result; a ZIP file for several documents.",
    "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "Content-Disposition": {"description": "`attachment`, of a ZIP file.", "schema": {"type": "string"}},
        "Content-Length": {"description": "Bytes of this answer.", "schema": {"type": "integer"}},
    },
}
REFUSALS: Responses = {
    400: problem("The request cannot be read, or asks for something to be fetched."),
    413: problem("More than `max_upload`."),
    415: problem("The body is of another kind."),
    **admission.REFUSALS,
}
UNREADABLE: Responses = {422: problem("There is no document in the request.")}
WAITED: Responses = {
    200: ZIP,
    422: {"model": FailedResult | Problem, "description": "None of the documents could be converted."},
    504: {"model": StillGoing, "description": "It takes longer than `docling_wait`; the task goes on."},
}
UNKNOWN: Responses = {404: problem("There is no such task, or no result of it.")}
UNREADY: Responses = {503: problem("No work is taken, or done.")}

_OPTIONS: dict[str, dict[str, Any]] = {
    "to_formats": {"type": "array", "items": {"type": "string"}, "description": "Of `md`, `json`, `html` and `text`."},
    "do_ocr": {"type": "boolean"},
    "force_ocr": {"type": "boolean"},
    "image_export_mode": {"type": "string", "description": "`placeholder`, `embedded` or `referenced`."},
    "include_images": {"type": "boolean"},
    "images_scale": {"type": "number", "description": "1 is 72 DPI."},
    "md_page_break_placeholder": {"type": "string", "description": "Put between pages."},
}
_OTHERS = {"description": "Other options of docling-serve's; what there is not has an entry in `errors`."}
_FILES = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
_SOURCE = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["file", "http"], "default": "file"},
        "base64_string": {"type": "string", "format": "byte", "description": "The document, of kind `file`."},
        "url": {"type": "string", "format": "uri", "description": "Where it is, of kind `http`."},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "filename": {"type": "string", "default": "document.pdf"},
    },
}
_CUTTING: dict[str, dict[str, Any]] = {
    "max_tokens": {"type": "integer", "description": "Of a hybrid chunk, at most."},
    "include_raw_text": {"type": "boolean", "description": "Have each chunk without its headings too."},
}
_SOURCES = {"type": "array", "minItems": 1, "items": _SOURCE}
_WITH_DOCUMENT = {"type": "boolean", "description": "Have the documents besides their chunks."}


def _body(kind: str, required: str, properties: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": [required],
        "properties": properties,
        "additionalProperties": others or True,
    }
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


FORM = _body(
    "multipart/form-data",
    "files",
    {"files": _FILES, **_OPTIONS, "target_type": {"enum": ["inbody", "zip"], "default": "inbody"}},
    _OTHERS,
)
"""The body of a form."""
JSON = _body(
    "application/json",
    "sources",
    {
        "sources": _SOURCES,
        "options": {"type": "object", "properties": _OPTIONS, "additionalProperties": _OTHERS},
        "target": {"type": "object", "properties": {"kind": {"enum": ["inbody", "zip"]}}},
    },
    {},
)
"""The body of a JSON request."""
CHUNK_FORM = _body(
    "multipart/form-data",
    "files",
    {
        "files": _FILES,
        **{f"convert_{name}": schema for name, schema in _OPTIONS.items()},
        **{f"chunking_{name}": schema for name, schema in _CUTTING.items()},
        "include_converted_doc": _WITH_DOCUMENT,
        "target_type": {"enum": ["inbody"], "default": "inbody"},
    },
    _OTHERS,
)
"""The body of a form for chunks."""
CHUNK_JSON = _body(
    "application/json",
    "sources",
    {
        "sources": _SOURCES,
        "convert_options": {"type": "object", "properties": _OPTIONS, "additionalProperties": _OTHERS},
        "chunking_options": {"type": "object", "properties": _CUTTING, "additionalProperties": _OTHERS},
        "include_converted_doc": _WITH_DOCUMENT,
        "target": {"type": "object", "properties": {"kind": {"enum": ["inbody"]}}},
    },
    {},
)
"""The body of a JSON request for chunks."""
