"""What each client is asked for; run by the Python of the environment that has them, which has no hotfolio."""

import base64
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

URL, TRUSTING, TOKEN, REPORT = sys.argv[1:5]
TITLE = "Report of the Harbour Survey"


def docling_client() -> None:
    """The client of docling itself: each of its ways, on sockets and by polling."""
    from docling.service_client import ChunkerKind, DoclingServiceClient

    with DoclingServiceClient(url=URL, api_key=TOKEN) as client:
        assert client.health().status == "ok"
        assert client.convert(Path(REPORT)).document.export_to_markdown().startswith(f"# {TITLE}")
        for result in client.convert_all([REPORT, REPORT]):
            assert result.status.value == "success", result.errors
            assert len(result.document.pages) == 5
        assert TITLE in client.submit(REPORT).result().document.export_to_markdown()
        for kind in ChunkerKind:
            answer = client.chunk(REPORT, kind)
            assert len(answer.chunks) > 3, answer
            assert all(chunk.doc_items and chunk.page_numbers for chunk in answer.chunks)


def langchain() -> None:
    """LangChain's loader, by docling's client: whole documents, and chunks by docling's own chunker."""
    from docling.service_client import DoclingServiceClient
    from docling_core.transforms.chunker.hierarchical_chunker import HierarchicalChunker
    from langchain_docling.loader import DoclingLoader, ExportType

    with DoclingServiceClient(url=URL, api_key=TOKEN) as client:
        (whole,) = DoclingLoader(REPORT, converter=client, export_type=ExportType.MARKDOWN).load()
        assert whole.page_content.startswith(f"# {TITLE}")
        chunks = DoclingLoader(REPORT, converter=client, chunker=HierarchicalChunker()).load()
        assert len(chunks) > 10
        assert chunks[0].metadata["dl_meta"]["headings"] == [TITLE]


def haystack() -> None:
    """Haystack's converter: waiting calls and jobs."""
    from haystack.utils import Secret
    from haystack_integrations.components.converters.docling_serve import DoclingServeConverter

    converter = DoclingServeConverter(base_url=URL, api_key=Secret.from_token(TOKEN))
    (document,) = converter.run(sources=[REPORT])["documents"]
    assert document.content.startswith(f"# {TITLE}")


def docling_serve_client() -> None:
    """The SDK of that name: conversion, and both kinds of chunks."""
    from docling_serve_sdk import DoclingClient

    client = DoclingClient(base_url=URL, api_key=TOKEN)
    assert client.health_check().status == "ok"
    assert client.convert_file(REPORT).document.md_content.startswith(f"# {TITLE}")
    assert len(client.chunk_hybrid_file(REPORT).chunks) > 3
    assert len(client.chunk_hierarchical_file(REPORT).chunks) > 10


def tika_python() -> None:
    """tika-python: the parser's services, and what kind a file is."""
    os.environ.update(TIKA_CLIENT_ONLY="1", TIKA_SERVER_ENDPOINT=TRUSTING)
    from tika import detector, parser

    found = parser.from_file(REPORT)
    assert found["content"].strip().startswith(TITLE)
    assert found["metadata"]["xmpTPg:NPages"] == "5"
    assert parser.from_buffer(Path(REPORT).read_bytes())["content"].strip().startswith(TITLE)
    assert "<h1" in parser.from_file(REPORT, xmlContent=True)["content"]
    assert detector.from_file(REPORT) == "application/pdf"


def tika_client() -> None:
    """tika-client, which paperless-ngx uses: files in forms, and bodies, zipped or not."""
    from tika_client import TikaClient

    for compress in (False, True):
        with TikaClient(TRUSTING, compress=compress) as client:
            for answer in (
                client.tika.as_text.from_file(Path(REPORT)),
                client.tika.as_text.from_buffer(Path(REPORT).read_bytes()),
                client.rmeta.as_text.from_file(Path(REPORT))[0],
            ):
                assert (answer.type, answer.page_count) == ("application/pdf", 5)
                assert answer.content.strip().startswith(TITLE)
            assert client.metadata.from_file(Path(REPORT)).page_count == 5


def mistralai() -> None:
    """Mistral's own: files, and pages with their pictures."""
    from mistralai.client import Mistral

    with Mistral(api_key=TOKEN, server_url=URL) as client:
        with Path(REPORT).open("rb") as stream:
            sent = client.files.upload(file={"file_name": "report.pdf", "content": stream}, purpose="ocr")
        url = client.files.get_signed_url(file_id=sent.id).url
        document = {"type": "document_url", "document_url": url}
        answer = client.ocr.process(model="mistral-ocr-latest", document=document, include_image_base64=True)
        assert answer.pages[0].markdown.startswith(f"# {TITLE}")
        assert [len(page.images) for page in answer.pages] == [0, 0, 0, 0, 1]
        data = f"data:application/pdf;base64,{base64.b64encode(Path(REPORT).read_bytes()).decode()}"
        document = {"type": "document_url", "document_url": data}
        assert [page.index for page in client.ocr.process(model="x", document=document, pages="1-2").pages] == [1, 2]
        assert client.files.delete(file_id=sent.id).deleted


def mcp_client() -> None:
    """The Model Context Protocol's own, by a handshake and without one."""
    import asyncio

    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    sent = base64.b64encode(Path(REPORT).read_bytes()).decode()

    async def ask(mode: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{URL}/mcp", http_client=http), mode=mode) as client,
        ):
            (text,) = (await client.call_tool("convert", {"content": sent, "filename": "report.pdf"})).content
            assert f"# {TITLE}" in text.text
            (text,) = (await client.call_tool("search", {"text": TITLE})).content
            assert TITLE in text.text

    for mode in ("auto", "legacy"):
        asyncio.run(ask(mode))


CLIENTS: tuple[Callable[[], None], ...] = (
    docling_client,
    langchain,
    haystack,
    docling_serve_client,
    tika_python,
    tika_client,
    mistralai,
    mcp_client,
)


def main() -> int:
    """Ask by every client, and say how each has fared."""
    failed = 0
    for ask in CLIENTS:
        began = time.monotonic()
        try:
            ask()
        except Exception:  # noqa: BLE001 - the others are asked all the same
            traceback.print_exc()
            failed += 1
            print(f"failed  {ask.__name__}", flush=True)
        else:
            print(f"passed  {ask.__name__}  {time.monotonic() - began:.1f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
