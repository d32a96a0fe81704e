"""Many submit and listen at once, to the service as a process of its own; some listeners never read."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from engine.server.security.token import read_token
from engine.settings.settings import Settings
from tests import pdfs
from tui.command.background import BackgroundEngine, Order, TcpOrder

SUBMISSIONS = 40
TIMEOUT_S = 120


@dataclass(frozen=True)
class Address:
    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def open(self, path: str) -> ClientConnection:
        url = f"{self.url.replace('http', 'ws', 1)}{path}"
        return connect(url, additional_headers=self.headers, compression=None, proxy=None)

    def open_deaf(self, path: str) -> socket.socket:
        """A WebSocket whose client never reads anything, not even that it is one."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        channel = socket.socket()
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        channel.connect((host, int(port)))
        channel.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.token}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        return channel


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Address]:
    settings = Settings(
        input=tmp_path / "input",
        output=tmp_path / "output",
        num_workers=2,
        ocr="never",
        backend="in-memory",  # what is read in the documents makes no difference to who listens
        settle=3600,  # so that the hot folder leaves the files to those who submit them
        settle_damaged=3600,
        api_port=0,
    )
    settings.input.mkdir()
    for name, content in pdfs.many(SUBMISSIONS):
        (settings.input / name).write_bytes(content)
    service = BackgroundEngine(Order(settings, tcp=TcpOrder(is_required=True)))
    try:
        url = service.wait_ready().url
        assert url is not None
        yield Address(url, read_token(settings.state_folder))
    finally:
        service.stop(lambda: True)


def test_many_submissions_and_listeners_at_once_lose_nothing(address: Address) -> None:
    names = [name for name, _ in pdfs.many(SUBMISSIONS)]
    heard: list[set[str]] = [set() for _ in range(3)]
    ends: dict[str, str] = {}

    def hear_all(known: set[str]) -> None:
        with address.open("/ws/events") as channel:
            channel.recv(TIMEOUT_S)  # the present state: from here on, nothing may be missed
            listening.wait()
            while len(known) < SUBMISSIONS:
                message = json.loads(channel.recv(TIMEOUT_S))
                if message["event"] == "jobs":
                    known |= {entry["conversion_id"] for entry in message["changed"] if entry["state"] == "done"}

    def submit_and_follow(files: list[str]) -> list[str]:
        """Each is followed to its end before the next is submitted, while others do the same."""
        ids = []
        with httpx.Client(base_url=address.url, headers=address.headers, timeout=TIMEOUT_S, trust_env=False) as client:
            for file in files:
                answer = client.post("/convert", data={"filename": file})
                assert answer.status_code == 202, answer.text
                ids.append(answer.json()["conversion_id"])
                with address.open(f"/ws/conversion/{ids[-1]}") as channel:
                    ends[ids[-1]] = [json.loads(text) for text in channel][-1]["status"]
        return ids

    listening = threading.Barrier(len(heard) + 1, timeout=TIMEOUT_S)
    with ThreadPoolExecutor(len(heard) + 6) as pool, address.open_deaf("/ws/events"):
        listeners = [pool.submit(hear_all, known) for known in heard]
        listening.wait()
        submitters = [pool.submit(submit_and_follow, names[number::6]) for number in range(6)]
        ids = {id_ for submitter in submitters for id_ in submitter.result(TIMEOUT_S)}
        for listener in listeners:
            listener.result(TIMEOUT_S)

    assert len(ids) == SUBMISSIONS
    assert all(known == ids for known in heard)
    assert ends == dict.fromkeys(ids, "completed")
    answer = httpx.get(f"{address.url}/conversions?limit=100", headers=address.headers, trust_env=False).json()
    assert {entry["conversion_id"]: entry["state"] for entry in answer["conversions"]} == dict.fromkeys(ids, "done")
