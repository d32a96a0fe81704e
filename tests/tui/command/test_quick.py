"""Commands that are answered from an engine's JSON say what they say with its types."""

import http.server
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.base.sockets import make_service_folder, socket_path
from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot
from engine.remote.wire import CALLS, Greeting, encode
from engine.settings.settings import Settings
from tests.engine.making import job, source
from tui.command import quick
from tui.command.job_text import engine_lines, job_rows
from tui.text.actions import ACTIONS

START, END = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC), datetime(2026, 1, 1, 12, 1, 2, 500_000, tzinfo=UTC)
JOBS = [
    JobSnapshot(
        job(1, JobState.DONE, pages=12, started=START, finished=END, source=source(b"caf\xe9\x1b.pdf")), pages_done=12
    ),
    JobSnapshot(job(2, JobState.DONE, pages=3, reason="2 warnings. Odd."), pages_done=3),
    JobSnapshot(job(3, JobState.FAILED, reason="It is no PDF.", priority=-2)),
    JobSnapshot(job(4, JobState.QUEUED)),
]
TOTALS = {
    "by_state": {"queued": 1, "done": 1200},
    "workers": 4,
    "workers_busy": 2,
    "pages_per_second": 1.25,
    "eta_s": 62,
}
VITALS = {"is_paused": True, "totals": TOTALS, "banners": [{"key": "disk", "message": "The disk is full."}]}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, object]]]:
    """What an engine is asked that answers from the lists above, in `output`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    found: list[tuple[str, object]] = []
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output")
    greeting = Greeting(version("hotfolio"), 4711, True, settings, {}, (), 0)

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            call = self.path.rpartition("/")[2]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if call in CALLS:
                found.append((call, CALLS[call].decode_arguments(body)))
            code, answer = 200, encode(VITALS)
            if call == "greet":
                answer = encode(greeting)
            elif call == "select":
                ids = json.loads(body)["ids"]
                chosen = [entry for entry in JOBS if not ids or any(a <= entry.job.id <= b for a, b in ids)]
                code, answer = (200, encode(chosen)) if chosen else (409, b"{}")
            elif call == "hold":
                answer = encode([number for number in json.loads(body)["job_ids"] if number == 4])
            self.send_response(code)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def address_string(self) -> str:
            return "a socket"

        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "output" / ".hotfolio").mkdir(parents=True)
    make_service_folder(tmp_path / "output" / ".hotfolio")
    with socketserver.ThreadingUnixStreamServer(str(socket_path(tmp_path / "output" / ".hotfolio")), Answers) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield found
        server.shutdown()


@pytest.mark.usefixtures("asked")
def test_jobs_are_listed_as_they_are_with_the_engines_types(capsys: pytest.CaptureFixture[str]) -> None:
    assert quick.answer(["ls"]) == 0
    assert capsys.readouterr().out.splitlines() == list(job_rows(JOBS))
    assert quick.answer(["ls", "2,4-3", "--output", "output"]) == 0
    assert capsys.readouterr().out.splitlines() == list(job_rows(JOBS[1:]))


@pytest.mark.usefixtures("asked")
def test_what_the_engine_is_doing_is_told_as_with_its_types(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert quick.answer(["status", "--state-folder", "output/.hotfolio"]) == 0
    settings = SimpleNamespace(input=tmp_path / "input", output=tmp_path / "output")
    greeting = SimpleNamespace(version=version("hotfolio"), pid=4711, settings=settings)
    vitals = SimpleNamespace(
        is_paused=True, totals=SimpleNamespace(**TOTALS), banners=[SimpleNamespace(message="The disk is full.")]
    )
    assert capsys.readouterr().out.splitlines() == list(engine_lines(greeting, vitals))


def test_jobs_are_held(asked: list[tuple[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
    assert quick.answer(["hold", "3-4"]) == 0
    assert capsys.readouterr().out == f"#4 {ACTIONS['hold'].past}.\n"
    assert asked[-1] == ("hold", {"job_ids": [3, 4]})
    assert quick.answer(["hold", "1"]) == 1
    assert capsys.readouterr().err == f"{ACTIONS['hold'].unfit}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["ls", "--json"], ["ls", "one"], ["ls", "99"], ["hold"], ["status", "1"], ["cancel", "1"], ["ls", "-o"]),
        ["ls", "--state", "failed"],
        ["ls", "-o", "elsewhere"],
    ],
)
@pytest.mark.usefixtures("asked")
def test_what_is_not_plain_is_left_to_the_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert quick.answer(arguments) is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("asked")
def test_folders_are_found_as_settings_find_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert quick.state_folder({}) == Path("output/.hotfolio")
    Path("hotfolio.toml").write_text('output = "there"\nocr = "never"\n')
    assert quick.state_folder({}) == tmp_path / "there" / ".hotfolio"
    monkeypatch.setenv("HOTFOLIO_STATE", "queue")
    assert quick.state_folder({"output": "here"}) == Path("queue")
    assert quick.state_folder({"state": "mine"}) == Path("mine")
    monkeypatch.setenv("HOTFOLIO_CONFIG", "other.toml")
    assert quick.answer(["ls", "--state-folder", "output/.hotfolio"]) is None


def test_garbage_is_collected_while_a_command_works() -> None:
    code = (
        "import gc, sys, typer; from tui.command import entry, cli, flags\n"
        "@cli.app.command()\ndef look() -> None: flags.finish(lambda: 7 * gc.isenabled())\n"
        "sys.argv = ['hotfolio', 'look']\nentry.main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 7


def test_the_version_is_that_of_the_distribution() -> None:
    assert quick.own_version() == version("hotfolio")


def test_no_type_of_the_engines_is_loaded_for_it() -> None:
    code = "import sys, tui.command.quick, tui.command.job_text, engine.base.disk; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"typer", "rich", "pydantic", "msgspec", "psutil"} & {*loaded}
