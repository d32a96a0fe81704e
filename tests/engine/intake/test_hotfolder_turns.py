"""What the hot folder does in one turn, step by step: its thread, its watch and all clocks are the test's."""

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.base.beneath import MAX_PATH, Tree
from engine.base.safetext import display_name
from engine.intake import hotfolder as hotfolder_module
from engine.intake.hotfolder import ROOT_GONE, HotFolder
from engine.intake.watcher import Watch
from engine.job.job import Job, JobState, Source, Submission, signed_inode
from engine.job.kinds import HEAD, TAIL
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import OpenJob, Scheduler
from engine.queue.store import JobStore
from engine.queue.versions import REMOVED, REPLACED
from engine.settings.profiles import Polling, WatchedFolder
from engine.settings.settings import Settings
from tests.clock import Clock
from tests.deep import deep_folder
from tests.engine.making import add
from tests.waiting import wait_until

PDF = b"%PDF-1.7\n% a body that nobody parses here\n%%EOF\n"
NO_END = b"%PDF-1.7\n% a body that nobody parses here\n"
SETTLE, DAMAGED, SCAN, POLL = 10.0, 30.0, 600.0, 60.0
"""The rule's times, in seconds."""
LONG_AGO = 1e6


class Ears:
    """In a watcher's place: hears what the test says, and notes what it is told."""

    def __init__(self, root: Path, on_hint: Callable[[], None], begin: Callable[[Path], Watch]) -> None:
        self.root, self.on_hint, self.begin = root, on_hint, begin
        self.hints: set[bytes] = set()
        self.missed = False
        self.begins_anew = False
        self.asked: list[tuple[float, float]] = []
        self.covered: list[tuple[bytes, bool]] = []
        self.ends: list[str] = []

    def keep_alive(self, now: float, longest_s: float) -> bool:
        self.asked.append((now, longest_s))
        anew, self.begins_anew = self.begins_anew, False
        return anew

    def cover(self, path: bytes, folder: int) -> None:
        self.covered.append((path, stat.S_ISDIR(os.fstat(folder).st_mode)))

    def take_hints(self) -> set[bytes]:
        hints, self.hints = self.hints, set()
        return hints

    def has_missed(self) -> bool:
        missed, self.missed = self.missed, False
        return missed

    def let_go(self) -> None:
        self.ends.append("let go")

    def join(self) -> None:
        self.ends.append("join")


class Hand:
    """A hot folder that takes a turn when it is told to."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.root = folder / "in"
        self.root.mkdir(exist_ok=True)
        self.folder = folder
        self.clock, self.wall = Clock(), Clock(LONG_AGO)
        self.store = JobStore(folder / "state", Clock())
        self.tracker = ProgressTracker(Clock())
        self.queue = JobQueue(self.store, Scheduler(), self.tracker, Clock())
        self.cancelled: list[tuple[int, str]] = []
        self.hot = HotFolder(self.rule(**settings), self.queue, self._cancel, self.clock, self._begin)

    def rule(self, **settings: Any) -> WatchedFolder:
        values = {
            "input": self.root,
            "output": self.folder / "out",
            "settle": SETTLE,
            "settle_damaged": DAMAGED,
            "scan_interval": SCAN,
            "poll_interval": POLL,
            "poll": Polling.NEVER,
            **settings,
        }
        return Settings.model_validate(values).hot_folders[0]

    @staticmethod
    def _begin(_: Path) -> Watch:
        raise AssertionError("nobody begins it but a watcher")

    def _cancel(self, job_id: int, reason: str) -> None:
        self.cancelled.append((job_id, reason))
        self.queue.cancel(job_id, reason)

    @property
    def ears(self) -> Ears:
        return cast(Ears, self.hot._watcher)

    def turn(self, *hints: str, after: float = 0.0) -> None:
        """Let so many seconds pass, here and on the files' clock, and let the folder take a turn."""
        self.clock.advance(after)
        self.wall.advance(after)
        if hints:
            self.ears.hints.update(map(os.fsencode, hints))
        self.hot._turn()

    def scan(self) -> None:
        """A turn in which it is time to look at everything."""
        self.turn(after=SCAN)

    def write(self, name: str, content: bytes = PDF) -> Path:
        """A file that is being written, by its times: both are this very moment's."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def jobs(self) -> list[Job]:
        return sorted(self.tracker.jobs(), key=lambda job: job.id)

    def states(self) -> dict[str, JobState]:
        """By file, the state of the newest job."""
        return {os.fsdecode(job.source.path): job.state for job in self.jobs()}

    def job(self, name: str) -> Job:
        return [job for job in self.jobs() if job.source.path == os.fsencode(name)][-1]

    def banner(self) -> str | None:
        return next((b.message for b in self.tracker.snapshot().banners if b.key.startswith(ROOT_GONE)), None)


Make = Callable[..., Hand]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes hot folders whose files were all written at the moment the wall's clock shows."""
    monkeypatch.setattr(hotfolder_module, "Watcher", Ears)
    made: list[Hand] = []

    def make(**settings: Any) -> Hand:
        hand = Hand(tmp_path, **settings)
        made.append(hand)
        wall = SimpleNamespace(time=hand.wall)
        monkeypatch.setattr(hotfolder_module, "time", wall)
        return hand

    yield make
    for hand in made:
        hand.store.close()


@pytest.fixture
def hand(make: Make) -> Hand:
    """A hot folder that has not looked yet, and takes at once what is whole."""
    return make(settle=0.001, settle_damaged=0.002)


@pytest.fixture
def ignored(engine_log: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the log says was left alone, oldest first."""

    def lines() -> list[str]:
        messages = (record.getMessage() for record in engine_log.records)
        return [m.removeprefix("Ignored: ") for m in messages if m.startswith("Ignored: ")]

    return lines


def take(hand: Hand, *names: str) -> list[Job]:
    """Have these files queued, by a scan and by the turn after it."""
    for name in names:
        hand.write(name)
    hand.scan()
    hand.turn(after=1)
    assert set(names) <= hand.states().keys()
    return [hand.job(name) for name in names]


def convert(hand: Hand, job: Job, finished: float) -> None:
    """Have a job be done at a time, in seconds since 1970."""
    hand.queue.transition(job.id, JobState.RUNNING, "claimed")
    hand.queue.transition(job.id, JobState.DONE, "published", finished=finished)


# --- when what is looked at ---


def test_the_first_turn_looks_at_everything_and_the_next_such_is_a_scan_interval_later(hand: Hand) -> None:
    assert not hand.hot.first_scan_done.is_set()
    assert hand.hot.found == 0
    hand.write("a.pdf")
    hand.turn()
    assert hand.hot.first_scan_done.is_set()
    assert hand.hot.found == 1
    hand.turn(after=1)
    assert hand.states() == {"a.pdf": JobState.QUEUED}
    hand.write("b.pdf")
    hand.turn(after=SCAN - 1.5)
    hand.turn(after=0.25)
    assert hand.hot.waiting == 0
    hand.turn(after=0.25)
    assert hand.hot.waiting == 1
    assert hand.hot.found == 2


def test_a_polled_folder_is_looked_at_every_poll_interval(make: Make) -> None:
    hand = make(poll=Polling.ALWAYS)
    assert hand.hot._watcher is None
    hand.turn()
    hand.write("a.pdf")
    hand.turn(after=POLL - 0.5)
    assert hand.hot.waiting == 0
    hand.turn(after=0.5)
    assert hand.hot.waiting == 1
    hand.turn(after=SETTLE)
    assert hand.states() == {"a.pdf": JobState.QUEUED}
    hand.root.rename(hand.folder / "away")
    hand.turn()
    assert hand.banner() is not None
    hand.hot.stop()
    assert hand.banner() is None


def test_only_a_share_is_polled_if_nobody_says(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[Path] = []
    monkeypatch.setattr(hotfolder_module, "is_network", lambda path: not shares.append(path))
    hand = make(poll=Polling.AUTO)
    assert hand.hot._watcher is None
    assert shares == [hand.root]


def test_the_watch_is_of_the_folder_and_is_kept_alive_for_a_scan_interval_at_most(hand: Hand) -> None:
    assert (hand.ears.root, hand.ears.begin) == (hand.root, hand._begin)
    hand.hot._hinted.clear()
    hand.ears.on_hint()
    assert hand.hot._hinted.is_set()
    hand.turn(after=5)
    assert hand.ears.asked == [(hand.clock.now, SCAN)]


@pytest.mark.parametrize("why", ["missed", "begins_anew"])
def test_what_the_watch_cannot_tell_is_looked_for_everywhere(hand: Hand, why: str) -> None:
    hand.turn()
    hand.write("a.pdf")
    hand.turn(after=1)
    assert hand.hot.waiting == 0
    setattr(hand.ears, why, True)
    hand.turn(after=1)
    assert hand.hot.waiting == 1


def test_a_scan_forgets_what_it_has_looked_at_anyway(hand: Hand) -> None:
    hand.turn()
    hand.write("a.pdf")
    hand.ears.hints = {b"a.pdf"}
    hand.scan()
    assert hand.ears.hints == set()


def test_every_folder_is_watched_before_it_is_read_by_its_handle(hand: Hand) -> None:
    hand.write("sub/deep/a.pdf")
    (hand.root / ".git").mkdir()
    hand.turn()
    assert hand.ears.covered == [(b"", True), (b"sub", True), (b"sub/deep", True)]


def test_a_new_rule_wants_a_file_that_the_old_one_left_alone_and_takes_no_other_twice(make: Make) -> None:
    hand = make(settle=0.001, settle_damaged=0.002, accept=["pdf"])
    (old,) = take(hand, "a.pdf")
    hand.write("b.png", b"\x89PNG\r\n\x1a\n....IEND\xaeB`\x82")
    hand.scan()
    hand.turn(after=1)
    hand.turn(after=1)
    assert hand.states().keys() == {"a.pdf"}
    rule = hand.rule(settle=0.001, settle_damaged=0.002, accept=["pdf", "png"])
    hand.hot._hinted.clear()
    hand.hot.follow(rule)
    assert hand.hot.rule == rule
    assert hand.hot._hinted.is_set()
    hand.turn(after=1)
    hand.turn(after=1)
    assert hand.states() == {"a.pdf": JobState.QUEUED, "b.png": JobState.QUEUED}
    assert hand.jobs()[0] == old
    hand.write("c.pdf")
    hand.turn(after=1)
    assert hand.hot.waiting == 0  # the rule is new once


def test_a_rule_of_another_folder_or_way_of_watching_is_refused(hand: Hand) -> None:
    other = hand.rule(poll=Polling.ALWAYS)
    with pytest.raises(ValueError, match=r"^another folder, or another way of watching it, needs another HotFolder$"):
        hand.hot.follow(other)
    assert hand.hot.rule != other


# --- the folder itself ---


def test_a_folder_that_is_gone_is_told_of_and_let_go_of_and_costs_no_job(hand: Hand) -> None:
    (job,) = take(hand, "a.pdf")
    hand.ears.ends.clear()
    hand.root.rename(hand.folder / "away")
    hand.scan()
    assert hand.banner() == f"The input folder is gone: {display_name(hand.root)} (No such file or directory)."
    assert [b.key for b in hand.tracker.snapshot().banners] == [f"{ROOT_GONE}{display_name(hand.root)}"]
    assert hand.ears.ends == ["let go"]
    (hand.folder / "away").rename(hand.root)
    hand.turn(after=1)
    assert hand.banner() is None
    assert hand.cancelled == []
    assert hand.states() == {"a.pdf": job.state}


def test_what_is_missing_from_a_folder_in_the_old_ones_place_is_gone_at_the_second_look(hand: Hand) -> None:
    (job,) = take(hand, "a.pdf")
    hand.ears.ends.clear()
    hand.root.rename(hand.folder / "away")
    hand.root.mkdir()
    hand.turn(after=1)
    assert hand.ears.ends == ["let go"]
    assert hand.cancelled == []
    hand.scan()
    assert hand.cancelled == [(job.id, REMOVED)]


def test_what_is_missing_from_a_folder_that_has_come_back_is_gone_at_the_second_look(hand: Hand) -> None:
    (job,) = take(hand, "a.pdf")
    hand.root.rename(hand.folder / "away")
    hand.turn(after=1)
    hand.root.mkdir()
    hand.turn(after=1)
    assert hand.cancelled == []
    hand.scan()
    assert hand.cancelled == [(job.id, REMOVED)]


def test_what_is_missing_at_the_start_is_gone(hand: Hand) -> None:
    (job,) = add(hand.queue, "a.pdf", root=os.fsencode(hand.root))
    hand.turn()
    assert hand.cancelled == [(job.id, REMOVED)]


def test_what_is_missing_from_a_folder_that_comes_after_the_start_is_gone(hand: Hand) -> None:
    (job,) = add(hand.queue, "a.pdf", root=os.fsencode(hand.root))
    hand.root.rmdir()
    hand.turn()
    assert hand.cancelled == []
    hand.root.mkdir()
    hand.turn(after=1)
    assert hand.cancelled == [(job.id, REMOVED)]


def test_a_folder_that_is_replaced_within_a_turn_is_left_to_the_next(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = take(hand, "a.pdf")
    check = hand.hot._check_root

    def replaced(now: float) -> bool:
        found = check(now)
        hand.root.rename(hand.folder / "away")
        hand.root.mkdir()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(hand.hot, "_check_root", replaced)
        hand.scan()
    assert hand.hot.found == 1
    assert hand.cancelled == []
    hand.turn(after=1)
    hand.scan()
    assert hand.cancelled == [(job.id, REMOVED)]


# --- by hints ---


def test_a_hint_at_a_file_or_a_folder_is_looked_at_and_nothing_else(hand: Hand) -> None:
    hand.turn()
    hand.write("a.pdf")
    hand.write("sub/deep/b.pdf")
    hand.write("c.pdf")
    hand.write("d.pdf").rename(hand.root / "e.pdf")
    hand.turn("a.pdf", "sub")
    hand.turn(after=1)
    assert hand.states() == {"a.pdf": JobState.QUEUED, "sub/deep/b.pdf": JobState.QUEUED}
    assert (b"sub/deep", True) in hand.ears.covered
    hand.turn("")
    hand.turn(after=1)
    assert hand.states().keys() == {"a.pdf", "sub/deep/b.pdf", "c.pdf", "e.pdf"}


@pytest.mark.parametrize("settle", [0.0, 0.001, SETTLE])
@pytest.mark.parametrize("comes", ["by hints", "by a hint at its folder", "by a scan"])
def test_what_comes_together_is_queued_in_the_order_of_its_names(make: Make, settle: float, comes: str) -> None:
    hand = make(settle=settle)
    hand.turn()
    names = [f"sub/part {number}.pdf" for number in (*range(1, 13), 100)]
    for name in reversed(names):
        hand.write(name)
    if comes == "by hints":
        hand.turn(*names)
    elif comes == "by a hint at its folder":
        hand.turn("sub")
    else:
        hand.scan()
    hand.turn(after=2 * SETTLE)
    assert [os.fsdecode(job.source.path) for job in hand.jobs()] == names


def test_a_hint_at_what_is_ignored_leads_to_nothing(hand: Hand) -> None:
    hand.turn()
    for name in (".git/sub/a.pdf", "b.pdf.part", "__MACOSX/c.pdf", "sub/.git/d.pdf"):
        hand.write(name)
    hand.ears.covered.clear()
    hand.turn(".git/sub", ".git/sub/a.pdf", "b.pdf.part", "__MACOSX", "__MACOSX/c.pdf", "sub/.git/d.pdf")
    assert hand.hot.waiting == 0
    assert hand.ears.covered == []


def test_a_scan_takes_folders_for_folders(hand: Hand) -> None:
    take(hand, "kept.tmp/a.pdf")
    hand.write("__MACOSX/b.pdf")
    hand.scan()
    hand.turn(after=1)
    assert hand.states() == {"kept.tmp/a.pdf": JobState.QUEUED}


def test_a_scan_reads_no_file_that_is_known(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    take(hand, "a.pdf")
    hand.scan()
    monkeypatch.setattr(Tree, "open_file", lambda *_: pytest.fail("it is known"))
    hand.scan()
    assert hand.hot.waiting == 0
    hand.turn(after=1)
    assert hand.hot.found == 1


def test_what_the_rule_says_is_ignored_is_left_alone(hand: Hand) -> None:
    hand.hot.follow(replace(hand.hot.rule, ignore=("*.draft.pdf", "skip/*")))
    for name in ("a.draft.pdf", "skip/b.pdf", "c.pdf"):
        hand.write(name)
    hand.turn()
    hand.turn("a.draft.pdf", "skip/b.pdf", after=1)
    hand.turn(after=1)
    assert hand.states() == {"c.pdf": JobState.QUEUED}


def test_a_hint_at_what_is_gone_cancels_what_was_at_it_and_below_it_alone(hand: Hand) -> None:
    file, below, beside, silent = take(hand, "a.pdf", "sub/deep/b.pdf", "subway/c.pdf", "d.pdf")
    for name in ("a.pdf", "sub/deep/b.pdf", "d.pdf"):
        (hand.root / name).unlink()
    (hand.root / "sub" / "deep").rmdir()
    (hand.root / "sub").rmdir()
    hand.turn("a.pdf", "sub", "subway")
    assert sorted(hand.cancelled) == [(file.id, REMOVED), (below.id, REMOVED)]
    assert {hand.job("subway/c.pdf").state, hand.job("d.pdf").state} == {JobState.QUEUED}
    assert (beside.state, silent.state) == (JobState.QUEUED, JobState.QUEUED)


def test_a_hint_that_comes_late_cancels_nothing_that_is_there_again(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hand, "sub/a.pdf")
    monkeypatch.setattr(hand.hot, "_look_below", lambda tree, key: False)
    hand.turn("sub")
    assert hand.cancelled == []


def test_a_file_that_has_become_a_link_is_gone(hand: Hand) -> None:
    (job,) = take(hand, "a.pdf")
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    (hand.root / "a.pdf").symlink_to(hand.folder / "a.pdf")
    hand.ears.hints = {b"a.pdf"}
    hand.turn()
    assert hand.job("a.pdf").state is job.state  # something is there, though nothing that is taken


def test_what_is_in_a_folder_that_has_become_a_link_is_gone(hand: Hand) -> None:
    (job,) = take(hand, "sub/a.pdf")
    (hand.root / "sub").rename(hand.folder / "sub")
    (hand.root / "sub").symlink_to(hand.folder / "sub")
    hand.turn("sub")
    assert hand.cancelled == [(job.id, REMOVED)]


def test_a_file_that_was_away_is_offered_again_when_it_is_back(
    hand: Hand, engine_log: pytest.LogCaptureFixture
) -> None:
    (job,) = take(hand, "a.pdf")
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    hand.turn("a.pdf")
    assert hand.states() == {"a.pdf": JobState.CANCELLED}
    (hand.folder / "a.pdf").rename(hand.root / "a.pdf")
    hand.turn("a.pdf", after=1)
    assert hand.states() == {"a.pdf": JobState.QUEUED}
    assert hand.jobs() == [hand.store.job(job.id)]
    assert f"job {job.id}: a.pdf is back" in engine_log.messages
    assert hand.store.history(job.id)[-1][2] == "The source is back."


def test_a_file_that_was_away_for_a_scan_is_offered_again_when_it_is_back(hand: Hand) -> None:
    (job,) = take(hand, "a.pdf")
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    hand.scan()
    assert hand.cancelled == [(job.id, REMOVED)]
    (hand.folder / "a.pdf").rename(hand.root / "a.pdf")
    hand.scan()
    assert hand.states() == {"a.pdf": JobState.QUEUED}


def test_a_file_that_is_back_after_another_one_was_in_its_place_is_offered_again(hand: Hand) -> None:
    (first,) = take(hand, "a.pdf")
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    (second,) = take(hand, "a.pdf")
    assert second.id != first.id
    assert hand.store.job(first.id).state is JobState.CANCELLED
    (hand.folder / "a.pdf").replace(hand.root / "a.pdf")
    hand.turn("a.pdf", after=1)
    assert hand.store.job(first.id).state is JobState.QUEUED


def test_a_file_that_is_back_after_the_result_of_another_one_is_offered_again_once(hand: Hand) -> None:
    (first,) = take(hand, "a.pdf")
    convert(hand, first, finished=1.0)
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    (second,) = take(hand, "a.pdf")
    convert(hand, second, finished=2.0)
    (hand.folder / "a.pdf").replace(hand.root / "a.pdf")
    hand.turn("a.pdf", after=1)
    assert hand.store.job(first.id).state is JobState.QUEUED
    convert(hand, first, finished=3.0)
    hand.hot._known.clear()
    hand.hot._load_known()
    hand.scan()
    hand.turn(after=1)
    assert hand.store.job(first.id).state is JobState.DONE


@pytest.mark.parametrize("reason", [REMOVED, f"{REPLACED}; the newer one is job 2.", "Cancelled."])
def test_a_file_that_came_back_while_no_engine_ran_is_offered_again(hand: Hand, reason: str) -> None:
    file = hand.write("a.pdf")
    source = Source.of(file, hand.root, file.lstat())
    ((job, _),) = hand.queue.add([Submission(source, hand.rule().options)])
    hand.queue.cancel(job.id, reason)
    hand.hot._load_known()
    hand.scan()
    hand.turn(after=1)
    again = JobState.CANCELLED if reason == "Cancelled." else JobState.QUEUED
    assert hand.states() == {"a.pdf": again}


def test_a_job_that_a_person_has_cancelled_is_not_offered_again_when_its_file_was_away(hand: Hand) -> None:
    (job,) = take(hand, "a.pdf")
    hand.queue.cancel(job.id, "Cancelled.")
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    hand.turn("a.pdf")
    (hand.folder / "a.pdf").rename(hand.root / "a.pdf")
    hand.turn("a.pdf", after=1)
    assert hand.states() == {"a.pdf": JobState.CANCELLED}


def test_a_hint_at_a_path_that_no_system_takes_is_left_to_the_scan(hand: Hand) -> None:
    hand.turn()
    folders = "/".join(["x" * 200] * 19)
    long = f"{folders}/{'y' * (MAX_PATH - len(os.fsencode(hand.root)) - len(folders) - 2)}"
    just_short_enough = long[:-1]
    _, job = add(hand.queue, long, just_short_enough, root=os.fsencode(hand.root))
    hand.turn(long)
    assert hand.cancelled == []
    hand.turn(just_short_enough)
    assert hand.cancelled == [(job.id, REMOVED)]


# --- settling ---


def test_a_file_that_is_written_is_taken_when_it_has_been_let_be(make: Make) -> None:
    hand = make()
    hand.turn()
    whole, broken = hand.write("whole.pdf"), hand.write("broken.pdf", NO_END)
    hand.wall.now = max(file.stat().st_mtime for file in (whole, broken))
    hand.turn("whole.pdf", "broken.pdf")
    hand.turn(after=SETTLE - 1)
    assert (hand.states(), hand.hot.waiting) == ({}, 2)
    hand.turn(after=1.5)
    assert (hand.states(), hand.hot.waiting) == ({"whole.pdf": JobState.QUEUED}, 1)
    hand.turn(after=DAMAGED - SETTLE - 1)
    assert hand.hot.waiting == 1
    hand.turn(after=1)
    assert hand.states() == {"whole.pdf": JobState.QUEUED, "broken.pdf": JobState.QUEUED}
    assert hand.hot.waiting == 0


def test_a_file_that_goes_before_it_has_settled_is_forgotten(make: Make) -> None:
    hand = make()
    first, second = hand.write("a.pdf"), hand.write("b.pdf")
    hand.wall.now = second.stat().st_mtime
    hand.turn()
    assert hand.hot.waiting == 2
    first.unlink()
    hand.turn(after=SETTLE + 1)
    assert (hand.hot.waiting, hand.states()) == (0, {"b.pdf": JobState.QUEUED})


@pytest.mark.parametrize("how", ["hint", "scan"])
def test_a_file_that_goes_before_it_has_settled_is_forgotten_however_that_is_seen(make: Make, how: str) -> None:
    hand = make(settle=SCAN * 3, settle_damaged=SCAN * 3)
    file = hand.write("a.pdf")
    hand.wall.now = file.stat().st_mtime
    hand.turn()
    assert hand.hot.waiting == 1
    file.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hand.hot, "_look_again", lambda tree: None)
        if how == "hint":
            hand.turn("a.pdf")
        else:
            hand.scan()
    assert hand.hot.waiting == 0


def test_a_file_that_changes_as_it_is_read_is_looked_at_again(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    file = hand.write("a.pdf")
    opened = Tree.open_file

    def overtaken(tree: Tree, path: bytes) -> int:
        file.write_bytes(PDF + b"%%EOF\n")
        return opened(tree, path)

    with monkeypatch.context() as patch:
        patch.setattr(Tree, "open_file", overtaken)
        hand.turn()
        hand.turn(after=1)
    assert (hand.states(), hand.hot.waiting) == ({}, 1)
    hand.turn(after=1)
    hand.turn(after=1)
    assert hand.job("a.pdf").source.size == len(PDF) + 6


def test_what_is_read_of_a_file_is_its_beginning_and_its_end(hand: Hand) -> None:
    late = hand.write("late.pdf", b"x" * (HEAD - 5) + b"%PDF-" + b"x" * 9000 + b"%%EOF" + b"x" * (TAIL - 5))
    later = hand.write("later.pdf", b"x" * (HEAD - 4) + b"%PDF-" + b"%%EOF")
    hand.wall.now = max(late.stat().st_mtime, later.stat().st_mtime)
    rule = hand.rule(settle=1, settle_damaged=SCAN)
    hand.hot.follow(rule)
    hand.turn()
    hand.turn(after=2)
    assert hand.states() == {"late.pdf": JobState.QUEUED}


def test_what_a_file_says_of_its_kind_after_its_first_kilobyte_is_not_heard(make: Make) -> None:
    hand = make(settle=1, settle_damaged=2, accept=["pdf", "svg"])
    near = hand.write("near", b"<!--" + b"x" * (HEAD - 16) + b"--><svg/>")
    far = hand.write("far", b"<!--" + b"x" * HEAD + b"--><svg/>")
    hand.wall.now = max(near.stat().st_mtime, far.stat().st_mtime)
    hand.turn()
    hand.turn(after=3)
    assert hand.states() == {"near": JobState.QUEUED}


def test_a_picture_is_whole_that_is_as_long_as_its_beginning_says(make: Make) -> None:
    hand = make(settle=1, settle_damaged=9, accept=["webp"])
    whole = hand.write("whole.webp", b"RIFF" + (20).to_bytes(4, "little") + b"WEBP" + bytes(16))
    short = hand.write("short.webp", b"RIFF" + (20).to_bytes(4, "little") + b"WEBP" + bytes(15))
    hand.wall.now = max(whole.stat().st_mtime, short.stat().st_mtime)
    hand.turn()
    hand.turn(after=3)
    assert hand.states() == {"whole.webp": JobState.QUEUED}


def test_a_file_whose_end_is_further_in_than_is_read_waits_for_longer(make: Make) -> None:
    hand = make(settle=1, settle_damaged=5)
    file = hand.write("a.pdf", b"%PDF-" + b"x" * 9000 + b"%%EOF" + b"x" * (TAIL - 4))
    hand.wall.now = file.stat().st_mtime
    hand.turn()
    hand.turn(after=2)
    assert hand.states() == {}
    hand.turn(after=3.5)
    assert hand.states() == {"a.pdf": JobState.QUEUED}


# --- what is left alone, and said so ---


def test_an_empty_file_is_said_to_be_one_once_it_is_old(make: Make, ignored: Callable[[], list[str]]) -> None:
    hand = make()
    file = hand.write("a.pdf", b"")
    hand.write("a.txt", b"")
    hand.wall.now = max(path.stat().st_mtime for path in hand.root.iterdir())
    hand.turn()
    assert hand.hot.waiting == 0
    hand.turn("a.pdf", "a.txt", after=DAMAGED - 1)
    assert ignored() == []
    hand.turn("a.pdf", "a.txt", after=1)
    hand.turn("a.pdf", "a.txt", after=1)
    assert ignored() == ["a.pdf is empty"]
    file.unlink()
    hand.scan()
    assert hand.states() == {}


def test_an_empty_file_is_old_from_the_moment_on_that_was_said(make: Make, ignored: Callable[[], list[str]]) -> None:
    hand = make()
    status = hand.write("a.pdf", b"").stat()
    hand.wall.now = max(status.st_mtime_ns, status.st_ctime_ns) / 1e9 + DAMAGED
    hand.turn()
    assert ignored() == ["a.pdf is empty"]


def test_an_empty_file_that_was_let_be_since_it_was_renamed_is_old(
    make: Make, ignored: Callable[[], list[str]]
) -> None:
    hand = make()
    file = hand.write("a.pdf", b"")
    os.utime(file, (1, 1))
    hand.wall.now = file.stat().st_ctime + DAMAGED - 1
    hand.turn()
    assert ignored() == []
    hand.turn("a.pdf", after=2)
    assert ignored() == ["a.pdf is empty"]


def test_a_file_that_was_written_and_is_emptied_waits_no_more(make: Make) -> None:
    hand = make()
    file = hand.write("a.pdf", NO_END)
    hand.wall.now = file.stat().st_mtime
    hand.turn()
    assert hand.hot.waiting == 1
    file.write_bytes(b"")
    hand.turn(after=1)
    assert hand.hot.waiting == 0


def test_what_is_no_file_is_said_so_if_it_is_called_like_one_and_anew_when_it_comes_back(
    hand: Hand, ignored: Callable[[], list[str]]
) -> None:
    (hand.root / "a.pdf").symlink_to("nowhere")
    (hand.root / "a.txt").symlink_to("nowhere")
    (hand.root / "b.pdf").mkdir()
    (hand.root / "b.txt").mkdir()
    hand.scan()
    hand.scan()
    assert ignored() == ["a.pdf is not a regular file", "b.pdf is a folder"]
    (hand.root / "a.pdf").unlink()
    hand.scan()
    (hand.root / "a.pdf").symlink_to("nowhere")
    hand.turn("a.pdf")
    assert ignored()[2:] == ["a.pdf is not a regular file"]
    (hand.root / "b.pdf").rmdir()
    hand.scan()
    (hand.root / "b.pdf").mkdir()
    hand.turn("b.pdf")
    assert ignored()[3:] == ["b.pdf is a folder"]
    assert hand.states() == {}


def test_a_file_that_becomes_a_link_before_it_has_settled_waits_no_more(make: Make) -> None:
    hand = make()
    file = hand.write("a.pdf", NO_END)
    hand.wall.now = file.stat().st_mtime
    hand.turn()
    file.unlink()
    file.symlink_to("nowhere")
    hand.turn(after=1)
    assert hand.hot.waiting == 0


def test_what_is_of_no_kind_that_is_taken_is_said_so_when_it_has_settled_and_read_no_more(
    make: Make, ignored: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = make(settle=1, settle_damaged=5)
    files = [hand.write("a.pdf", b"Hello."), hand.write("a.txt", b"Hello."), hand.write("b.png", b"\x89PNG\r\n\x1a\n")]
    hand.wall.now = max(file.stat().st_mtime for file in files)
    hand.turn()
    hand.turn(after=2)
    assert (ignored(), hand.hot.waiting) == ([], 3)
    hand.turn(after=4)
    assert ignored() == ["a.pdf is not a PDF: it does not begin with %PDF."]
    assert hand.hot.waiting == 0
    monkeypatch.setattr(Tree, "open_file", lambda tree, path: pytest.fail("it is known"))
    hand.scan()
    assert (hand.states(), hand.hot.waiting) == ({}, 0)


def test_what_is_of_another_kind_than_those_that_are_taken_is_said_so(
    make: Make, ignored: Callable[[], list[str]]
) -> None:
    hand = make(settle=1, settle_damaged=2, accept=["pdf", "svg"])
    hand.wall.now = hand.write("a.svg", b"\x89PNG\r\n\x1a\n").stat().st_mtime
    hand.turn()
    hand.turn(after=3)
    assert ignored() == ["a.svg is left alone. The file is of kind PNG, and `accept` takes in PDF and SVG alone."]


@pytest.mark.parametrize(
    ("error", "lines"), [(errno.EACCES, ["a.pdf cannot be read: Permission denied"]), (errno.ENOENT, [])]
)
def test_a_file_that_cannot_be_read_is_said_so_unless_it_is_gone(
    hand: Hand, ignored: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, error: int, lines: list[str]
) -> None:
    hand.write("a.pdf")

    def refused(tree: Tree, path: bytes) -> int:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(Tree, "open_file", refused)
        hand.turn()
        hand.turn(after=1)
    assert (ignored(), hand.states(), hand.hot.waiting) == (lines, {}, 1)
    hand.turn(after=1)
    assert hand.states() == {"a.pdf": JobState.QUEUED}


def closed(path: bytes) -> Callable[..., int]:
    """`Tree.open` where this folder may not be read: the tests may run as one who may read everything."""
    opened = Tree.open

    def guarded(tree: Tree, asked: bytes, flags: int = os.O_RDONLY) -> int:
        if asked == path:
            raise PermissionError(errno.EACCES, "Permission denied", asked)
        return opened(tree, asked, flags)

    return guarded


def test_nothing_in_a_folder_that_cannot_be_read_is_taken_for_gone(
    hand: Hand, ignored: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, removed = take(hand, "theirs/sub/a.pdf", "theirs/b.pdf")
    gone, hidden = take(hand, "c.pdf", "d.pdf")
    for job in (removed, hidden):
        hand.queue.cancel(job.id, "Cancelled.")
        hand.queue.remove([job.id])
    for name in ("theirs/b.pdf", "c.pdf", "d.pdf"):
        (hand.root / name).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(Tree, "open", closed(b"theirs"))
        hand.scan()
        hand.scan()
        hand.turn("theirs")
    assert ignored() == ["theirs cannot be read: Permission denied"]
    assert hand.cancelled == [(gone.id, REMOVED)]
    assert hand.store.known_sources(os.fsencode(hand.root)) == {waiting.source, removed.source, gone.source}
    hand.scan()
    assert hand.cancelled == [(gone.id, REMOVED)]
    assert hand.store.known_sources(os.fsencode(hand.root)) == {waiting.source, gone.source}


def test_a_folder_that_cannot_be_read_is_said_so_when_a_hint_leads_there(
    hand: Hand, ignored: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.turn()
    hand.write("theirs/a.pdf")
    with monkeypatch.context() as patch:
        patch.setattr(Tree, "open", closed(b"theirs"))
        hand.turn("theirs")
    assert ignored() == ["theirs cannot be read: Permission denied"]


def test_a_job_whose_file_cannot_be_looked_at_is_not_taken_for_gone(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hand, "a.pdf")
    (hand.root / "a.pdf").unlink()

    def refused(tree: Tree, path: bytes) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Tree, "lstat", refused)
        hand.scan()
    assert hand.cancelled == []
    hand.scan()
    assert len(hand.cancelled) == 1


def test_a_path_that_is_too_long_is_said_so_by_its_beginning(hand: Hand, ignored: Callable[[], list[str]]) -> None:
    with deep_folder(hand.root, "x" * 150, 30):
        hand.scan()
        hand.scan()
    (line,) = ignored()
    name, _, why = line.partition(" ")
    assert why == "is left alone, with what is in it: its path is too long."
    assert len(name) == 100


# --- what the queue is told ---


def test_a_job_has_the_files_source_and_what_the_rule_says(make: Make, engine_log: pytest.LogCaptureFixture) -> None:
    hand = make(settle=0.001, settle_damaged=0.002)
    rule = hand.rule(settle=0.001, settle_damaged=0.002, formats=["txt"])
    rule = replace(rule, priority=7, profile="fast")
    hand.hot.follow(rule)
    file = hand.write("sub/a.pdf")
    hand.turn()
    hand.turn(after=1)
    (job,) = hand.jobs()
    status = file.lstat()
    assert (job.source.root, job.source.path) == (os.fsencode(hand.root), b"sub/a.pdf")
    assert (job.source.size, job.source.mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert job.source.inode == signed_inode(status.st_ino)
    assert (job.options, job.priority, job.profile) == (rule.options, 7, "fast")
    assert f"job {job.id}: sub/a.pdf" in engine_log.messages


def test_many_files_are_queued_in_parts_so_that_the_first_show_up_soon(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotfolder_module, "_MAX_BATCH", 2)
    parts: list[int] = []
    add = hand.queue.add

    def counted(submissions: list[Submission]) -> list[tuple[Job, bool]]:
        parts.append(len(submissions))
        return add(submissions)

    monkeypatch.setattr(hand.queue, "add", counted)
    for number in range(5):
        hand.write(f"{number}.pdf")
    hand.wall.now = hand.root.stat().st_mtime + 60
    hand.turn()
    assert parts == [2, 2, 1]
    assert hand.hot.waiting == 0


def test_nothing_is_queued_once_it_is_stopping(hand: Hand) -> None:
    hand.write("a.pdf")
    hand.write("b.pdf")
    hand.hot._stop.set()
    hand.wall.now = hand.root.stat().st_mtime + 60
    hand.turn()
    assert (hand.states(), hand.hot.found) == ({}, 0)
    hand.turn("a.pdf")
    assert hand.states() == {}


def test_a_replaced_file_takes_the_place_of_what_waits_for_the_old_one(hand: Hand) -> None:
    old, other = take(hand, "a.pdf", "b.pdf")
    (elsewhere,) = add(hand.queue, "a.pdf", root=b"/another")
    hand.write("a.pdf", PDF + b"%%EOF\n")
    hand.turn("a.pdf")
    hand.turn(after=1)
    (newer,) = [job for job in hand.jobs() if job.id not in (old.id, other.id, elsewhere.id)]
    assert hand.store.job(old.id).reason == f"The file was replaced; the newer one is job {newer.id}."
    assert {hand.store.job(job.id).state for job in (newer, other, elsewhere)} == {JobState.QUEUED}


def test_a_file_of_equal_size_and_time_and_another_inode_is_another_file(hand: Hand) -> None:
    (old,) = take(hand, "a.pdf")
    other = hand.folder / "other.pdf"
    other.write_bytes(PDF.replace(b"body", b"BODY"))
    os.utime(other, ns=(old.source.mtime_ns, old.source.mtime_ns))
    other.replace(hand.root / "a.pdf")
    hand.scan()
    hand.turn(after=1)
    assert [job.state for job in hand.jobs()] == [JobState.CANCELLED, JobState.QUEUED]
    assert hand.store.job(old.id).state is JobState.CANCELLED


def test_a_file_in_the_place_of_one_that_was_seen_to_go_does_not_end_what_runs_for_that(hand: Hand) -> None:
    (old,) = take(hand, "a.pdf")
    assert hand.queue.work.next_work(1, lambda: True, 0.0) == OpenJob(old.id)
    assert hand.queue.work.claim(old.id) is not None
    (hand.root / "a.pdf").rename(hand.folder / "a.pdf")
    hand.turn("a.pdf")
    hand.write("a.pdf", PDF + b"%%EOF\n")
    hand.turn("a.pdf", after=1)
    hand.turn(after=1)
    assert hand.cancelled == []
    assert [job.state for job in hand.jobs()] == [JobState.RUNNING, JobState.QUEUED]


def test_of_the_jobs_whose_files_are_gone_the_waiting_ones_of_this_folder_are_cancelled(hand: Hand) -> None:
    running, waiting, held = take(hand, "a.pdf", "b.pdf", "c.pdf")
    elsewhere, removed = add(hand.queue, "b.pdf", "d.pdf", root=b"/another")
    hand.queue.cancel(removed.id, "Cancelled.")
    hand.queue.remove([removed.id])
    hand.queue.transition(held.id, JobState.HELD, "Held.")
    assert hand.queue.work.next_work(1, lambda: True, 0.0) == OpenJob(running.id)
    assert hand.queue.work.claim(running.id) is not None
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (hand.root / name).unlink()
    hand.scan()
    assert sorted(hand.cancelled) == [(waiting.id, REMOVED), (held.id, REMOVED)]
    assert hand.store.job(elsewhere.id).state is JobState.QUEUED
    assert hand.store.known_sources(b"/another") == {elsewhere.source, removed.source}


# --- its thread ---


def test_what_was_known_before_is_not_queued_again_but_what_has_changed_since_is(hand: Hand) -> None:
    take(hand, "a.pdf", "b.pdf", "c.pdf")
    (hand.root / "a.pdf").unlink()
    (hand.root / "b.pdf").write_bytes(PDF * 2)
    later = HotFolder(hand.hot.rule, hand.queue, hand._cancel, hand.clock, hand._begin)
    later._load_known()
    assert later._known.keys() == {b"c.pdf"}
    hand.root.rename(hand.folder / "away")
    HotFolder(hand.hot.rule, hand.queue, hand._cancel, hand.clock, hand._begin)._load_known()


class Alarm:
    """In the place of what the thread waits for: notes for how long, and ends it after some turns."""

    def __init__(self, stop: threading.Event, turns: int) -> None:
        self.stop, self.left = stop, turns
        self.waits: list[float] = []

    def wait(self, timeout_s: float) -> None:
        self.waits.append(timeout_s)
        self.left -= 1
        if not self.left:
            self.stop.set()

    def clear(self) -> None:
        pass

    set = clear


def run(hand: Hand, turns: int) -> list[float]:
    """Let the thread's work be done here, for some turns; returns how long it would have waited after each."""
    alarm = Alarm(hand.hot._stop, turns)
    cast(Any, hand.hot)._hinted = alarm
    hand.hot._run()
    return alarm.waits


def test_it_looks_often_while_a_file_settles_and_else_every_second(make: Make) -> None:
    hand = make()
    assert run(hand, 1) == [1.0]
    hand.hot._stop.clear()
    hand.wall.now = hand.write("a.pdf").stat().st_mtime
    hand.ears.hints = {b"a.pdf"}
    assert run(hand, 1) == [hotfolder_module._TICK_S]


def test_it_looks_as_often_as_it_is_told_to_poll(make: Make) -> None:
    assert run(make(poll=Polling.ALWAYS, poll_interval=0.3), 1) == [0.3]


def test_a_turn_that_fails_is_told_of_and_everything_is_looked_at_a_second_later(
    hand: Hand, engine_log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hand, "a.pdf")
    turn = hand.hot._turn

    def broken() -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(hand.hot, "_turn", broken)
        run(hand, 1)
    (record,) = [r for r in engine_log.records if r.exc_info is not None]
    assert record.getMessage() == "The input folder could not be read"
    hand.hot._stop.clear()
    hand.write("b.pdf")
    hand.clock.advance(0.5)
    turn()
    assert hand.hot.waiting == 0
    hand.clock.advance(0.5)
    turn()
    assert hand.hot.waiting == 1


def test_what_an_earlier_engine_knew_is_known_to_the_thread(hand: Hand) -> None:
    take(hand, "a.pdf")
    hand.hot._known.clear()
    hand.hot._next_scan = 1e9
    run(hand, 1)
    assert hand.hot._known.keys() == {b"a.pdf"}


def test_its_thread_can_be_started_and_ends_when_it_is_stopped(hand: Hand) -> None:
    assert (hand.hot._thread.name, hand.hot._thread.daemon) == ("hotfolder", True)
    hand.hot.start()
    wait_until(hand.hot.first_scan_done.is_set, "the first scan")
    hand.hot.stop()
    assert not hand.hot._thread.is_alive()
    assert hand.ears.ends[-3:] == ["let go", "let go", "join"]


def test_one_that_was_never_started_can_be_stopped(hand: Hand) -> None:
    hand.hot._hinted.clear()
    hand.hot.stop()
    assert hand.hot._stop.is_set()
    assert hand.hot._hinted.is_set()
    assert hand.ears.ends == ["let go", "let go", "join"]
