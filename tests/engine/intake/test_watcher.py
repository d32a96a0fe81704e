"""How a watch is kept alive, and what it has told: with watches of the test's own, and a clock that stands still."""

import logging
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.intake.watcher import Watcher, begin_watch
from tests.waiting import wait_until

ROOT = Path("/in")


class Told:
    """A watch that tells what a test puts in; an exception is what it dies of."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[set[bytes] | BaseException | None] = queue.SimpleQueue()
        self.covered: list[tuple[bytes, int]] = []
        self.is_stopped = False

    def cover(self, path: bytes, folder: int) -> None:
        self.covered.append((path, folder))

    def changes(self) -> Iterator[set[bytes] | None]:
        while not self.is_stopped:
            news = self.news.get()
            if isinstance(news, BaseException):
                raise news
            yield news

    def stop(self) -> None:
        self.is_stopped = True
        self.news.put(set())


class Kept:
    """A watcher and its watches, one after the other."""

    def __init__(self) -> None:
        self.watches: list[Told] = []
        self.hints = 0
        self.refusals = 0
        self.watcher = Watcher(ROOT, self._hinted, self._begin)

    def _hinted(self) -> None:
        self.hints += 1

    def _begin(self, root: Path) -> Told:
        assert root == ROOT
        if self.refusals:
            self.refusals -= 1
            raise OSError("inotify instance limit reached")
        self.watches.append(Told())
        return self.watches[-1]

    def dies(self) -> None:
        self.watches[-1].news.put(RuntimeError("over"))
        wait_until(lambda: not self.watcher.is_alive(), "the watch to die")


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.watcher.let_go()
    kept.watcher.join()
    assert not kept.watcher.is_alive()


def test_hints_are_taken_once(kept: Kept) -> None:
    assert kept.watcher.keep_alive(0, 30)
    kept.watches[0].news.put({b"a", b"f/b"})
    kept.watches[0].news.put({b"a"})
    wait_until(lambda: kept.hints == 2, "the hints")
    assert kept.watcher.take_hints() == {b"a", b"f/b"}
    assert kept.watcher.take_hints() == set()
    assert not kept.watcher.has_missed()


def test_no_news_hint_at_nothing(kept: Kept) -> None:
    kept.watcher.keep_alive(0, 30)
    kept.watches[0].news.put(set())
    kept.watches[0].news.put({b"a"})
    wait_until(lambda: kept.hints, "a hint")
    assert kept.hints == 1


def test_what_was_missed_is_said_once(kept: Kept) -> None:
    kept.watcher.keep_alive(0, 30)
    kept.watches[0].news.put(None)
    wait_until(lambda: kept.hints == 1, "a hint")
    assert (kept.watcher.take_hints(), kept.watcher.has_missed(), kept.watcher.has_missed()) == (set(), True, False)


def test_folders_are_covered_by_the_watch_that_there_is(kept: Kept) -> None:
    kept.watcher.cover(b"f", 3)
    kept.watcher.keep_alive(0, 30)
    kept.watcher.cover(b"f", 4)
    assert kept.watches[0].covered == [(b"f", 4)]


def test_a_watch_that_lives_is_let_live(kept: Kept) -> None:
    assert kept.watcher.keep_alive(0, 30)
    assert not kept.watcher.keep_alive(1000, 30)
    assert len(kept.watches) == 1


def test_one_that_was_let_go_of_is_replaced(kept: Kept) -> None:
    kept.watcher.keep_alive(0, 30)
    kept.watcher.let_go()
    kept.watcher.join()
    assert kept.watcher.keep_alive(1000, 30)
    assert len(kept.watches) == 2


@pytest.mark.parametrize("how", ["dies", "cannot begin"])
def test_one_that_keeps_breaking_is_left_alone_for_longer_each_time(
    kept: Kept, how: str, engine_log: pytest.LogCaptureFixture
) -> None:
    begun = []
    for now in range(40):
        kept.refusals = int(how == "cannot begin")
        if kept.watcher.keep_alive(now, 10):
            begun.append(now)
            if how == "dies":
                kept.dies()
    assert begun == [0, 1, 3, 7, 15, 25, 35]
    assert len([r for r in engine_log.records if r.levelno == logging.WARNING]) == len(begun)


def test_one_that_has_worked_is_built_again_soon(kept: Kept) -> None:
    for now in (0, 1, 3):
        assert kept.watcher.keep_alive(now, 30)
        if now < 3:
            kept.dies()
    kept.watches[-1].news.put({b"a"})
    wait_until(lambda: kept.hints, "a hint")
    kept.dies()
    assert kept.watcher.keep_alive(7, 30)
    kept.dies()
    assert kept.watcher.keep_alive(8, 30)


def test_this_system_has_a_way_to_watch(tmp_path: Path) -> None:
    watch = begin_watch(tmp_path)
    watch.stop()
    assert list(watch.changes()) == []
