"""Refusals of an application of a few lines, as clients of Tika's hear them through the wrapper."""

import json

import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from engine.server.tika.wordless import wordless


def answering(status: int, *bodies: bytes) -> TestClient:
    """A client of something that gives one answer to everything, in so many pieces."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"3")]
        start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body"})

    return TestClient(wordless(app), base_url="http://localhost")


TEXT = {"Accept": "text/plain"}


def test_the_sentence_of_a_refusal_is_in_a_header_and_nowhere_else() -> None:
    body = json.dumps({"detail": 'zu viele "später"\n'}, ensure_ascii=False).encode()
    answer = answering(429, body[:20], body[20:]).put("/tika", headers=TEXT)
    assert (answer.status_code, answer.content, answer.headers["Retry-After"]) == (429, b"", "3")
    assert answer.headers["X-Hotfolio-Detail"] == json.dumps('zu viele "später"\n')[1:-1]
    assert (answer.headers["Content-Length"], "Content-Type" in answer.headers) == ("0", False)


@pytest.mark.parametrize("body", [b"Not found", b'{"detail": [1]}', b"[]", b""])
def test_a_refusal_without_a_sentence_has_an_empty_header(body: bytes) -> None:
    answer = answering(404, body).put("/tika/text", headers=TEXT)
    assert (answer.status_code, answer.content, answer.headers["X-Hotfolio-Detail"]) == (404, b"", "")


def test_what_is_no_refusal_passes_as_it_is_sent() -> None:
    answer = answering(203, b"one ", b"two").put("/tika", headers=TEXT)
    assert (answer.status_code, answer.content, "X-Hotfolio-Detail" in answer.headers) == (203, b"one two", False)


@pytest.mark.parametrize("path", ["/tikas", "/rmeta", "/v1/tika"])
def test_other_paths_keep_their_words(path: str) -> None:
    assert answering(422, b"words").put(path, headers=TEXT).content == b"words"


@pytest.mark.parametrize("accepted", ["text/html", "application/json", "text/plain, application/json", "*/*", ""])
def test_whoever_can_tell_a_refusal_by_its_form_is_told_in_words(accepted: str) -> None:
    assert answering(422, b"words").put("/tika", headers={"Accept": accepted}).content == b"words"
