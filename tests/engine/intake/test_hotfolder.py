"""What the hot folder takes, when, and what it leaves alone: real files in real folders."""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.base.beneath import Tree
from engine.intake import folderwatch as folderwatch_module
from engine.intake import hotfolder as hotfolder_module
from engine.intake import watcher as watcher_module
from engine.intake.hotfolder import ROOT_GONE, HotFolder
from engine.intake.watcher import Watch, begin_watch
from engine.job.job import Job, JobState
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.settings.profiles import Polling
from engine.settings.settings import Settings
from tests.clock import Clock
from tests.deep import deep_folder
from tests.waiting import wait_until

PDF = b"%PDF-1.7\n% a body that nobody parses here\n%%EOF\n"
NO_END = b"%PDF-1.7\n% a body that nobody parses here\n"
NEVER_S = 3600.0
"""A settle or scan time that does not come within a test."""
MARKS = ("zz-first-mark.pdf", "zz-second-mark.pdf")


class Inbox:
    """A hot folder at work, and the queue it fills."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "in"
        self.root.mkdir()
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.hot: HotFolder | None = None
        self._open()

    def _open(self) -> None:
        self.store = JobStore(self.folder / "state", Clock())
        self.tracker = ProgressTracker(Clock())
        self.queue = JobQueue(self.store, Scheduler(), self.tracker, Clock())
        self.queue.load()

    def start(
        self,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Path], Watch] = begin_watch,
        **settings: Any,
    ) -> HotFolder:
        """Watch, settling at once and scanning once at the start, unless told otherwise."""
        values = {
            "input": self.root,
            "output": self.folder / "out",
            "settle": 0.05,
            "settle_damaged": 0.3,
            "scan_interval": NEVER_S,
            "poll": Polling.NEVER,
            **settings,
        }
        self.hot = HotFolder(Settings.model_validate(values).hot_folders[0], self.queue, self._cancel, clock, begin)
        self.hot.start()
        wait_until(self.hot.first_scan_done.is_set, "the first scan")
        return self.hot

    def _cancel(self, job_id: int, reason: str) -> None:
        self.queue.cancel(job_id, reason)

    def stop(self) -> None:
        if self.hot is not None:
            self.hot.stop()
            self.hot = None

    def restart(self, **settings: Any) -> HotFolder:
        """End, and start with what is on the disk."""
        self.stop()
        self.store.close()
        self._open()
        return self.start(**settings)

    def close(self) -> None:
        self.stop()
        self.store.close()

    def drop(self, name: str | bytes, content: bytes = PDF) -> Path:
        """Write a file in place."""
        file = self.root / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def move_in(self, name: str | bytes, content: bytes = PDF) -> Path:
        """Write a file elsewhere on the same disk and rename it in."""
        part, tick = self.elsewhere / "part", self.elsewhere / "tick"
        part.write_bytes(content)
        written_ns = part.stat().st_mtime_ns

        def clock_has_ticked() -> bool:
            tick.write_bytes(b"")
            return tick.stat().st_mtime_ns > written_ns

        # The clock of a file system goes in steps, and a rename within the step of the writing cannot be told from it.
        wait_until(clock_has_ticked, "the clock of the file system")
        file = self.root / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        return part.replace(file)

    def jobs(self) -> list[Job]:
        """All jobs, oldest first, but not those of `settle_all`."""
        jobs = (job for job in self.tracker.jobs() if os.fsdecode(job.source.path) not in MARKS)
        return sorted(jobs, key=lambda job: job.id)

    def names(self) -> list[bytes]:
        return sorted(job.source.path for job in self.jobs())

    def wait_for(self, *names: str | bytes) -> list[Job]:
        """Wait until there is a job for each of these and for nothing else."""
        wanted = sorted(map(os.fsencode, names))
        wait_until(lambda: len(self.jobs()) >= len(wanted), f"{len(wanted)} jobs, not only {self.names()}")
        assert self.names() == wanted
        return self.jobs()

    def look_at_all(self) -> None:
        """Wait until everything that is in the folder has been looked at."""
        # What is reported together is looked at in any order, so that only the second of two comes after all else.
        for mark in MARKS:
            self.move_in(mark)
            wait_until(partial(self.has_job, mark), "a file that came last")

    def settle_all(self) -> None:
        """Wait until everything that is going to be queued is."""
        self.look_at_all()
        wait_until(lambda: self.hot is not None and not self.hot.waiting, "all files to settle")

    def is_there(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.root / name).exists()

    def has_job(self, name: str) -> bool:
        """Whether there is a job for this file."""
        return any(job.source.path == os.fsencode(name) for job in self.tracker.jobs())

    def is_seen(self, file: Path) -> bool:
        """Whether the file has been looked at as it is now, and waits to settle."""
        assert self.hot is not None
        seen = self.hot._settling.seen(os.fsencode(file.relative_to(self.root)))
        return seen is not None and seen.size == file.stat().st_size

    def in_state(self, job_id: int, state: JobState) -> bool:
        snapshot = self.tracker.job(job_id)
        return snapshot is not None and snapshot.job.state is state

    def banner(self) -> str | None:
        return next((b.message for b in self.tracker.snapshot().banners if b.key.startswith(ROOT_GONE)), None)


@pytest.fixture(autouse=True)
def _in_short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look and report more often than in earnest; what is decided stays the same."""
    monkeypatch.setattr(folderwatch_module, "_COLLECT_S", 0.01)
    monkeypatch.setattr(folderwatch_module, "_POLL_MS", 50)
    monkeypatch.setattr(hotfolder_module, "_TICK_S", 0.05)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    inbox = Inbox(tmp_path)
    yield inbox
    inbox.close()


# --- what is taken ---


def test_finds_what_is_there_at_the_start_and_what_comes_later(inbox: Inbox) -> None:
    inbox.drop("a.pdf")
    inbox.drop("sub/deep/b.PDF")
    inbox.start(scan_interval=1.0)
    inbox.wait_for("a.pdf", "sub/deep/b.PDF")
    inbox.drop("c.pdf")
    inbox.drop("new/folder/d.pdf")
    jobs = inbox.wait_for("a.pdf", "c.pdf", "new/folder/d.pdf", "sub/deep/b.PDF")
    for job in jobs:
        assert job.state is JobState.QUEUED
        assert job.source.root == os.fsencode(inbox.root)
        assert job.source.matches(job.source.file.lstat())


def test_a_job_gets_the_options_of_the_settings(inbox: Inbox) -> None:
    inbox.drop("a.pdf")
    inbox.start(formats="txt,json", dpi=72)
    (job,) = inbox.wait_for("a.pdf")
    assert ([*job.options.formats], job.options.dpi) == (["txt", "json"], 72)


def test_survives_slow_chunked_writes(inbox: Inbox) -> None:
    inbox.start(settle=0.2, settle_damaged=NEVER_S)
    chunks = [PDF[:20], *[b"% one more line of the body\n"] * 98, b"%%EOF\n"]
    file = inbox.root / "slow.pdf"

    def is_seen() -> bool:
        return inbox.is_seen(file)

    with file.open("wb", buffering=0) as stream:
        for number, chunk in enumerate(chunks):
            if number % 10 == 9:
                wait_until(is_seen, "the file to be looked at as it is now")
                assert inbox.jobs() == []
            stream.write(chunk)
    (job,) = inbox.wait_for("slow.pdf")
    assert job.source.size == sum(map(len, chunks))
    inbox.settle_all()
    assert inbox.jobs() == [job]


def test_a_file_settles_anew_with_every_change(inbox: Inbox) -> None:
    clock = Clock()
    inbox.start(clock, settle=500, settle_damaged=500)
    file = inbox.drop("growing.pdf")

    def is_seen() -> bool:
        return inbox.is_seen(file)

    def look_again(name: str) -> None:
        for number in (1, 2):
            other = inbox.move_in(f"{name}{number}.pdf")
            wait_until(partial(inbox.has_job, other.name), "another file")

    wait_until(is_seen, "the file to be seen")
    clock.advance(499)
    inbox.drop("growing.pdf", PDF * 2)
    wait_until(is_seen, "the change to be seen")
    clock.advance(499)
    look_again("a")
    assert b"growing.pdf" not in inbox.names()
    clock.advance(1)
    wait_until(lambda: b"growing.pdf" in inbox.names(), "the file to be taken")
    (job,) = [job for job in inbox.jobs() if job.source.path == b"growing.pdf"]
    assert job.source.size == 2 * len(PDF)


def test_takes_a_renamed_in_file_at_once(inbox: Inbox) -> None:
    inbox.start(settle=NEVER_S, settle_damaged=NEVER_S)
    inbox.move_in("a.pdf")
    inbox.wait_for("a.pdf")


def test_takes_an_upload_once_it_loses_its_temporary_name(inbox: Inbox) -> None:
    hot = inbox.start(settle=NEVER_S, settle_damaged=NEVER_S)
    part = inbox.drop("a.pdf.part")
    inbox.move_in("b.pdf")
    inbox.wait_for("b.pdf")
    wait_until(lambda: hot.waiting == 0, "nothing to be waited for")
    part.rename(inbox.root / "a.pdf")
    inbox.wait_for("a.pdf", "b.pdf")


def test_a_renamed_in_file_without_its_end_is_waited_for(inbox: Inbox) -> None:
    hot = inbox.start(settle=0.0, settle_damaged=NEVER_S)
    inbox.move_in("cut.pdf", NO_END)
    wait_until(lambda: hot.waiting == 1, "the file to be seen")
    inbox.move_in("whole.pdf")
    inbox.wait_for("whole.pdf")
    wait_until(lambda: hot.waiting == 1, "the whole one to be taken")


def test_a_file_without_its_end_is_taken_after_the_longer_wait(inbox: Inbox) -> None:
    inbox.start(settle=NEVER_S, settle_damaged=0.2)
    inbox.drop("cut.pdf", NO_END)
    inbox.wait_for("cut.pdf")


def test_an_old_file_need_not_be_watched_to_be_settled(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100)
    inbox.drop("a.pdf")
    inbox.start(settle=50, settle_damaged=50)
    inbox.wait_for("a.pdf")


def test_finds_a_folder_tree_moved_in(inbox: Inbox) -> None:
    inbox.start()
    tree = inbox.elsewhere / "tree"
    for name in ("a.pdf", "x/b.pdf", "x/y/z/c.pdf", ".hidden/d.pdf"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(PDF)
    tree.rename(inbox.root / "tree")
    inbox.wait_for("tree/a.pdf", "tree/x/b.pdf", "tree/x/y/z/c.pdf")


@pytest.mark.parametrize("name", [b"caf\xe9.pdf", b"\xff\xfe/b\x80d.pdf"])
def test_finds_a_name_that_is_no_utf8_and_goes_on(inbox: Inbox, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    monkeypatch.setattr(watcher_module, "_REBUILD_S", 0.2)
    inbox.start()
    inbox.drop(name)
    (job,) = inbox.wait_for(name)
    assert job.name.isprintable()
    assert os.fsencode(job.source.file) == os.fsencode(inbox.root) + b"/" + name
    inbox.drop("plain.pdf")
    inbox.wait_for(name, "plain.pdf")


def test_a_name_may_be_anything_a_name_can_be(inbox: Inbox) -> None:
    names = [
        "x" * 251 + ".pdf",
        "\u00e9" * 125 + "x.pdf",
        "[/]x.pdf",
        "[red]a[/red].pdf",
        "a\x1b[31m\x07.pdf",
        "two\nlines.pdf",
        "\u202eevil.pdf",
        "e\u0301.pdf",
        "\u00e9.pdf",
        " .pdf",
        "-rf.pdf",
    ]
    inbox.start()
    for name in names:
        inbox.drop(name)
    for job in inbox.wait_for(*names):
        assert job.name.isprintable()
        assert job.source.file.read_bytes() == PDF


def test_a_file_without_the_suffix_is_taken_for_what_is_in_it(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("report")
    inbox.drop("notes.txt", b"only text")
    inbox.settle_all()
    assert inbox.names() == [b"report"]


def test_the_signature_may_stand_within_the_first_kilobyte(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("late.pdf", b"\n" * 1000 + PDF)
    inbox.drop("too-late.pdf", b"\n" * 1024 + PDF)
    inbox.settle_all()
    assert inbox.names() == [b"late.pdf"]


def test_two_thousand_files_at_once_are_all_queued_once(inbox: Inbox) -> None:
    for number in range(2000):
        inbox.drop(f"{number % 20}/{number}.pdf")
    hot = inbox.start(settle=0.0)
    wait_until(lambda: len(inbox.jobs()) >= 2000, "all files to be queued")
    assert hot.found == 2000
    inbox.settle_all()
    assert len(inbox.jobs()) == 2000


# --- what is left alone ---


IGNORED = (
    ".hidden.pdf",
    "a.pdf.part",
    "a.pdf.PARTIAL",
    "a.pdf.filepart",
    "a.pdf.crdownload",
    "a.tmp",
    "~$a.pdf",
    ".nfs000123",
    ".stfolder/a.pdf",
    ".stversions/a.pdf",
    "@eaDir/a.pdf",
    "__MACOSX/a.pdf",
    ".Trashes/a.pdf",
    "sub/.git/deep/a.pdf",
)


@pytest.mark.parametrize("when", ["before the start", "after the start"])
def test_what_other_programs_keep_for_themselves_is_ignored(inbox: Inbox, when: str) -> None:
    if when == "after the start":
        inbox.start(settle=0.0)
    for name in IGNORED:
        inbox.drop(name)
    if when == "before the start":
        inbox.start(settle=0.0)
    inbox.settle_all()
    assert inbox.names() == []


@pytest.mark.parametrize("when", ["before the start", "after the start"])
def test_what_is_called_a_pdf_and_is_no_file_is_ignored_with_one_log_line(
    inbox: Inbox, engine_log: pytest.LogCaptureFixture, when: str
) -> None:
    (inbox.elsewhere / "target.pdf").write_bytes(PDF)
    if when == "after the start":
        inbox.start(scan_interval=0.2)
    (inbox.root / "link\x1b.pdf").symlink_to(inbox.elsewhere / "target.pdf")
    (inbox.root / "dangling\x1b.pdf").symlink_to("nowhere")
    os.mkfifo(inbox.root / "fifo\x1b.pdf")
    (inbox.root / "folder\x1b.pdf").mkdir()
    (inbox.root / "link").symlink_to("nowhere")
    os.mkfifo(inbox.root / "fifo")
    if when == "before the start":
        inbox.start(scan_interval=0.2)

    def lines() -> list[str]:
        messages = (record.getMessage() for record in engine_log.records)
        return sorted(m.removeprefix("Ignored: ") for m in messages if m.startswith("Ignored: "))

    wait_until(lambda: len(lines()) >= 4, "lines in the log")
    inbox.settle_all()
    assert inbox.names() == []
    assert lines() == [
        "dangling\\x1b.pdf is not a regular file",
        "fifo\\x1b.pdf is not a regular file",
        "folder\\x1b.pdf is a folder",
        "link\\x1b.pdf is not a regular file",
    ]


@pytest.mark.parametrize("when", ["before the start", "after the start"])
def test_links_to_folders_are_not_followed(inbox: Inbox, when: str) -> None:
    outside = inbox.folder / "outside"
    (outside / "sub").mkdir(parents=True)
    (outside / "sub" / "a.pdf").write_bytes(PDF)
    (inbox.root / "sub").mkdir()

    def link() -> None:
        (inbox.root / "loop").symlink_to(inbox.root)
        (inbox.root / "away").symlink_to(outside)
        (inbox.root / "sub" / "away").symlink_to(outside)

    if when == "before the start":
        link()
    inbox.start()
    if when == "after the start":
        link()
    inbox.look_at_all()
    (outside / "b.pdf").write_bytes(PDF)
    (outside / "sub" / "a.pdf").write_bytes(PDF * 2)
    (inbox.root / "away" / "sub" / "c.pdf").write_bytes(PDF)
    inbox.settle_all()
    assert inbox.names() == []


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("polls", [False, True])
def test_a_folder_that_becomes_a_link_while_its_file_settles_leads_nowhere(
    inbox: Inbox, depth: int, polls: bool
) -> None:
    clock = Clock()
    inbox.start(
        clock, settle=500, settle_damaged=500, poll=Polling.ALWAYS if polls else Polling.NEVER, poll_interval=0.1
    )
    file = inbox.drop("f/g/h/a.pdf")

    def is_waited_for() -> bool:
        return inbox.hot is not None and inbox.hot.waiting == 1

    if polls:
        clock.advance(1)
    wait_until(is_waited_for, "the file to be seen")
    outside = inbox.folder / "outside" / "f" / "g" / "h"
    outside.mkdir(parents=True)
    (outside / "a.pdf").hardlink_to(file)  # the very same file, but for the way to it
    parts = ("f", "g", "h")[:depth]
    inbox.root.joinpath(*parts).rename(inbox.folder / "taken out")
    inbox.root.joinpath(*parts).symlink_to(inbox.folder.joinpath("outside", *parts))
    clock.advance(600)
    wait_until(lambda: inbox.hot is not None and not inbox.hot.waiting, "the file to be given up")
    assert inbox.names() == []


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_queued_file_whose_folder_becomes_a_link_is_gone(inbox: Inbox, depth: int) -> None:
    inbox.start()
    file = inbox.drop("f/g/h/a.pdf")
    (job,) = inbox.wait_for("f/g/h/a.pdf")
    outside = inbox.folder / "outside" / "f" / "g" / "h"
    outside.mkdir(parents=True)
    (outside / "a.pdf").hardlink_to(file)
    parts = ("f", "g", "h")[:depth]
    inbox.root.joinpath(*parts).rename(inbox.folder / "taken out")
    inbox.root.joinpath(*parts).symlink_to(inbox.folder.joinpath("outside", *parts))
    wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the job to be cancelled")


def test_a_mount_in_the_hot_folder_is_part_of_it(inbox: Inbox, bind: Callable[[Path, Path], None]) -> None:
    shared = inbox.folder / "shared"
    shared.mkdir()
    (inbox.root / "f").mkdir()
    bind(shared, inbox.root / "f")
    (shared / "a.pdf").write_bytes(PDF)
    inbox.start()
    inbox.wait_for("f/a.pdf")
    (shared / "b.pdf").write_bytes(PDF)
    inbox.wait_for("f/a.pdf", "f/b.pdf")


def test_files_that_come_with_their_folders_are_found_without_a_scan(inbox: Inbox) -> None:
    """However soon after its folder a file is there: the folder is watched before it is read."""
    inbox.start(settle=0.0)
    inbox.look_at_all()
    names = [f"{number}/{'x/' * (number % 5)}{number}.pdf" for number in range(150)]
    for name in names:
        inbox.drop(name)
    inbox.wait_for(*names)


def test_what_a_watch_has_missed_is_looked_for(inbox: Inbox) -> None:
    class Overrun(Deaf):
        def changes(self) -> Iterator[set[bytes] | None]:
            for changes in super().changes():
                yield None if inbox.is_there("a.pdf") else changes

    inbox.start(begin=lambda _: Overrun())
    file = inbox.drop("a.pdf")
    (job,) = inbox.wait_for("a.pdf")
    assert job.source.matches(file.lstat())


def test_a_folder_that_cannot_be_read_keeps_its_jobs_and_hides_no_removal_elsewhere(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's folder: the tests may run as one who may read everything."""
    inbox.start(scan_interval=0.2)
    inbox.drop("theirs/a.pdf")
    ours = inbox.drop("ours/b.pdf")
    kept, removed = sorted(inbox.wait_for("theirs/a.pdf", "ours/b.pdf"), key=lambda job: -len(job.source.path))
    inbox.queue.cancel(kept.id, "Cancelled.")
    inbox.queue.remove([kept.id])
    opened = Tree.open

    def guarded(tree: Tree, path: bytes, flags: int = os.O_RDONLY) -> int:
        if path == b"theirs":
            raise PermissionError(13, "Permission denied", path)
        return opened(tree, path, flags)

    monkeypatch.setattr(Tree, "open", guarded)
    ours.unlink()
    wait_until(lambda: inbox.in_state(removed.id, JobState.CANCELLED), "the removal to be seen")
    inbox.look_at_all()
    assert kept.source in inbox.store.known_sources(os.fsencode(inbox.root))


def test_a_waiting_job_of_a_folder_that_cannot_be_read_is_not_taken_for_gone(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.start(scan_interval=0.2)
    inbox.drop("theirs/a.pdf")
    ours = inbox.drop("ours/b.pdf")
    waiting, removed = sorted(inbox.wait_for("theirs/a.pdf", "ours/b.pdf"), key=lambda job: -len(job.source.path))
    opened = Tree.open

    def guarded(tree: Tree, path: bytes, flags: int = os.O_RDONLY) -> int:
        if path == b"theirs":
            raise PermissionError(13, "Permission denied", path)
        return opened(tree, path, flags)

    monkeypatch.setattr(Tree, "open", guarded)
    ours.unlink()
    wait_until(lambda: inbox.in_state(removed.id, JobState.CANCELLED), "the removal to be seen")
    inbox.look_at_all()
    assert inbox.in_state(waiting.id, JobState.QUEUED)


def test_a_folder_whose_path_is_too_long_is_told_of_and_hides_no_removal(
    inbox: Inbox, engine_log: pytest.LogCaptureFixture
) -> None:
    with deep_folder(inbox.root, "d" * 100, 50):
        inbox.start(scan_interval=0.2)
        file = inbox.drop("a.pdf")
        (job,) = inbox.wait_for("a.pdf")
        inbox.stop()
        file.unlink()  # while nobody watches, so that only a scan can see it
        inbox.restart(scan_interval=0.2)
        wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the removal to be seen")
        inbox.stop()
    lines = [r.getMessage() for r in engine_log.records if "its path is too long" in r.getMessage()]
    assert len(lines) == 2  # one for each start
    assert all(len(line) < 250 for line in lines)


def test_an_empty_file_gets_a_line_in_the_log_once_it_is_not_being_written(
    inbox: Inbox, engine_log: pytest.LogCaptureFixture
) -> None:
    def lines() -> list[str]:
        return [r.getMessage() for r in engine_log.records if r.getMessage().endswith("is empty")]

    inbox.start(settle=0.0, settle_damaged=NEVER_S, scan_interval=0.2)
    old = inbox.drop("old.pdf", b"")
    inbox.drop("young.pdf", b"")
    inbox.drop("notes.txt", b"")
    inbox.look_at_all()
    assert lines() == []
    assert inbox.hot is not None
    inbox.hot.follow(replace(inbox.hot.rule, settle_damaged=0.01))
    wait_until(lambda: len(lines()) == 2, "lines in the log")
    inbox.look_at_all()
    assert sorted(lines()) == ["Ignored: old.pdf is empty", "Ignored: young.pdf is empty"]
    old.write_bytes(PDF)
    wait_until(partial(inbox.has_job, "old.pdf"), "the file to be taken")


def test_an_empty_file_is_waited_for_until_something_is_in_it(inbox: Inbox) -> None:
    hot = inbox.start(settle=0.0, settle_damaged=0.0)
    inbox.drop("a.pdf", b"")
    inbox.settle_all()
    assert inbox.names() == []
    assert hot.waiting == 0
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")


def test_a_file_that_is_no_pdf_is_left_alone_and_said_so_until_it_becomes_one(
    inbox: Inbox, engine_log: pytest.LogCaptureFixture
) -> None:
    hot = inbox.start(settle=0.05, settle_damaged=0.1)
    inbox.drop("a.pdf", b"This is a note, not a PDF.\n")
    wait_until(lambda: [r for r in engine_log.records if "is not a PDF" in r.getMessage()], "a line in the log")
    wait_until(lambda: hot.waiting == 0, "the file to be given up")
    assert inbox.jobs() == []
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")


def test_a_file_that_may_not_be_read_is_said_so_once_and_taken_when_it_may(
    inbox: Inbox, engine_log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = {"locked.pdf"}

    def guarded(tree: Tree, path: bytes) -> int:
        if os.fsdecode(path) in denied:
            raise PermissionError(13, "Permission denied", path)
        return opened(tree, path)

    # The tests may run as a user who may read everything.
    opened = Tree.open_file
    monkeypatch.setattr(Tree, "open_file", guarded)
    inbox.move_in("locked.pdf")
    inbox.start(settle=0.0)

    def lines() -> list[str]:
        return [r.getMessage() for r in engine_log.records if "cannot be read" in r.getMessage()]

    wait_until(lines, "a line in the log")
    inbox.look_at_all()
    assert inbox.jobs() == []
    assert lines() == ["Ignored: locked.pdf cannot be read: Permission denied"]
    denied.clear()
    inbox.wait_for("locked.pdf")


# --- changes ---


def test_a_file_replaced_while_queued_gives_a_new_job_and_cancels_the_old(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    (old,) = inbox.wait_for("a.pdf")
    inbox.move_in("a.pdf", PDF * 3)
    wait_until(lambda: inbox.in_state(old.id, JobState.CANCELLED), "the old job to be cancelled")
    old, new = inbox.wait_for("a.pdf", "a.pdf")
    assert (new.state, new.source.size) == (JobState.QUEUED, len(PDF) * 3)
    assert old.reason == f"The file was replaced; the newer one is job {new.id}."


def test_a_file_replaced_while_converting_gives_a_new_job_and_lets_the_old_one_go_on(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    (old,) = inbox.wait_for("a.pdf")
    inbox.queue.transition(old.id, JobState.RUNNING, "claimed")
    inbox.drop("a.pdf", PDF * 3)
    inbox.wait_for("a.pdf", "a.pdf")
    inbox.settle_all()
    assert [job.state for job in inbox.jobs()] == [JobState.RUNNING, JobState.QUEUED]


def test_a_file_that_keeps_being_replaced_keeps_its_place_in_the_queue(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")
    inbox.drop("b.pdf")
    first, other = inbox.wait_for("a.pdf", "b.pdf")
    for version in range(2, 6):
        inbox.drop("a.pdf", PDF * version)
        inbox.wait_for(*["a.pdf"] * version, "b.pdf")
        inbox.settle_all()
    *given_up, newest = (job for job in inbox.jobs() if job.source.path == b"a.pdf")
    assert {job.state for job in given_up} == {JobState.CANCELLED}
    assert (newest.state, newest.position) == (JobState.QUEUED, first.position)
    assert newest.position < other.position


def test_a_file_that_is_deleted_and_written_anew_keeps_its_place_too(inbox: Inbox) -> None:
    inbox.start()
    file = inbox.drop("a.pdf")
    (first,) = inbox.wait_for("a.pdf")
    file.unlink()
    wait_until(lambda: inbox.in_state(first.id, JobState.CANCELLED), "the job to be cancelled")
    inbox.drop("a.pdf", PDF * 2)
    _, newer = inbox.wait_for("a.pdf", "a.pdf")
    assert newer.position == first.position


def test_a_file_replaced_after_it_was_converted_is_converted_again(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    (old,) = inbox.wait_for("a.pdf")
    inbox.queue.transition(old.id, JobState.RUNNING, "claimed")
    inbox.queue.transition(old.id, JobState.DONE, "published")
    inbox.drop("a.pdf", PDF * 3)
    assert [job.state for job in inbox.wait_for("a.pdf", "a.pdf")] == [JobState.DONE, JobState.QUEUED]


def test_a_replacement_does_not_touch_a_file_of_the_same_name_elsewhere(inbox: Inbox) -> None:
    inbox.start(scan_interval=1.0)
    inbox.drop("a.pdf")
    inbox.drop("sub/a.pdf")
    inbox.wait_for("a.pdf", "sub/a.pdf")
    inbox.drop("a.pdf", PDF * 3)
    inbox.wait_for("a.pdf", "a.pdf", "sub/a.pdf")
    states = {(job.source.path, job.source.size): job.state for job in inbox.jobs()}
    wait_until(
        lambda: [j.state for j in inbox.jobs() if j.source.path == b"a.pdf"] == [JobState.CANCELLED, JobState.QUEUED],
        "the old job to be cancelled",
    )
    assert states[b"sub/a.pdf", len(PDF)] is JobState.QUEUED


@pytest.mark.parametrize("how", ["deleted", "moved out", "folder deleted"])
def test_a_file_removed_while_queued_is_cancelled_with_that_reason(inbox: Inbox, how: str) -> None:
    file = inbox.drop("sub/a.pdf")
    inbox.drop("b.pdf")
    inbox.start()
    inbox.wait_for("b.pdf", "sub/a.pdf")
    (job,) = [job for job in inbox.jobs() if job.source.path == b"sub/a.pdf"]
    if how == "deleted":
        file.unlink()
    elif how == "moved out":
        file.rename(inbox.elsewhere / "a.pdf")
    else:
        shutil.rmtree(file.parent)
    wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the job to be cancelled")
    assert inbox.store.job(job.id).reason == "The source was removed before it was converted."
    assert [j.state for j in inbox.jobs() if j.id != job.id] == [JobState.QUEUED]


def test_a_file_removed_while_converting_is_finished(inbox: Inbox) -> None:
    inbox.start(scan_interval=0.2)
    file = inbox.drop("a.pdf")
    inbox.drop("b.pdf")
    inbox.wait_for("a.pdf", "b.pdf")
    running, waiting = sorted(inbox.jobs(), key=lambda job: job.source.path)
    inbox.queue.transition(running.id, JobState.RUNNING, "claimed")
    file.unlink()
    waiting.source.file.unlink()
    wait_until(lambda: inbox.in_state(waiting.id, JobState.CANCELLED), "the waiting job to be cancelled")
    assert inbox.in_state(running.id, JobState.RUNNING)


def test_a_held_job_whose_file_is_removed_is_cancelled(inbox: Inbox) -> None:
    inbox.start()
    file = inbox.drop("a.pdf")
    (job,) = inbox.wait_for("a.pdf")
    inbox.queue.transition(job.id, JobState.HELD, "Held.")
    file.unlink()
    wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the job to be cancelled")


def test_a_file_taken_out_while_queued_and_put_back_is_converted_after_all(inbox: Inbox) -> None:
    inbox.start()
    file = inbox.drop("a.pdf")
    (job,) = inbox.wait_for("a.pdf")
    away = file.rename(inbox.elsewhere / "a.pdf")
    wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the job to be cancelled")
    away.rename(file)
    wait_until(lambda: [j for j in inbox.jobs() if j.state is JobState.QUEUED], "the file to be queued again")


def test_a_renamed_file_is_another_file(inbox: Inbox) -> None:
    inbox.start()
    file = inbox.drop("a.pdf")
    (job,) = inbox.wait_for("a.pdf")
    file.rename(inbox.root / "b.pdf")
    wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the job to be cancelled")
    (_, new) = inbox.wait_for("a.pdf", "b.pdf")
    assert new.state is JobState.QUEUED


# --- restarts ---


def test_known_files_are_not_queued_again_after_a_restart(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    inbox.drop("b.pdf")
    first = inbox.wait_for("a.pdf", "b.pdf")
    inbox.queue.cancel(first[0].id, "Cancelled.")
    inbox.queue.remove([first[0].id])
    inbox.restart()
    inbox.settle_all()
    assert [job.id for job in inbox.jobs()] == [first[1].id]


def test_files_that_came_while_nobody_watched_are_found(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")
    inbox.stop()
    inbox.drop("b.pdf")
    inbox.drop("a.pdf", PDF * 2)
    inbox.restart()
    inbox.wait_for("a.pdf", "a.pdf", "b.pdf")


def test_a_file_that_went_while_nobody_watched_is_cancelled(inbox: Inbox) -> None:
    inbox.start()
    file = inbox.drop("a.pdf")
    (job,) = inbox.wait_for("a.pdf")
    inbox.stop()
    file.unlink()
    inbox.restart()
    wait_until(lambda: inbox.in_state(job.id, JobState.CANCELLED), "the job to be cancelled")


def test_a_removed_job_is_forgotten_once_its_file_is_gone(inbox: Inbox) -> None:
    inbox.start(scan_interval=0.2)
    file = inbox.drop("a.pdf")
    (job,) = inbox.wait_for("a.pdf")
    inbox.queue.cancel(job.id, "Cancelled.")
    inbox.queue.remove([job.id])
    known = inbox.store.known_sources(os.fsencode(inbox.root))
    assert len(known) == 1
    file.unlink()
    wait_until(lambda: not inbox.store.known_sources(os.fsencode(inbox.root)), "the source to be forgotten")


def test_nothing_is_queued_once_it_has_stopped(inbox: Inbox) -> None:
    hot = inbox.start()
    inbox.settle_all()
    inbox.stop()
    inbox.move_in("late.pdf")
    assert inbox.names() == []
    assert hot._watcher is not None
    assert not hot._watcher.is_alive()
    assert not hot._thread.is_alive()
    hot.stop()


# --- when the watcher or the folder fails ---


def test_a_root_that_is_deleted_and_made_again_is_watched_again(inbox: Inbox) -> None:
    inbox.start()
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")
    shutil.rmtree(inbox.root)
    wait_until(lambda: inbox.banner() is not None, "the banner that says so")
    banner = inbox.banner()
    assert banner is not None
    assert str(inbox.root) in banner
    inbox.root.mkdir()
    wait_until(lambda: inbox.banner() is None, "the banner to go")
    inbox.drop("b.pdf")
    inbox.wait_for("a.pdf", "b.pdf")
    inbox.drop("c.pdf")
    inbox.wait_for("a.pdf", "b.pdf", "c.pdf")


def test_a_root_that_is_replaced_by_another_folder_is_watched_again(inbox: Inbox) -> None:
    inbox.start()
    other = inbox.folder / "other"
    other.mkdir()
    (other / "b.pdf").write_bytes(PDF)
    inbox.root.rename(inbox.folder / "old")
    other.rename(inbox.root)
    inbox.wait_for("b.pdf")
    inbox.drop("c.pdf")
    inbox.wait_for("b.pdf", "c.pdf")


def test_a_root_that_is_not_there_at_the_start_is_waited_for(inbox: Inbox) -> None:
    inbox.root.rmdir()
    hot = HotFolder(Settings(input=inbox.root, settle=0.05).hot_folders[0], inbox.queue, inbox._cancel)
    inbox.hot = hot
    hot.start()
    wait_until(lambda: inbox.banner() is not None, "the banner that says so")
    inbox.root.mkdir()
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")


class Deaf:
    """A watch that hears nothing, until it dies of `death`, if it does."""

    def __init__(self, death: threading.Event | None = None) -> None:
        self.death = death or threading.Event()
        self.stopped = threading.Event()

    def cover(self, path: bytes, folder: int) -> None:
        pass

    def changes(self) -> Iterator[set[bytes] | None]:
        while not self.stopped.wait(0.02):
            yield set()
            if self.death.is_set():
                raise RuntimeError("stream did not contain valid UTF-8")

    def stop(self) -> None:
        self.stopped.set()


def test_a_scan_finds_files_the_watcher_never_reports(inbox: Inbox) -> None:
    inbox.start(begin=lambda _: Deaf(), scan_interval=0.3)
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")


def test_a_watcher_that_dies_is_built_again_and_what_it_missed_is_found(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, engine_log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watcher_module, "_REBUILD_S", 0.2)
    die = threading.Event()
    lives: list[Watch] = []

    def mortal(root: Path) -> Watch:
        lives.append(Deaf(die) if not lives else begin_watch(root))
        return lives[-1]

    inbox.start(begin=mortal)
    inbox.drop("missed.pdf")
    die.set()
    inbox.wait_for("missed.pdf")
    assert len(lives) == 2
    assert [r for r in engine_log.records if r.levelno == logging.WARNING and "built again" in r.getMessage()]
    inbox.drop("seen.pdf")
    inbox.wait_for("missed.pdf", "seen.pdf")


def test_without_a_working_watcher_the_folder_is_scanned_all_the_same(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> Watch:
        raise OSError("inotify instance limit reached")

    monkeypatch.setattr(watcher_module, "_REBUILD_S", 0.2)
    inbox.start(begin=broken, scan_interval=0.3)
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")


def test_a_moment_in_which_the_queue_cannot_be_written_loses_no_file(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, engine_log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hotfolder_module, "_RETRY_S", 0.2)
    add = inbox.queue.add
    failures: list[int] = []

    def full(sources: Any) -> Any:
        if not failures:
            failures.append(1)
            raise OSError(28, "No space left on device")
        return add(sources)

    monkeypatch.setattr(inbox.queue, "add", full)
    inbox.start(settle=0.0)
    inbox.drop("a.pdf")
    inbox.wait_for("a.pdf")
    assert failures == [1]


# --- polling ---


def no_watcher(_: Path) -> Watch:
    raise AssertionError("a polled folder is not watched")


def test_a_polled_folder_finds_everything_without_a_watcher(inbox: Inbox) -> None:
    inbox.drop("a.pdf")
    hot = inbox.start(begin=no_watcher, poll=Polling.ALWAYS, poll_interval=0.1)
    inbox.wait_for("a.pdf")
    inbox.move_in("b.pdf")
    inbox.drop("sub/c.pdf")
    jobs = inbox.wait_for("a.pdf", "b.pdf", "sub/c.pdf")
    jobs[0].source.file.unlink()
    wait_until(lambda: inbox.in_state(jobs[0].id, JobState.CANCELLED), "the job to be cancelled")
    assert hot._watcher is None


def test_a_polled_folder_takes_nothing_for_settled_that_it_has_not_watched(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock of another machine may be anything, and a rename there may be half a copy here.
    file = inbox.move_in("a.pdf")
    os.utime(file, (1, 1))
    hot = inbox.start(poll=Polling.ALWAYS, poll_interval=0.05, settle=NEVER_S, settle_damaged=NEVER_S)
    wait_until(lambda: hot.waiting == 1, "the file to be seen")
    scans: list[bool] = []
    monkeypatch.setattr(inbox.store, "forget_gone", lambda _, is_gone: scans.append(is_gone(b"a.pdf")))
    wait_until(lambda: len(scans) >= 3, "three more scans")
    assert not any(scans)
    assert inbox.jobs() == []


@pytest.mark.parametrize(
    ("poll", "network", "watches"),
    [
        (Polling.AUTO, True, False),
        (Polling.AUTO, False, True),
        (Polling.NEVER, True, True),
        (Polling.ALWAYS, False, False),
    ],
)
def test_network_mounts_are_polled_unless_told_otherwise(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, poll: Polling, network: bool, watches: bool
) -> None:
    monkeypatch.setattr(hotfolder_module, "is_network", lambda _: network)
    hot = inbox.start(poll=poll)
    assert (hot._watcher is not None) == watches
