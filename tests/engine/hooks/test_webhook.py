"""Webhooks: what is sent, how it is signed, and what is made of each answer."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from engine.base.errors import Stopping
from engine.hooks import posting, webhook
from engine.hooks.webhook import MAX_DELAY_S, MAX_SILENCE_S, Webhook, backoff
from engine.job.ending import Ending
from engine.job.formats import Format
from engine.job.job import JobState
from engine.job.options import ConvertOptions
from engine.queue.outbox import Later, Notice
from engine.settings.settings import Settings
from tests.clock import Clock
from tests.engine.making import job, source
from tests.receiver import drip, flood, hang_up, receiving, status
from tests.waiting import wait_until

SECRET = b"a secret \xff of any bytes"
DELIVERY = "11111111-2222-4333-8444-555555555555"
FINISHED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CERTIFICATE = """
-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHTShltPjdDaPRfE
6YfZuFbepmUvt9InKzFxv88OKpycoya7RTPlq1vs+8IyTQeFngO97i6tw7o2+9gL
8AKBnxGjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBRC6ElSvav8vIc9k1wm0u0EvlsmvzAKBggqhkjOPQQD
AgNJADBGAiEAzhHgnxA0UjMqU4oeLvXV7SXICrkQP6k+mFG+Dt66DwwCIQCsf52t
zw/YnPsJfl5sY90inEKOiXwXd+UXACs+Asw3hg==
-----END CERTIFICATE-----
"""
"""Of 127.0.0.1, signed by itself, and its key; for tests alone."""
KEY = """
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgf4tWHYUGaH/hqf71
7lvZJQR5DSIJWu4p5yxF1UU1bsyhRANCAAR00oZbT43Q2j0XxOmH2bhW3qZlL7fS
Jysxcb/PDiqcnKMmu0Uz5atb7PvCMk0HhZ4Dve4urcO6NvvYC/ACgZ8R
-----END PRIVATE KEY-----
"""


def notice(state: JobState = JobState.DONE, **changes: object) -> Notice:
    ended = job(
        7,
        state,
        source=source(b"sub/caf\xe9.pdf", root=b"/in"),
        options=ConvertOptions(formats=(Format.MD, Format.JSON)),
        output=b"/out/sub/caf\xff",
        sha256="ab" * 32,
        pages=3,
        pages_failed=1,
        profile="books",
        client="local",
        started=FINISHED - timedelta(seconds=2.5),
        finished=FINISHED,
        **changes,
    )
    return Notice(1, DELIVERY, Ending.of(ended), 0)


class Desk:
    """A webhook on a URL, and what it says is wrong."""

    def __init__(self, url: str | None, *, secret: bytes = SECRET, chance: float = 0.5) -> None:
        self.clock = Clock(FINISHED.timestamp() + 10)
        self.problems: list[str | None] = []
        self.settings = Settings(webhook=url, webhook_hosts=("127.0.0.1", "localhost", "no-such-host.invalid"))
        self.webhook = Webhook(
            lambda: self.settings, secret, self.problems.append, clock=self.clock, chance=lambda: chance
        )

    def deliver(self, notice_: Notice | None = None) -> Later | None:
        return self.webhook.deliver(notice_ or notice())


# --- what is sent ---


def test_it_tells_everything_about_the_end_and_signs_it() -> None:
    with receiving() as receiver:
        desk = Desk(receiver.url("/hook?to=me"))
        assert desk.deliver() is None
    (call,) = receiver.calls
    sent = call.json
    assert sent.pop("version")
    assert sent == {
        "event": "job.done",
        "delivery": DELIVERY,
        "job_id": 7,
        "conversion_id": "00000000-0000-4000-8000-000000000007",
        "state": "done",
        "reason": None,
        "filename": "sub/caf\\xe9.pdf",
        "source": "/in/sub/caf\\xe9.pdf",
        "output": "/out/sub/caf\\xff",
        "sha256": "ab" * 32,
        "profile": "books",
        "client": "local",
        "formats": ["md", "json"],
        "pages": 3,
        "pages_failed": 1,
        "pages_ocr": 0,
        "pages_text_only": 0,
        "created": "2026-01-01T00:00:00Z",
        "started": "2026-03-04T05:06:04.500000Z",
        "finished": "2026-03-04T05:06:07Z",
        "seconds": 2.5,
    }
    assert call.path == "/hook?to=me"
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["X-Hotfolio-Event"] == "job.done"
    assert call.headers["X-Hotfolio-Delivery"] == DELIVERY
    timestamp = call.headers["X-Hotfolio-Timestamp"]
    assert timestamp == str(int(desk.clock.now))
    digest = hmac.new(SECRET, timestamp.encode() + b"." + call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Hotfolio-Signature"] == f"sha256={digest}"
    assert desk.problems == [None]


@pytest.mark.parametrize("state", [JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED])
def test_every_end_is_told_and_a_place_only_of_what_is_published(state: JobState) -> None:
    with receiving() as receiver:
        Desk(receiver.url()).deliver(notice(state, reason="Page 1: \x1b[31m no."))
    (call,) = receiver.calls
    assert call.headers["X-Hotfolio-Event"] == call.json["event"] == f"job.{state}"
    assert (call.json["output"] is None) is (state is not JobState.PARTIAL)
    assert call.json["reason"] == "Page 1: \\x1b[31m no."


def test_without_a_secret_nothing_is_signed() -> None:
    with receiving() as receiver:
        Desk(receiver.url(), secret=b"").deliver()
    assert "X-Hotfolio-Signature" not in receiver.calls[0].headers


def test_a_second_attempt_is_the_same_delivery_at_another_time() -> None:
    with receiving(status(500), status(200)) as receiver:
        desk = Desk(receiver.url())
        assert desk.deliver() == Later(5)
        desk.clock.advance(5)
        assert desk.deliver(replace(notice(), attempts=1)) is None
    first, second = receiver.calls
    assert first.body == second.body
    assert first.headers["X-Hotfolio-Delivery"] == second.headers["X-Hotfolio-Delivery"]
    assert int(second.headers["X-Hotfolio-Timestamp"]) - int(first.headers["X-Hotfolio-Timestamp"]) == 5
    assert first.headers["X-Hotfolio-Signature"] != second.headers["X-Hotfolio-Signature"]
    problem, end = desk.problems
    assert problem is not None
    assert "answers with status 500" in problem
    assert end is None


# --- what is made of the answer ---


@pytest.mark.parametrize(
    ("code", "for_all"), [(500, False), (503, True), (502, True), (504, True), (429, True), (408, True)]
)
def test_what_may_pass_is_tried_again(code: int, for_all: bool) -> None:
    with receiving(status(code)) as receiver:
        assert Desk(receiver.url()).deliver() == Later(5, for_all=for_all)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413, 422])
def test_what_is_refused_is_given_up_and_said(code: int, engine_log: pytest.LogCaptureFixture) -> None:
    with receiving(status(code)) as receiver:
        desk = Desk(receiver.url())
        assert desk.deliver() is None
    assert desk.problems == [
        f"The webhook at http://127.0.0.1 refuses what it is sent (status {code}). Job 7 was not delivered."
    ]
    assert "given up" in engine_log.text


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    with receiving() as elsewhere, receiving(status(code, Location=elsewhere.url())) as receiver:
        desk = Desk(receiver.url())
        assert desk.deliver() is None
        assert elsewhere.calls == []
    assert "redirect" in (desk.problems[0] or "")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 5),
        ("-5", 5),
        ("soon", 5),
        ("9" * 30, MAX_DELAY_S),
        ("1e3", 5),
        ("٣", 5),
        (format_datetime(FINISHED + timedelta(seconds=100)), 90),
        (format_datetime(FINISHED - timedelta(days=1)), 5),
        ("Wed, 99 Foo 2026 99:99:99 GMT", 5),
    ],
)
def test_a_receiver_may_say_when_to_come_again(header: str, seconds: float) -> None:
    assert max(5.0, webhook._retry_after(header, FINISHED.timestamp() + 10)) == seconds


def test_what_it_says_counts() -> None:
    with receiving(status(429, Retry_After="77")) as receiver:
        assert Desk(receiver.url()).deliver() == Later(77, for_all=True)


def test_delays_grow_up_to_a_limit_and_are_not_all_the_same() -> None:
    delays = [backoff(tries, 0.5) for tries in range(1, 12)]
    assert delays[:5] == [5, 20, 80, 320, 1280]
    assert delays[-1] == backoff(10_000, 0.5) == MAX_DELAY_S
    assert (backoff(1, 0), backoff(1, 1)) == pytest.approx((4, 6))


def test_while_nobody_answers_somebody_is_looked_for_all_the_same() -> None:
    desk = Desk(closed_port())
    delays = [desk.deliver() for _ in range(8)]
    assert all(later is not None and later.for_all for later in delays)
    assert [later.seconds for later in delays if later][:4] == [5, 20, 80, 320]
    assert delays[-1] == Later(MAX_SILENCE_S, for_all=True)


def test_after_three_days_it_is_given_up(engine_log: pytest.LogCaptureFixture) -> None:
    desk = Desk(closed_port())
    desk.clock.advance(3 * 86_400 - 60)
    assert desk.deliver() is not None
    desk.clock.advance(120)
    assert desk.deliver() is None
    assert "given up" in engine_log.text


def test_a_webhook_that_is_not_set_any_more_is_not_called() -> None:
    desk = Desk(None)
    assert desk.deliver() is None
    assert desk.problems == [None]


# --- receivers that are none ---


def closed_port() -> str:
    """A URL on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.mark.parametrize("answer", [drip, hang_up])
def test_a_receiver_that_does_not_answer_properly_is_tried_again(
    answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.5)
    with receiving(answer) as receiver:  # type: ignore[arg-type]
        desk = Desk(receiver.url())
        started = time.monotonic()
        assert desk.deliver() == Later(5, for_all=True)
        assert time.monotonic() - started < 10
    problem = desk.problems[0] or ""
    assert ("does not answer in time" if answer is drip else "cannot be reached: Server disconnected") in problem


def test_of_an_answer_without_end_a_little_is_read() -> None:
    with receiving(flood) as receiver:
        assert Desk(receiver.url()).deliver() is None


def test_one_that_answers_nonsense_is_tried_again() -> None:
    def nonsense(handler: object) -> None:
        handler.wfile.write(b"\x00\xff not HTTP\r\n\r\n")  # type: ignore[attr-defined]
        handler.close_connection = True  # type: ignore[attr-defined]

    with receiving(nonsense) as receiver:
        assert Desk(receiver.url()).deliver() == Later(5, for_all=True)


def test_a_name_that_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    desk = Desk("http://no-such-host.invalid/")
    assert desk.deliver() == Later(5, for_all=True)
    assert "no-such-host.invalid cannot be reached" in (desk.problems[0] or "")


def test_stopping_waits_neither_for_a_receiver_nor_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    is_asked, goes_on = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        is_asked.set()
        goes_on.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    desk = Desk("http://no-such-host.invalid/")
    caught: list[Exception] = []

    def deliver() -> None:
        try:
            desk.deliver()
        except Stopping as error:
            caught.append(error)

    thread = threading.Thread(target=deliver)
    thread.start()
    assert is_asked.wait(20)
    desk.webhook.stop()
    thread.join(10)
    assert len(caught) == 1
    assert desk.problems == []
    with pytest.raises(Stopping):
        desk.deliver()
    goes_on.set()
    wait_until(lambda: not any(t.name == "look-up" for t in threading.enumerate()), "the look-up to end")


def test_only_a_certificate_that_is_trusted_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cert.pem").write_text(CERTIFICATE + KEY)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem")
    with receiving(tls=tls) as receiver:
        desk = Desk(receiver.url(scheme="https"))
        posting._tls.cache_clear()
        assert desk.deliver() == Later(5, for_all=True)
        assert "CERTIFICATE_VERIFY_FAILED" in (desk.problems[0] or "")
        assert receiver.calls == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        posting._tls.cache_clear()
        assert desk.deliver() is None
        assert len(receiver.calls) == 1
    posting._tls.cache_clear()


# --- secrets ---


def test_nothing_secret_is_logged_or_shown(engine_log: pytest.LogCaptureFixture) -> None:
    with engine_log.at_level(logging.DEBUG), receiving(status(500), status(404), status(302), status(200)) as receiver:
        desk = Desk(receiver.url("/services/T0K3N?key=K3Y", user="me:P4SSWORD@"), secret=b"S1GNED")
        for _ in range(4):
            desk.deliver()
        closed = Desk(closed_port().replace("//", "//me:P4SSWORD@") + "T0K3N")
        closed.deliver()
    basic = base64.b64encode(b"me:P4SSWORD").decode()
    assert receiver.calls[0].headers["Authorization"] == f"Basic {basic}"
    told = json.dumps([desk.problems, closed.problems, engine_log.text])
    assert "127.0.0.1" in told
    for word in ("P4SSWORD", "T0K3N", "K3Y", "S1GNED", basic):
        assert word not in told
