"""docling's own client, as it comes from the package index, speaks with the service and is understood."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.server.app.api import create_api
from engine.server.app.connections import ConnectionLimits
from engine.server.app.listener import Door, Listener
from engine.server.dependencies.service import Service
from tests import pdfs
from tests.engine.server.docling.test_docling import serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:docling")

if TYPE_CHECKING:
    from docling.service_client import DoclingServiceClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DoclingServiceClient]":
    from docling.service_client import DoclingServiceClient  # it takes a while to load

    with serving(tmp_path_factory.mktemp("client")) as (engine, _):
        channel = socket.create_server(("127.0.0.1", 0))
        channel.setblocking(False)
        host, port = channel.getsockname()
        listener = Listener([Door(channel, create_api(Service(engine, lambda now: None)), ConnectionLimits())])
        listener.start()
        with DoclingServiceClient(url=f"http://{host}:{port}") as client:
            yield client
        listener.stop()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.pdf"
    file.write_bytes(pdfs.text_pages(1, title="A report", is_tagged=True))
    return file


def test_it_converts_a_document(client: "DoclingServiceClient", report: Path) -> None:
    result = client.convert(report)
    assert (result.status.value, result.errors) == ("success", [])
    assert "marker-1" in result.document.export_to_markdown()
    assert result.document.pages[1].size.width > 0


def test_it_converts_several(client: "DoclingServiceClient", report: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pdf"
    other.write_bytes(pdfs.printed(["Something else."]))
    found = [result.document.export_to_markdown() for result in client.convert_all([report, other])]
    assert ["marker-1" in found[0], "Something else." in found[1]] == [True, True]


def test_it_submits_a_document_and_comes_for_it_later(client: "DoclingServiceClient", report: Path) -> None:
    assert "marker-1" in client.submit(report).result().document.export_to_markdown()


def test_it_has_documents_cut_into_chunks(client: "DoclingServiceClient", report: Path) -> None:
    from docling.service_client import ChunkerKind

    for chunker in ChunkerKind:
        answer = client.chunk(report, chunker)
        assert "marker-1" in answer.chunks[0].text
        assert answer.documents[0].status.value == "success"


def test_it_asks_whether_the_service_is_well(client: "DoclingServiceClient") -> None:
    assert client.health().status == "ok"
    assert client.version().keys() == {"hotfolio"}
