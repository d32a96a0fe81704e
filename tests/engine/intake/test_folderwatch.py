"""What is heard of folders that are watched one by one: by the kernel's own notices, of real folders."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.base.beneath import Tree
from engine.intake import folderwatch as folderwatch_module
from engine.intake import inotify
from engine.intake.folderwatch import FolderWatch
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Listener:
    """What a watch of `root` has told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.watch = FolderWatch(root)
        self.heard: set[bytes] = set()
        self.has_missed = False
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        for changes in self.watch.changes():
            if changes is None:
                self.has_missed = True
            else:
                self.heard |= changes

    def cover(self, *paths: str) -> None:
        with Tree(self.root) as tree:
            for path in paths:
                handle = tree.open(os.fsencode(path), os.O_RDONLY | os.O_DIRECTORY)
                self.watch.cover(os.fsencode(path), handle)
                os.close(handle)

    def hears(self, path: str | bytes) -> None:
        wait_until(lambda: os.fsencode(path) in self.heard, f"{path!r} to be heard of, not only {self.heard}")

    def all_heard(self) -> set[bytes]:
        """What has been heard once everything up to now has."""
        (self.root / "last").write_bytes(b"")
        self.hears("last")
        return self.heard - {b"last"}

    def close(self) -> None:
        self.watch.stop()
        self._thread.join()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folderwatch_module, "_COLLECT_S", 0.0)
    monkeypatch.setattr(folderwatch_module, "_POLL_MS", 20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "f" / "g").mkdir(parents=True)
    (root / "f" / "g" / "a").write_bytes(b"a")
    (tmp_path / "outside").mkdir()
    return root


@pytest.fixture
def listener(root: Path) -> Iterator[Listener]:
    listener = Listener(root)
    listener.cover("", "f", "f/g")
    yield listener
    listener.close()


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda file: file.write_bytes(b"more"),
    "removed": lambda file: file.unlink(),
    "given other rights": lambda file: file.chmod(0o600),
    "dated": lambda file: os.utime(file, (1, 1)),
    "moved away": lambda file: file.rename(file.parents[3] / "outside" / "a"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_whatever_happens_to_a_file_is_told_by_its_path(listener: Listener, how: str) -> None:
    CHANGES[how](listener.root / "f" / "g" / "a")
    listener.hears("f/g/a")
    assert listener.all_heard() == {b"f/g/a"}


def test_a_name_may_be_anything_a_name_can_be(listener: Listener) -> None:
    for name in (b"caf\xe9", b" ", b"two\nlines", b"x" * 255):
        Path(os.fsdecode(os.fsencode(listener.root) + b"/f/" + name)).write_bytes(b"")
        listener.hears(b"f/" + name)


def test_what_is_not_covered_is_not_heard_of(listener: Listener) -> None:
    (listener.root / "f" / "new").mkdir()
    (listener.root / "f" / "new" / "b").write_bytes(b"b")
    assert listener.all_heard() == {b"f/new"}
    listener.cover("f/new")
    (listener.root / "f" / "new" / "c").write_bytes(b"c")
    listener.hears("f/new/c")


def test_what_is_watched_is_what_was_opened_whatever_has_its_path_now(listener: Listener, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    with Tree(listener.root) as tree:
        handle = tree.open(b"f/g", os.O_RDONLY | os.O_DIRECTORY)
        (listener.root / "f" / "g").rename(listener.root / "moved")
        (listener.root / "f" / "g").symlink_to(outside)
        listener.hears("f/g")
        listener.watch.cover(b"f/g", handle)
        os.close(handle)
    (outside / "b").write_bytes(b"b")
    (listener.root / "moved" / "c").write_bytes(b"c")
    listener.hears("f/g/c")
    assert b"f/g/b" not in listener.all_heard()


def test_a_folder_that_is_moved_is_heard_of_where_it_is_now(listener: Listener) -> None:
    (listener.root / "f").rename(listener.root / "h")
    listener.hears("f")
    listener.hears("h")
    (listener.root / "h" / "unheard").write_bytes(b"")
    listener.cover("h", "h/g")
    (listener.root / "h" / "g" / "b").write_bytes(b"b")
    listener.hears("h/g/b")
    assert not [path for path in listener.all_heard() if path.startswith(b"f/")]


def test_a_folder_that_has_left_the_tree_is_not_watched_any_more(listener: Listener, tmp_path: Path) -> None:
    (listener.root / "f").rename(tmp_path / "outside" / "f")
    listener.hears("f")
    (tmp_path / "outside" / "f" / "g" / "b").write_bytes(b"b")
    assert listener.all_heard() == {b"f"}
    assert set(listener.watch._paths.values()) == {b""}


def test_a_folder_that_is_removed_leaves_nothing(listener: Listener) -> None:
    (listener.root / "f" / "g" / "a").unlink()
    (listener.root / "f" / "g").rmdir()
    listener.hears("f/g")
    listener.all_heard()
    wait_until(lambda: set(listener.watch._paths.values()) == {b"", b"f"}, "the watch to go")


def test_covering_a_folder_again_changes_nothing(listener: Listener) -> None:
    watches = dict(listener.watch._paths)
    listener.cover("", "f", "f/g")
    assert listener.watch._paths == watches


def test_notices_that_are_lost_are_told_as_such(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = [inotify.Notice(-1, inotify.OVERFLOW, b"")]
    monkeypatch.setattr(inotify.Inotify, "read", lambda _: lost)
    monkeypatch.setattr(folderwatch_module, "Inotify", inotify.Inotify)
    listener = Listener(root)
    wait_until(lambda: listener.has_missed, "it to be told")
    listener.close()


def test_too_many_folders_are_said_so_once(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, engine_log: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(inotify.Inotify, "add", full)
    listener.cover("", "f")
    (message,) = [record.getMessage() for record in engine_log.records]
    assert "max_user_watches" in message
    (listener.root / "b").write_bytes(b"b")  # what is watched stays watched
    listener.hears("b")


def test_nothing_is_left_open_in_the_end(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        listener = Listener(root)
        listener.cover("", "f")
        listener.close()
        listener.cover("f/g")  # too late, and harmless
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
