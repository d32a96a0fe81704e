"""Whatever the model's server does, a page gets its answer or one clear sentence, and nobody learns the key."""

import socket
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from engine.convert.page.told import NoAnswer
from engine.convert.vlm.breaker import Breaker
from engine.convert.vlm.modelclient import Answer, VisionModel
from engine.job.options import VLM_ATTEMPTS, VLM_KEY, ConvertOptions
from tests.clock import Clock
from tests.engine.convert.vlm_server import KEY, MODEL, Reply, VisionServer, failure, vision_server

PICTURE = "data:image/jpeg;base64,AAAA"
OK = Reply("Words.")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VLM_KEY, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


class Client:
    """Asks without really waiting, and notes how long it would have."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        self.waits: list[float] = []
        options = ConvertOptions(converter="vlm", vlm_url=url, vlm_model=MODEL, vlm_timeout=timeout)
        self.model = VisionModel(options, pause=self._pause, chance=lambda: 0.5)

    def _pause(self, stop: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        return stop.is_set()

    def ask(self, seconds: float = 100.0) -> Answer:
        return self.model.ask("What?", PICTURE, time.monotonic() + seconds, threading.Event())

    def refusal(self) -> str:
        with pytest.raises(NoAnswer) as caught:
            self.ask()
        return str(caught.value)


def test_a_question_is_asked_as_the_protocol_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VLM_KEY, f" {KEY}\n")
    with vision_server(OK) as server:
        assert Client(f"{server.url}/").ask() == Answer("Words.", is_cut_off=False)
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["model"] == MODEL
    assert asked.body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": PICTURE}},
                {"type": "text", "text": "What?"},
            ],
        }
    ]


def test_without_a_key_none_is_sent_and_a_query_stays_at_the_end() -> None:
    with vision_server(OK) as server:
        Client(f"{server.url}?api-version=1").ask()
    assert "authorization" not in server.asked[0].headers
    assert server.asked[0].path == "/v1/chat/completions?api-version=1"


@pytest.mark.parametrize(
    "fault",
    [
        failure(429),
        failure(500),
        failure(503),
        Reply(breaks_off=True),
        Reply(raw=b"<html>oops</html>", headers={"Content-Type": "text/html"}),
        Reply(raw=b"\xff\x00" * 50),
        Reply(raw=b'{"choices": []}'),
        Reply(raw=b'{"choices": [{"message": {"content": null}}]}'),
        Reply(raw=b"[" * 100_000),
        Reply(raw=b"x" * (9 << 20)),
    ],
    ids=lambda reply: str(reply.status) if reply.status != 200 else (reply.raw or b"breaks off")[:12].decode("latin-1"),
)
def test_what_may_go_better_the_next_time_is_tried_again(fault: Reply) -> None:
    with vision_server(fault, fault, then=OK) as server:
        client = Client(server.url)
        assert client.ask().text == "Words."
    assert len(server.asked) == 3
    assert client.waits == [1, 2]


def test_it_is_tried_again_so_often_and_no_more() -> None:
    with vision_server(then=failure(500, "Out of memory.")) as server:
        client = Client(server.url)
        assert client.refusal().endswith("is not able to answer (500): Out of memory.")
    assert len(server.asked) == VLM_ATTEMPTS
    assert client.waits == [1, 2, 4]


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("7", 7, 7), ("0", 0, 0), ("100000", 30, 30), ("in 20 s", 5, 21), ("soon", 1, 1), ("-3", 1, 1)],
)
def test_a_server_may_say_when_to_try_again(value: str, least: float, most: float) -> None:
    value = formatdate(time.time() + 20) if value == "in 20 s" else value
    with vision_server(failure(429, Retry_After=value), then=OK) as server:
        client = Client(server.url)
        client.ask()
    assert least <= client.waits[0] <= most


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "refuses the page (400): Too many pixels."),
        (401, f"refuses the key in {VLM_KEY} (401): Too many pixels."),
        (404, f"has no vision model {MODEL} where it was looked for (404): Too many pixels."),
        (422, "refuses the page (422): Too many pixels."),
    ],
)
def test_a_refusal_is_final_and_says_what_the_server_says(status: int, said: str) -> None:
    with vision_server(failure(status, "Too many pixels.")) as server:
        client = Client(server.url)
        assert client.refusal().endswith(said)
    assert len(server.asked) == 1
    assert not client.waits


def test_a_wish_that_the_model_does_not_have_is_dropped_for_good() -> None:
    refused = failure(400, "Unsupported parameter: 'max_tokens' is not supported with this model.")
    with vision_server(refused, then=OK) as server:
        client = Client(server.url)
        client.ask()
        client.ask()
    assert ["max_tokens" in asked.body for asked in server.asked] == [True, False, False]
    assert all("temperature" in asked.body for asked in server.asked)


def test_a_redirect_is_not_followed_so_that_the_key_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VLM_KEY, KEY)
    with vision_server() as other:
        elsewhere = f"{other.url}/chat/completions"
        with vision_server(Reply("", status=307, headers={"Location": elsewhere})) as server:
            assert Client(server.url).refusal().endswith(f"is not where the vision model is (307): {elsewhere}")
    assert not other.asked


def test_a_key_that_a_server_repeats_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VLM_KEY, KEY)
    with vision_server(failure(401, f"Incorrect key provided: {KEY}\x1b[31m")) as server:
        said = Client(server.url).refusal()
    assert KEY not in said
    assert "Incorrect key provided: …" in said
    assert "\x1b" not in said


def test_a_key_that_no_header_can_hold_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VLM_KEY, "sk-schlüssel")
    with pytest.raises(NoAnswer, match="characters that no key has"):
        Client("http://127.0.0.1:1/v1")


def test_a_server_that_is_slow_is_too_late_and_tried_again() -> None:
    with vision_server(Reply(seconds=1.0), then=OK) as server:
        assert Client(server.url, timeout=0.2).ask().text == "Words."
    with vision_server(then=Reply(seconds=0.5)) as server:
        assert "has not answered within 0.05 s" in Client(server.url, timeout=0.05).refusal()


def test_no_attempt_begins_that_could_not_end_in_time() -> None:
    with vision_server(then=failure(503, Retry_After="20")) as server:
        client = Client(server.url)
        with pytest.raises(NoAnswer):
            client.ask(seconds=10)
    assert len(server.asked) == 1
    assert not client.waits


def test_where_nobody_listens_it_says_so_and_after_three_pages_none_is_tried() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        client = Client(url)
        said = [client.refusal() for _ in range(3)]
        assert all("cannot be reached" in each for each in said)
        assert len(client.waits) == 3 * (VLM_ATTEMPTS - 1)
        assert client.refusal() == said[-1]
        assert len(client.waits) == 3 * (VLM_ATTEMPTS - 1)


def test_an_answer_that_was_cut_off_says_so() -> None:
    with vision_server(Reply("Wor", finish="length")) as server:
        assert Client(server.url).ask().is_cut_off


def test_an_answer_in_parts_is_put_together() -> None:
    parts: Any = [{"type": "text", "text": "Wo"}, {"type": "text", "text": "rds."}, "nonsense"]
    with vision_server(Reply(parts)) as server:
        assert Client(server.url).ask().text == "Words."


# --- the breaker ---


@pytest.fixture
def failing(clock: Clock) -> tuple[Breaker, Clock, Callable[[], None]]:
    breaker = Breaker(clock)

    def fail() -> None:
        breaker.enter()
        breaker.failed("Down.", is_certain=False)

    return breaker, clock, fail


Failing = tuple[Breaker, Clock, Callable[[], None]]


def test_once_three_pages_in_a_row_were_given_up_one_in_a_while_tries_once(failing: Failing) -> None:
    breaker, clock, fail = failing
    for _ in range(3):
        fail()
    with pytest.raises(NoAnswer, match=r"Down\."):
        breaker.enter()
    clock.advance(31)
    assert breaker.enter() is True
    with pytest.raises(NoAnswer):
        breaker.enter()
    breaker.failed("Still down.", is_certain=False)
    clock.advance(31)
    with pytest.raises(NoAnswer, match="Still"):
        breaker.enter()
    clock.advance(31)
    assert breaker.enter() is True
    breaker.succeeded()
    assert breaker.enter() is False


def test_an_answer_in_between_counts_for_all_pages_before(failing: Failing) -> None:
    breaker, _, fail = failing
    for _ in range(5):
        fail()
        fail()
        breaker.succeeded()
    assert breaker.enter() is False


def test_what_is_certain_to_fail_is_tried_once(failing: Failing) -> None:
    breaker, _, _ = failing
    breaker.enter()
    breaker.failed("The key is refused.", is_certain=True)
    with pytest.raises(NoAnswer, match="key"):
        breaker.enter()


def test_a_page_that_is_refused_shows_that_the_model_is_there(failing: Failing) -> None:
    breaker, clock, fail = failing
    for _ in range(3):
        fail()
    clock.advance(31)
    assert breaker.enter() is True
    breaker.left()
    assert breaker.enter() is False


def test_a_server_that_is_gone_cuts_off_nobody_for_long() -> None:
    server = VisionServer()
    client = Client(server.url)
    client.ask()
    server.close()
    assert "vision model" in client.refusal()
