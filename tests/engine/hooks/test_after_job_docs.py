"""What docs/configuration.md shows under "After a job" works as it stands there."""

import contextlib
import json
import os
import threading
import time
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from engine.hooks.webhook import body_of
from engine.queue.outbox import Later
from engine.settings.loading import load_settings
from tests.clock import Clock
from tests.engine.hooks.test_aftermath import office
from tests.engine.hooks.test_webhook import Desk, notice
from tests.places import DOCS

PAGE = DOCS / "configuration.md"


@pytest.fixture(scope="module")
def examples() -> dict[str, str]:
    """The blocks of the section, by language."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## After a job\n")[2].partition("\n## ")[0]
    return {token.info: token.content for token in MarkdownIt().parse(section) if token.type == "fence"}


def test_the_settings_and_the_script_of_the_page_work(tmp_path: Path, clock: Clock, examples: dict[str, str]) -> None:
    file, script, notes = tmp_path / "hotfolio.toml", tmp_path / "on-done.sh", tmp_path / "notes"
    file.write_text(examples["toml"])
    script.write_text(examples["sh"])
    script.chmod(0o755)
    notes.mkdir()
    settings = load_settings(config=file).settings
    assert settings.on_done == (str(script), "/srv/notes")
    assert (settings.on_failed[0], settings.command_timeout) == ("notify-send", 30)
    assert settings.webhook == "https://example.org/hooks/hotfolio"
    place = tmp_path / "output" / "a b"
    place.mkdir(parents=True)
    (place / "a b.md").write_text("# A")
    with office(tmp_path, clock, on_done=(settings.on_done[0], str(notes))) as o:
        job = o.end("a b.pdf", output=os.fsencode(place), pages=3)
        o.settle()
        assert o.banners == {}
        assert (o.settings.state_folder / "logs" / f"{job.id}.log").read_text().endswith("\na b.pdf: 3 pages\n")
    assert (notes / "a b.md").read_text() == "# A"


def test_the_table_names_every_variable(tmp_path: Path, clock: Clock) -> None:
    text = PAGE.read_text(encoding="utf-8")
    with office(tmp_path, clock, on_done=("env",)) as o:
        job = o.end()
        o.settle()
        printed = (o.settings.state_folder / "logs" / f"{job.id}.log").read_text()
    names = [line.partition("=")[0].removeprefix("HOTFOLIO_JOB_") for line in printed.splitlines() if "_JOB_" in line]
    assert len(names) > 10
    for name in names:
        assert f"`{name}`" in text


def test_the_body_is_as_the_page_shows_it(examples: dict[str, str]) -> None:
    shown, sent = json.loads(examples["json"]), json.loads(body_of(notice()))
    assert list(shown) == list(sent)


def test_the_receiver_of_the_page_takes_what_is_signed_fresh_and_new_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], examples: dict[str, str]
) -> None:
    monkeypatch.setenv("HOTFOLIO_WEBHOOK_SECRET", "shared")
    page: dict[str, Any] = {"__name__": "page"}
    exec(examples["python"], page)
    page["Receiver"].log_message = lambda *_: None
    with HTTPServer(("127.0.0.1", 0), page["Receiver"]) as server, contextlib.ExitStack() as stack:
        threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True).start()
        stack.callback(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}/"

        def problem(secret: bytes, at: float) -> str | None:
            desk = Desk(url, secret=secret)
            desk.clock.now = at
            later = desk.deliver()
            assert not isinstance(later, Later)
            return desk.problems[0]

        assert problem(b"shared", time.time()) is None
        assert problem(b"shared", time.time()) is None  # delivered twice, taken once
        assert "status 401" in (problem(b"another", time.time()) or "")
        assert "status 401" in (problem(b"", time.time()) or "")
        assert "status 401" in (problem(b"shared", time.time() - 400) or "")
    assert capsys.readouterr().out == "job.done sub/caf\\xe9.pdf /out/sub/caf\\xff\n"
