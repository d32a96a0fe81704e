"""The API's reference as one page of HTML, made from the OpenAPI document: no scripts, and nothing from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

Json = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a6c74; }
@media (prefers-color-scheme: dark) { :root { --accent: #5cc8d0; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 3rem; } h3 { font-size: 1.05rem; margin: 0; display: inline; }
a { color: var(--accent); } code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
nav ul { columns: 20rem; padding-left: 1.2rem; } nav li { break-inside: avoid; }
details { border: 1px solid var(--line); border-radius: .5rem; padding: .7rem 1rem; margin: .8rem 0; }
summary { cursor: pointer; } summary p { margin: .2rem 0 0; }
b.m { font: 700 .8rem ui-monospace, monospace; padding: .15rem .5rem; border-radius: .3rem; background: var(--soft); }
b.get { color: #2f6fd0; } b.post { color: #2c8a4b; } b.patch, b.put { color: #b0700c; } b.delete { color: #c33b3b; }
h4 { margin: 1.2rem 0 .3rem; font-size: .85rem; text-transform: uppercase; letter-spacing: .05em; opacity: .7; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; }
td, th { border-top: 1px solid var(--line); padding: .35rem .8rem .35rem 0; } td:first-child { white-space: nowrap; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def router() -> APIRouter:
    """The route to the page."""
    routes = APIRouter()

    @routes.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(render(request.app.openapi()), headers=_HEADERS)

    return routes


def render(document: Json) -> str:
    """The page for an OpenAPI document."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    by_tag: dict[str, list[tuple[str, str, Json]]] = {}
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                tag = next(iter(item[method].get("tags", ())), "Other")
                by_tag.setdefault(tag, []).append((method, path, item[method]))
    schemas: Json = document.get("components", {}).get("schemas", {})
    return "".join(
        (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
            _paragraphs(info.get("summary", "")),
            _paragraphs(info.get("description", "")),
            '<p>For programs: <a href="openapi.json">openapi.json</a>.</p><nav>',
            *(_contents(tag, routes) for tag, routes in by_tag.items()),
            "</nav>",
            *(f"<h2>{_text(tag)}</h2>{''.join(_route(*route) for route in found)}" for tag, found in by_tag.items()),
            "<h2>Schemas</h2>" if schemas else "",
            *(_schema(name, schema) for name, schema in schemas.items()),
            "</body></html>\n",
        )
    )


def _contents(tag: str, routes: list[tuple[str, str, Json]]) -> str:
    entries = (
        f'<li><a href="#{_anchor(method, path)}">{_text(operation.get("summary", path))}</a></li>'
        for method, path, operation in routes
    )
    return f"<p><b>{_text(tag)}</b></p><ul>{''.join(entries)}</ul>"


def _route(method: str, path: str, operation: Json) -> str:
    return "".join(
        (
            f'<details id="{_anchor(method, path)}" open><summary><b class="m {method}">{method.upper()}</b> ',
            f"<h3><code>{_text(path)}</code></h3>{_paragraphs(operation.get('summary', ''))}</summary>",
            _paragraphs(operation.get("description", "")),
            _table("Parameters", map(_parameter, operation.get("parameters", ()))),
            _table("Body", _contents_of(operation.get("requestBody", {}).get("content", {}))),
            _table("Answers", map(_answer, operation.get("responses", {}).items())),
            "</details>",
        )
    )


def _parameter(parameter: Json) -> tuple[str, ...]:
    schema = parameter.get("schema", {})
    notes = "required" if parameter.get("required") else ""
    if "default" in schema:
        notes = f"default {_code(schema['default'])}"
    return (
        _code(parameter["name"]),
        _text(parameter["in"]),
        _kind(schema),
        notes,
        _text(parameter.get("description", schema.get("description", ""))),
    )


def _answer(answer: tuple[str, Json]) -> tuple[str, ...]:
    status, response = answer
    kinds = " or ".join(f"{_code(kind)} {_kind(of)}" for kind, of in _media(response.get("content", {})))
    return _code(status), _text(response.get("description", "")), kinds


def _contents_of(content: Json) -> Iterator[tuple[str, ...]]:
    return ((_code(kind), _kind(schema)) for kind, schema in _media(content))


def _media(content: Json) -> Iterator[tuple[str, Json]]:
    return ((kind, media.get("schema", {})) for kind, media in content.items())


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    rows = (
        (
            _code(key),
            _kind(value),
            "required" if key in required else f"default {_code(value['default'])}" if "default" in value else "",
            _text(value.get("description", "")),
        )
        for key, value in schema.get("properties", {}).items()
    )
    return "".join(
        (
            f'<details id="schema-{escape(name)}" open><summary><h3>{_code(name)}</h3></summary>',
            _paragraphs(schema.get("description", "")),
            _table("Fields", rows) if "properties" in schema else f"<p>{_kind(schema)}</p>",
            "</details>",
        )
    )


def _kind(schema: Json) -> str:
    """What a schema allows, in a few words."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for key, joint in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if key in schema:
            return joint.join(map(_kind, schema[key]))
    if "const" in schema:
        return _code(schema["const"])
    if "enum" in schema:
        return " or ".join(map(_code, schema["enum"]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    bounds = ("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"), ("exclusiveMaximum", "below")
    words = [str(kind), *(f"{word} {schema[key]}" for key, word in bounds if key in schema)]
    if "format" in schema:
        words.append(f"({schema['format']})")
    return _text(" ".join(words))


def _table(heading: str, rows: Iterable[tuple[str, ...]]) -> str:
    made = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<h4>{heading}</h4><table>{made}</table>" if made else ""


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_text(part)}</p>" for part in text.split("\n\n") if part.strip())


def _text(value: object) -> str:
    r"""Escaped, with `code` marked up."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(str(value)))


def _code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"


def _anchor(method: str, path: str) -> str:
    return escape(re.sub(r"[^A-Za-z0-9]+", "-", f"{method}{path}").strip("-"))
