"""The door for assistants, asked by the protocol's own client over a real socket."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.base.errors import SettingsError
from engine.facade.engine import Engine
from engine.server.app import listener
from engine.server.app.api import create_api
from engine.server.app.housekeeping import keep_house
from engine.server.dependencies.service import Service
from engine.server.security.bounds import Bounds, RequestLimits
from engine.server.security.guard import Guard
from engine.settings.servicesettings import DoorName
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import faulty_backend
from tests.engine.server.fakes import FakeEngine
from tests.engine.server.serving import serving

mcp = pytest.importorskip("mcp", reason="needs the extra mcp")

TOKEN = "t0ken-" * 8


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, str]]:
    folder = tmp_path_factory.mktemp("mcp")
    settings = Settings(
        input=folder / "input", output=folder / "output", num_workers=1, ocr="never", settle=0, doors=(DoorName.MCP,)
    )
    settings.input.mkdir()
    with Engine(settings, watch=False, backend=faulty_backend) as engine:
        service = Service(engine, lambda now: None)
        keep_house(service)
        bounded = Bounds(create_api(service), RequestLimits.for_uploads(settings.max_upload))
        with serving(Guard(bounded, token=TOKEN, wrong_token_s=0)) as url:
            yield engine, f"{url}/mcp"


@asynccontextmanager
async def assistant(url: str, mode: str = "auto", token: str = TOKEN) -> AsyncIterator[Any]:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http,
        mcp.Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def said(client: Any, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    (content,) = answer.content
    return f"{'refused: ' if answer.is_error else ''}{content.text}"


@pytest.mark.parametrize("mode", ["auto", "legacy"])  # of the protocol: without and with a handshake
async def test_an_assistant_sends_a_document_and_finds_its_way_in_results(
    served: tuple[Engine, str], mode: str
) -> None:
    engine, url = served
    async with assistant(url, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert [*tools] == ["convert", "status", "read", "search", "page_picture"]
        assert all(tool.description and tool.input_schema["type"] == "object" for tool in tools.values())
        sent = base64.b64encode(pdfs.printed(["Sent by an assistant."])).decode()
        text = await said(client, "convert", content=sent, filename=f"{mode}.pdf")
        job = max(entry.job.id for entry in engine.select())
        assert text.startswith(f"job {job}, {mode}.pdf: done, 1 of 1 pages\n\nSent by an assistant.")
        assert f"job {job}, {mode}.pdf: Sent by" in await said(client, "search", text="BY an  assistant")
        assert await said(client, "read", job=job, page=1) == "Sent by an assistant.\n"
        assert f"job {job}, " in await said(client, "status")


async def test_an_assistant_names_a_file_of_the_input_folder_and_sees_its_page(served: tuple[Engine, str]) -> None:
    engine, url = served
    (engine.settings.input / "in.pdf").write_bytes(pdfs.printed(["Lies there."]))
    async with assistant(url) as client:
        first, again = [await said(client, "convert", filename="in.pdf") for _ in range(2)]
        assert first == again
        assert "Lies there." in first
        (job,) = (entry.job.id for entry in engine.select() if entry.job.name == "in.pdf")
        (picture,) = (await client.call_tool("page_picture", {"job": job})).content
        assert picture.mime_type == "image/png"
        assert base64.b64decode(picture.data).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("convert", {}, "Give one of url, content and filename"),
        ("convert", {"url": "https://example.org/a.pdf", "content": "JVBERg=="}, "Give one of"),
        ("convert", {"url": "http://127.0.0.1/a.pdf"}, "docling_fetch"),
        ("convert", {"url": "file:///etc/passwd"}, "docling_fetch"),
        ("convert", {"content": "%"}, "content is not base64"),
        ("convert", {"content": "eA=="}, "The file is none of"),
        ("convert", {"filename": "../../etc/passwd"}, "is not a path inside the input folder"),
        ("convert", {"filename": "/etc/passwd"}, "is not a path inside the input folder"),
        ("convert", {"filename": "gone.pdf"}, "is not in the input folder"),
        ("convert", {"file": "/etc/passwd"}, "file: Extra inputs"),
        ("status", {"job": 4711}, "There is no job"),
        ("status", {"job": 10**30}, "job: "),
        ("read", {}, "job: Field required"),
        ("page_picture", {"job": 1, "page": 0}, "page: "),
        ("search", {"text": "x" * 1001}, "text: "),
        ("nothing\x1b[31m", {}, "There is no tool"),
    ],
)
async def test_what_cannot_be_is_a_sentence(
    served: tuple[Engine, str], tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    async with assistant(served[1]) as client:
        answer = await said(client, tool, **arguments)
    assert answer.startswith("refused: ")
    assert sentence in answer
    assert "\x1b" not in answer


async def test_what_takes_longer_goes_on_and_submissions_count(tmp_path: Path) -> None:
    fake = FakeEngine(tmp_path, doors=(DoorName.MCP,), docling_wait=0.05, max_submissions=0.01)
    (tmp_path / "state").mkdir()
    with serving(create_api(Service(fake, lambda now: None))) as url:
        async with assistant(f"{url}/mcp") as client:
            answers = [await said(client, "convert", content="eA==", filename="x.pdf") for _ in range(2)]
    assert answers[0].startswith("It takes longer, as job 1; ask for its status later, and read it then.")
    assert answers[1].startswith("refused: Too many submissions")


async def test_nobody_gets_in_without_the_token(served: tuple[Engine, str]) -> None:
    with pytest.raises(ExceptionGroup):
        async with assistant(served[1], token="wrong"):
            pass


def test_messages_that_are_none_are_refused(served: tuple[Engine, str]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Accept": "application/json"}
    for body in (b"", b"{", b"[]", b"[" * 100_000, b'{"jsonrpc": "2.0"}', b"1" * 10_000, b"\xff", b"null"):
        for version in ({}, {"MCP-Protocol-Version": "2026-07-28"}, {"MCP-Protocol-Version": "1"}):
            answer = httpx.post(served[1], content=body, headers=headers | version)
            assert 400 <= answer.status_code < 500, (body[:20], version, answer.text)
    for method in ("GET", "DELETE"):
        assert httpx.request(method, served[1], headers=headers).status_code == 405
    assert httpx.post(served[1], json={}, headers=headers | {"Accept": "text/html"}).status_code == 406


def test_a_door_without_its_library_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener.toolserver, "is_there", lambda: False)
    service = Service(FakeEngine(tmp_path, doors=(DoorName.MCP,)), lambda now: None)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="install hotfolio"):
        listener.serve(service, None)  # type: ignore[arg-type] - it is not come to
