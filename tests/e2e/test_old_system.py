"""What used to be said to the system that hotfolio grew from, said to the real process."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.sync.client import connect

from tests import pdfs
from tests.e2e.patience import patient
from tests.e2e.service import hotfolio, service

DOCUMENTS = {"short.pdf": 1, "folder/three pages.pdf": 3, "long.pdf": 9}
MODE = "prompt_mode=prompt_layout_all_en"
MESSAGE = {"status", "progress", "message", "step"}

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@dataclass(frozen=True)
class Door:
    """Where the service is, and what it wants to see."""

    folder: Path
    port: int
    headers: dict[str, str]

    @property
    def header_arguments(self) -> list[str]:
        """The headers as curl takes them."""
        return [word for name, value in self.headers.items() for word in ("-H", f"{name}: {value}")]


@pytest.fixture(scope="module", params=["with the token", "--no-auth"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("served")
    is_open = request.param == "--no-auth"
    # A long time to settle: nothing but requests queue anything here.
    env = patient(folder, 0.2) | {"HOTFOLIO_SETTLE": "3600"}
    with service(folder, "-w", "2", *(["--no-auth"] if is_open else []), env=env) as served:
        (folder / "input" / "folder").mkdir()
        for name, pages in DOCUMENTS.items():
            (folder / "input" / name).write_bytes(pdfs.text_pages(pages, title=name, is_tagged=True))
        headers = {} if is_open else {"Authorization": f"Bearer {hotfolio(folder, 'token').stdout.strip()}"}
        yield Door(folder, int(served.url.rpartition(":")[2]), headers)


def curl(*arguments: str) -> tuple[int, Any]:
    """Status and answer of a request as a person types it."""
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def submit(door: Door, name: str) -> dict[str, Any]:
    """`POST /convert`, by curl where there is one."""
    url = f"http://localhost:{door.port}/convert"
    if shutil.which("curl") is None:
        answer = httpx.post(url, data={"filename": name, "prompt_mode": MODE.partition("=")[2]}, headers=door.headers)
        status, body = answer.status_code, answer.json()
    else:
        status, body = curl("-X", "POST", url, "-F", f"filename={name}", "-F", MODE, *door.header_arguments)
    assert status == 202, body
    found: dict[str, Any] = body
    return found


def follow(door: Door, conversion_id: str) -> list[dict[str, Any]]:
    """Everything that is said about a conversion until the service closes the connection."""
    url = f"ws://localhost:{door.port}/ws/conversion/{conversion_id}"
    messages = []
    with connect(url, additional_headers=door.headers, open_timeout=40) as channel:
        try:
            while True:
                messages.append(json.loads(channel.recv(timeout=60)))
        except ConnectionClosedOK:
            return messages


def test_several_conversions_are_followed_live_to_their_end(door: Door) -> None:
    accepted = {name: submit(door, name) for name in DOCUMENTS}
    for name, answer in accepted.items():
        assert set(answer) == {"status", "conversion_id", "filename", "message", "queue_size", "active_tasks"}
        assert (answer["status"], answer["filename"]) == ("accepted", name)
        assert "prompt_layout_all_en has no effect" in answer["message"]
    heard: dict[str, list[dict[str, Any]]] = {}

    def listen(name: str) -> None:
        heard[name] = follow(door, accepted[name]["conversion_id"])

    listeners = [threading.Thread(target=listen, args=(name,)) for name in DOCUMENTS]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join(100)

    summary = {name: (messages[-1]["status"], messages[-1]["message"]) for name, messages in heard.items()}
    assert summary == {
        "short.pdf": ("completed", "Converted 1 page"),
        "folder/three pages.pdf": ("completed", "Converted 3 pages"),
        "long.pdf": ("completed", "Converted 9 pages"),
    }
    for messages in heard.values():
        assert all(set(message) == MESSAGE for message in messages)
        progress = [message["progress"] for message in messages]
        assert progress == sorted(progress), "progress has fallen"
        assert progress[-1] == 100
        assert all(value < 100 for value in progress[:-1])
        assert {message["status"] for message in messages[:-1]} <= {"queued", "processing"}
    live = [message["message"] for message in heard["long.pdf"] if message["step"] == "page_processing"]
    assert live, "nothing was heard while it was converted"
    assert all(message.startswith("Processing page ") and message.endswith("/9") for message in live)
    for name in DOCUMENTS:
        stem = Path(name).stem
        assert "marker-1." in (door.folder / "output" / Path(name).with_suffix("") / f"{stem}.md").read_text()
    # Whoever comes late is told how it has ended.
    assert follow(door, accepted["short.pdf"]["conversion_id"]) == heard["short.pdf"][-1:]


@needs_curl
def test_the_pool_status_is_three_numbers(door: Door) -> None:
    status, answer = curl(f"http://localhost:{door.port}/worker-pool-status", *door.header_arguments)
    assert status == 200
    assert set(answer) == {"status", "queue_size", "active_tasks", "num_workers"}
    assert (answer["status"], answer["num_workers"]) == ("ok", 2)


@needs_curl
@pytest.mark.parametrize(
    ("filename", "status", "sentence"),
    [
        ("missing.pdf", 404, "missing.pdf is not in the input folder"),
        ("../outside.pdf", 400, "outside"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_a_sentence(
    door: Door, filename: str, status: int, sentence: str
) -> None:
    url = f"http://localhost:{door.port}/convert"
    found, answer = curl("-X", "POST", url, "-F", f"filename={filename}", "-F", MODE, *door.header_arguments)
    assert found == status
    assert sentence in answer["detail"]


@needs_curl
def test_without_the_token_nobody_gets_in(door: Door) -> None:
    if not door.headers:
        pytest.skip("this service asks for none")
    url = f"http://localhost:{door.port}"
    for words in (
        ["-X", "POST", f"{url}/convert", "-F", "filename=short.pdf", "-F", MODE],
        [f"{url}/worker-pool-status"],
    ):
        status, answer = curl(*words)
        assert status == 401
        assert "hotfolio token" in answer["detail"]
    with pytest.raises(InvalidStatus, match="401"):
        connect(f"ws://localhost:{door.port}/ws/conversion/1")
