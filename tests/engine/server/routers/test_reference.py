"""The page at `/docs`: whole, readable without scripts, and closed to whatever is not hotfolio's."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.routers.reference import render
from engine.settings.settings import Settings
from tests.backends import local_backend

NASTY = "<script>alert(1)</script>\"'&`<b>`"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """The reference needs no engine at work."""
    engine = Engine(Settings(input=tmp_path / "input", output=tmp_path / "output"), backend=local_backend)
    return TestClient(create_api(Service(engine, lambda now: None)))


class Outline(HTMLParser):
    """The tags that are open, and all ids and links to them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links |= {value[1:] for name, value in attrs if name == "href" and value and value.startswith("#")}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_no_other_host_and_no_script(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for foreign in ("http://", "https://", "src=", "<script", "//cdn", "@import", "url("):
        assert foreign not in answer.text


def test_a_strict_policy_lets_in_the_pages_own_style_alone(client: TestClient) -> None:
    answer = client.get("/docs")
    policy = answer.headers["content-security-policy"]
    style = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert "style=" not in answer.text


def test_every_route_and_schema_is_on_the_page_and_every_link_leads_somewhere(client: TestClient) -> None:
    text, document = client.get("/docs").text, client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        assert f"<code>{path}</code>" in text
        assert all(operation["summary"] and operation["tags"] for operation in item.values())
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= set(outline.ids)
    assert outline.links <= set(outline.ids)


def test_what_the_document_says_is_escaped_wherever_it_stands() -> None:
    schema = {"type": NASTY, "description": NASTY, "default": NASTY, "format": NASTY}
    kinds = [schema, {"const": NASTY}, {"enum": [NASTY]}, {"$ref": f"#/components/schemas/{NASTY}"}]
    media = {"content": {NASTY: {"schema": {"anyOf": kinds}}}, "description": NASTY}
    operation = {
        "tags": [NASTY],
        "summary": NASTY,
        "description": NASTY,
        "parameters": [{"name": NASTY, "in": NASTY, "schema": {"type": "array", "items": schema}}],
        "requestBody": media,
        "responses": {NASTY: media},
    }
    text = render(
        {
            "info": {"title": NASTY, "version": NASTY, "summary": NASTY, "description": NASTY},
            "paths": {f"/{NASTY}": {"get": operation}},
            "components": {"schemas": {NASTY: {"description": NASTY, "properties": {NASTY: schema}}}},
        }
    )
    assert "<script" not in text
    assert "alert(1)</script" not in text
    outline = Outline()
    outline.feed(text)
    assert outline.open == []


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
def test_pages_that_load_scripts_are_not_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
