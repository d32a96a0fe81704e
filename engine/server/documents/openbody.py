"""What the OpenAPI document says of routes whose body is a document, and of their refusals."""

from typing import Any

from engine.server.dependencies.schemas import problem
from engine.server.security import admission

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The body is the document."""
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"upload-file": {"type": "string", "format": "binary"}},
                    "additionalProperties": True,
                }
            }
        },
    }
}
"""The document is the one file of a form."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    413: problem("More than `max_upload`."),
    415: problem("The body is encoded in a way that is not known."),
    422: problem("It cannot be converted; why."),
    504: problem("It takes longer than `docling_wait`; the conversion goes on."),
    **admission.REFUSALS,
}
