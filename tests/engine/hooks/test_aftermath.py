"""What follows on the end of a job, from the queue to the command and the webhook."""

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.hooks import webhook
from engine.hooks.aftermath import Aftermath
from engine.job.formats import Format
from engine.job.job import Job, JobState, Source, Submission
from engine.job.options import ConvertOptions
from engine.queue.jobqueue import JobQueue
from engine.queue.outbox import Outbox
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.settings.loading import LoadedSettings
from engine.settings.settings import Settings
from tests import pdfs
from tests.clock import Clock
from tests.engine.publish.test_durable import Recorder
from tests.places import ROOT
from tests.receiver import receiving, status
from tests.waiting import wait_until
from tui.command.cli import app
from tui.command.runner import Runner


class Office:
    """A queue without workers, and what follows on the ends of its jobs."""

    def __init__(self, folder: Path, clock: Clock, **settings: Any) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.output.mkdir(exist_ok=True)
        self.settings = Settings(input=folder / "input", output=self.output, **settings)
        self.settings.state_folder.mkdir(exist_ok=True)
        self.store = JobStore(self.settings.state_folder, clock)
        self.tracker = ProgressTracker(clock)
        self.queue = JobQueue(self.store, Scheduler(1.5, 900), self.tracker, clock)
        self.aftermath = Aftermath(lambda: self.settings, self.queue.outbox, self.queue.set_banner)
        self.queue.listen(self.aftermath.follow)

    def end(self, name: str | bytes = "a.pdf", state: JobState = JobState.DONE, **changes: Any) -> Job:
        """Have a new job end."""
        inode = int(self.store.now() * 1e6) % 1_000_000 + len(self.tracker.jobs())
        source = Source(os.fsencode(self.settings.input), os.fsencode(name), 1, 1, inode)
        options = ConvertOptions(formats=(Format.MD, Format.TXT))
        ((job, _),) = self.queue.add([Submission(source, options, profile="books")])
        self.store.claim(job.id)
        return self.queue.transition(job.id, state, "test", finished=self.store.now(), **changes)

    def settle(self) -> None:
        wait_until(lambda: not self.aftermath.is_busy, "all to be done")

    @property
    def banners(self) -> dict[str, str]:
        return {banner.key: banner.message for banner in self.tracker.snapshot().banners}

    @property
    def left(self) -> list[str]:
        return [str(entry.kind) for entry in Outbox(self.store).waiting()]


@contextmanager
def office(folder: Path, clock: Clock, **settings: Any) -> Iterator[Office]:
    one = Office(folder, clock, **settings)
    try:
        yield one
    finally:
        one.aftermath.stop(0)
        one.store.close()


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


# --- commands ---


def test_a_command_is_told_everything_about_the_end(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTFOLIO_WEBHOOK_SECRET", "S3CRET")
    monkeypatch.setenv("HOTFOLIO_WEBHOOK", "https://example.org/S3CRET")
    monkeypatch.setenv("hotfolio_webhook", "https://example.org/S3CRET")
    monkeypatch.setenv("HOTFOLIO_VLM_KEY", "S3CRET")
    monkeypatch.setenv("MINE", "kept")
    name = b"sub/caf\xe9 $(x);\n.pdf"
    place = Path(os.fsdecode(bytes(tmp_path) + b"/output/caf\xe9"))
    with office(tmp_path, clock, on_done=shell("env -0; pwd > where")) as o:
        place.mkdir()
        changes = {"output": bytes(place), "pages": 3, "pages_failed": 1, "pages_ocr": 2, "sha256": "ab" * 32}
        job = o.end(name, JobState.PARTIAL, reason="1 of 3 pages failed.\nPage 2: no.", **changes)
        o.settle()
        log = (o.settings.state_folder / "logs" / f"{job.id}.log").read_bytes()
    head, _, output = log.partition(b"\n")
    assert head == b"--- on_done (sh) ---"
    found = dict(entry.split(b"=", 1) for entry in output.rstrip(b"\n").split(b"\0") if entry)
    told = {key.removeprefix(b"HOTFOLIO_JOB_").decode(): value for key, value in found.items() if b"_JOB_" in key}
    assert len(told.pop("DELIVERY")) == 36
    assert told == {
        "ID": str(job.id).encode(),
        "CONVERSION_ID": job.conversion_id.encode(),
        "STATE": b"partial",
        "REASON": b"1 of 3 pages failed.\nPage 2: no.",
        "SOURCE": bytes(tmp_path) + b"/input/" + name,
        "NAME": name,
        "OUTPUT": bytes(place),
        "SHA256": b"ab" * 32,
        "PROFILE": b"books",
        "FORMATS": b"md,txt",
        "PAGES": b"3",
        "PAGES_FAILED": b"1",
        "PAGES_OCR": b"2",
        "PAGES_TEXT_ONLY": b"0",
        "SECONDS": b"0.0",
    }
    assert found[b"MINE"] == b"kept"
    assert b"S3CRET" not in log
    assert (place / "where").read_bytes().rstrip(b"\n") == bytes(place)


def test_a_hotfolio_within_a_command_finds_the_same_queue(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text("dpi = 99\n")
    monkeypatch.setenv("HOTFOLIO_CONFIG", "my.toml")
    program = (
        "from engine.settings.loading import load_settings\n"
        "s = load_settings().settings\n"
        "print(s.dpi, s.state_folder, s.input, s.output)"
    )
    with office(Path(), clock, on_done=(sys.executable, "-c", program)) as o:
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        job = o.end()
        o.settle()
        assert o.banners == {}
        output = (o.settings.state_folder / "logs" / f"{job.id}.log").read_text()
    assert output.splitlines()[1:] == [f"99 {tmp_path}/output/.hotfolio {tmp_path}/input {tmp_path}/output"]


def test_each_end_has_its_command_and_what_is_cancelled_none(tmp_path: Path, clock: Clock) -> None:
    say = f'echo "$0 $HOTFOLIO_JOB_STATE $HOTFOLIO_JOB_OUTPUT" >> {tmp_path}/said; pwd >> {tmp_path}/said'
    with office(tmp_path, clock, on_done=(*shell(say), "done"), on_failed=(*shell(say), "failed")) as o:
        for state in (JobState.DONE, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED):
            o.end(state.value, state, output=b"/gone")
            o.settle()
        assert o.left == []
    said = (tmp_path / "said").read_text().splitlines()
    # What is gone is no place to run in, and a failed job has none even if one was chosen.
    assert said[::2] == ["done done /gone", "done partial /gone", "failed failed "]
    assert set(said[1::2]) == {str(tmp_path / "output")}


def test_a_failure_is_shown_until_the_next_success_and_is_nobody_elses_business(
    tmp_path: Path, clock: Clock, engine_log: pytest.LogCaptureFixture
) -> None:
    good = tmp_path / "good"
    with office(tmp_path, clock, on_done=("/bin/sh", "-c", f"test -e {good}", "T0KEN")) as o:
        first = o.end("a.pdf")
        o.settle()
        assert o.banners == {"on_done": f"on_done: sh ended with exit status 1 (job {first.id}, a.pdf)."}
        second = o.end("b\x1b[31m.pdf")
        o.settle()
        (message,) = o.banners.values()
        assert message.endswith(f"(job {second.id}, b\\x1b[31m.pdf). It has failed 2 times in a row.")
        assert o.left == []  # a command is run once, whatever comes of it
        good.touch()
        o.end("c.pdf")
        o.settle()
        assert o.banners == {}
    assert engine_log.text.count("on_done: sh ended with exit status 1") == 2
    assert "T0KEN" not in engine_log.text


@pytest.mark.parametrize("program", ["no-such-program-anywhere", "./bin/none"])
def test_a_program_that_is_not_there_is_said(tmp_path: Path, clock: Clock, program: str) -> None:
    with office(tmp_path, clock, on_failed=(program,)) as o:
        o.end(state=JobState.FAILED)
        o.settle()
        assert f"on_failed: {Path(program).name} cannot be run: there is no such program" in o.banners["on_failed"]


def test_a_program_with_a_folder_counts_from_where_the_engine_was_started(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "mine"
    script.write_text(f"#!/bin/sh\necho run > {shlex.quote(str(tmp_path / 'said'))}\n")
    script.chmod(0o755)
    with office(tmp_path, clock, on_done=("./bin/mine",)) as o:
        o.end()
        o.settle()
        assert o.banners == {}
    assert (tmp_path / "said").read_text() == "run\n"


def test_one_that_takes_too_long_is_ended_and_said(tmp_path: Path, clock: Clock) -> None:
    with office(tmp_path, clock, on_done=("sleep", "60"), command_timeout=0.2) as o:
        o.end()
        o.settle()
        assert "sleep took longer than 0.2 s and was ended" in o.banners["on_done"]


def test_slow_commands_keep_nobody_waiting_and_run_two_at_a_time(tmp_path: Path, clock: Clock) -> None:
    gate, begun = tmp_path / "gate", tmp_path / "begun"
    begun.mkdir()
    script = f"touch {begun}/$HOTFOLIO_JOB_ID; until test -e {gate}; do sleep 0.02; done"
    with office(tmp_path, clock, on_done=shell(script)) as o:
        for number in range(20):
            o.end(f"{number}.pdf")
        wait_until(lambda: len(list(begun.iterdir())) == 2, "two to be begun")
        assert o.aftermath.is_busy
        gate.touch()
        o.settle()
        assert len(list(begun.iterdir())) == 20
        assert o.left == []


def test_a_command_that_is_stopped_with_the_engine_runs_again_at_the_next_start(tmp_path: Path, clock: Clock) -> None:
    script = f"echo $HOTFOLIO_JOB_DELIVERY >> {tmp_path}/begun; test -e {tmp_path}/gate || sleep 60"
    with office(tmp_path, clock, on_done=shell(script)) as o:
        jobs = [o.end(f"{number}.pdf") for number in range(3)]
        wait_until(lambda: lines(tmp_path / "begun") == 2, "two to be begun")
        started = time.monotonic()
        o.aftermath.stop(0.1)
        assert time.monotonic() - started < 30
        assert o.left == ["command"] * 3
        assert not o.aftermath.is_busy
    (tmp_path / "gate").touch()
    with office(tmp_path, clock, on_done=shell(script)) as o:
        o.aftermath.start()
        o.settle()
        assert o.left == []
    begun = (tmp_path / "begun").read_text().split()
    assert len(begun) == 5
    assert len(set(begun)) == len(jobs)


def lines(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_a_stop_waits_for_a_command_that_ends_in_time(tmp_path: Path, clock: Clock) -> None:
    script = f"touch {tmp_path}/begun; until test -e {tmp_path}/gate; do sleep 0.02; done"
    with office(tmp_path, clock, on_done=shell(script)) as o:
        o.end()
        wait_until(lambda: (tmp_path / "begun").exists(), "it to be begun")
        o.aftermath.retire()
        (tmp_path / "gate").touch()
        o.aftermath.stop(20)
        assert o.left == []


def test_an_impatient_stop_waits_for_none(tmp_path: Path, clock: Clock) -> None:
    with office(tmp_path, clock, on_done=shell(f"trap '' TERM; touch {tmp_path}/begun; sleep 60")) as o:
        o.end()
        wait_until(lambda: (tmp_path / "begun").exists(), "it to be begun")
        o.aftermath.retire()
        o.aftermath.hurry()
        started = time.monotonic()
        o.aftermath.stop(30)
        assert time.monotonic() - started < 20
        assert o.left == ["command"]


def test_settings_that_change_count_from_the_next_end_on(tmp_path: Path, clock: Clock) -> None:
    with office(tmp_path, clock, on_done=("false",)) as o:
        o.end()
        o.settle()
        assert o.banners
        o.settings = o.settings.model_copy(update={"on_done": ("touch", str(tmp_path / "said"))})
        o.end("b.pdf")
        o.settle()
        assert (tmp_path / "said").exists()
        assert o.banners == {}


def test_one_that_is_not_set_any_more_is_not_run(tmp_path: Path, clock: Clock) -> None:
    with office(tmp_path, clock, on_done=("sleep", "60")) as o:
        o.aftermath.retire()
        o.end()
        assert o.left == ["command"]
    with office(tmp_path, clock) as o:
        o.aftermath.start()
        o.settle()
        assert o.left == []
        o.end("b.pdf")
        assert o.left == []  # nor is anything written down that nobody wants


# --- the webhook ---


def test_a_dead_receiver_keeps_no_command_and_no_end_waiting(tmp_path: Path, clock: Clock) -> None:
    clock.now = time.time()
    with receiving(status(503)) as receiver:
        hook = {"webhook": receiver.url(), "webhook_hosts": "127.0.0.1"}
        with office(tmp_path, clock, on_done=shell(f"echo x >> {tmp_path}/said"), **hook) as o:
            for number in range(10):
                o.end(f"{number}.pdf")
            o.settle()
            assert lines(tmp_path / "said") == 10
            assert o.left == ["webhook"] * 10
            assert "http://127.0.0.1 answers with status 503" in o.banners["webhook"]
        assert len(receiver.calls) < 10
        receiver.answers = [status(200)]
        calls = len(receiver.calls)
        clock.advance(3600)
        with office(tmp_path, clock, **hook) as o:
            o.aftermath.start()
            o.settle()
            assert o.left == []
            assert o.banners == {}
        delivered = [call.headers["X-Hotfolio-Delivery"] for call in receiver.calls[calls:]]
        assert len(delivered) == len(set(delivered)) == 10


def test_what_is_known_of_a_setting_does_not_outlive_it(tmp_path: Path, clock: Clock) -> None:
    clock.now = time.time()
    with receiving(status(503)) as old, receiving() as new:
        hook = {"webhook": old.url(), "webhook_hosts": ("127.0.0.1",)}
        with office(tmp_path, clock, on_done=("false",), on_failed=("false",), **hook) as o:
            for number in range(3):
                o.end(f"{number}.pdf")
            o.end("3.pdf", JobState.FAILED)
            o.settle()
            assert set(o.banners) == {"on_done", "on_failed", "webhook"}
            assert o.aftermath.left == 4
            change(o, dpi=99)
            assert set(o.banners) == {"on_done", "on_failed", "webhook"}
            change(o, on_done=())
            assert set(o.banners) == {"on_failed", "webhook"}
            change(o, webhook=None)
            assert set(o.banners) == {"on_failed"}
            assert o.left == ["webhook"] * 4
            change(o, webhook=new.url())
            o.settle()
            assert (len(new.calls), o.left, o.aftermath.left) == (4, [], 0)


def test_a_command_that_was_under_way_when_another_was_set_shows_no_banner(tmp_path: Path, clock: Clock) -> None:
    with office(tmp_path, clock, on_done=shell("touch begun; until test -e gate; do sleep 0.02; done; false")) as o:
        o.end()
        wait_until((o.output / "begun").exists, "it to be begun")
        change(o, on_done=("true",))
        (o.output / "gate").touch()
        o.settle()
        assert o.banners == {}


def test_what_the_old_url_answers_after_another_was_set_is_nothing_to_the_new_one(tmp_path: Path, clock: Clock) -> None:
    clock.now = time.time()
    begun, gate = threading.Event(), threading.Event()

    def slow(handler: Any) -> None:
        begun.set()
        gate.wait(20)
        status(503)(handler)

    with (
        receiving(slow) as old,
        receiving() as new,
        office(tmp_path, clock, webhook=old.url(), webhook_hosts=("127.0.0.1",)) as o,
    ):
        o.end()
        assert begun.wait(20)
        change(o, webhook=new.url())
        gate.set()
        o.settle()
        assert (len(new.calls), o.left, o.banners) == (1, [], {})


def change(o: Office, **settings: Any) -> None:
    old, o.settings = o.settings, o.settings.model_copy(update=settings)
    o.aftermath.settings_changed(old, o.settings)


# --- an engine ---


def test_convert_keeps_what_it_could_not_deliver_and_the_next_one_delivers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "a.pdf", tmp_path / "output"
    file.write_bytes(b"%PDF-1.7\nNothing of a PDF follows.\n%%EOF\n")
    state = output / ".hotfolio" / "convert"
    with receiving(status(503)) as receiver:
        (tmp_path / "my.toml").write_text(f'webhook = "{receiver.url()}"\nwebhook_hosts = ["127.0.0.1"]\n')
        monkeypatch.setenv("HOTFOLIO_CONFIG", str(tmp_path / "my.toml"))
        monkeypatch.setattr(webhook, "_FIRST_DELAY_S", 600.0)
        convert(file, output)
        assert f"1 delivery is kept in {state}; " in capsys.readouterr().err
        with sqlite3.connect(state / "jobs.sqlite3") as db:
            assert db.execute("UPDATE outbox SET due = 0").rowcount == 1
        receiver.answers = [status(204)]
        convert(file, output)
        assert "kept" not in capsys.readouterr().err
        assert len({call.headers["X-Hotfolio-Delivery"] for call in receiver.calls}) == 2
    assert not state.exists()


def convert(file: Path, output: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        app(["convert", str(file), "-o", str(output), "--workers", "1"])
    assert ended.value.code == 1  # it is no PDF


def test_a_command_under_way_when_the_engine_is_killed_runs_again(tmp_path: Path, clock: Clock) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.engine.hooks.test_aftermath import Office, shell\n"
        "kill = shell('echo $HOTFOLIO_JOB_DELIVERY >> ../said; kill -9 $PPID')\n"
        "Office(Path(sys.argv[1]), time.time, on_done=kill).end()\n"
        "time.sleep(60)\n"
    )
    root = ROOT
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=root, timeout=50, check=False)
    assert killed.returncode == -signal.SIGKILL
    with office(tmp_path, clock, on_done=shell("echo $HOTFOLIO_JOB_DELIVERY >> ../said")) as o:
        o.aftermath.start()
        o.settle()
        assert o.left == []
    first, second = (tmp_path / "said").read_text().split()
    assert first == second


def test_a_run_ends_when_its_sources_are_settled_and_what_follows_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTFOLIO_WEBHOOK_SECRET", "shared")
    said, folder = tmp_path / "said", tmp_path / "input"
    folder.mkdir()
    good, *bad = (folder / f"{name}.pdf" for name in ("good", "bad-1", "bad-2", "bad-3"))
    for file in (good, *bad):
        file.write_bytes(pdfs.text_pages(1) if file is good else b"%PDF-1.7\nNothing of a PDF follows.\n%%EOF\n")
        os.utime(file, (time.time() - 60,) * 2)
    say = 'sleep 0.3; test -e "$HOTFOLIO_JOB_SOURCE"; '
    say += f'echo "$0 $HOTFOLIO_JOB_NAME $? $(test -e "$HOTFOLIO_JOB_OUTPUT/manifest.json"; echo $?)" >> {said}'
    recorder, finish = Recorder(monkeypatch), JobStore.finish

    def recorded(store: JobStore, job_id: int, state: JobState, cause: str, **changes: Any) -> Any:
        job = finish(store, job_id, state, cause, **changes)
        recorder.calls.append(("finished", state))
        return job

    monkeypatch.setattr(JobStore, "finish", recorded)
    with receiving() as receiver:
        settings = Settings(
            input=folder,
            output=tmp_path / "output",
            ocr="never",
            num_workers=1,
            settle=0,
            on_success="delete",
            on_done=(*shell(say), "done"),
            on_failed=(*shell(say), "failed"),
            webhook=receiver.url(),
            webhook_hosts=("127.0.0.1",),
        )
        assert Runner(LoadedSettings(settings, {}), once=True, json_lines=True).run() == 1
        told = {call.json["filename"]: call.json["event"] for call in receiver.calls}
        assert told == {"good.pdf": "job.done"} | {file.name: "job.failed" for file in bad}
        assert all("X-Hotfolio-Signature" in call.headers for call in receiver.calls)
    # The source is gone before the command runs, and nothing of that is so of what failed.
    assert sorted(said.read_text().splitlines()) == ["done good.pdf 1 0", *(f"failed {file.name} 0 1" for file in bad)]
    assert sorted(folder.iterdir()) == bad
    # Result, then queue, then source.
    finished = recorder.first("finished", JobState.DONE)
    recorder.is_durable(tmp_path / "output" / "good", tmp_path / "output", finished)
    assert finished < recorder.first("gone", good)
