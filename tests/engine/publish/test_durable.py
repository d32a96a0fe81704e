"""A source is archived or deleted only once its result would survive a power cut."""

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base import disk as filesystem
from engine.job.job import Source
from engine.publish import disposal as disposal_module
from engine.publish import publisher as publish_module
from engine.publish.disposal import settle_source
from engine.publish.publisher import MANIFEST, Publisher, read_manifest
from engine.queue.store import JobStore
from engine.settings.profiles import OnSuccess
from tests.clock import Clock

Node = tuple[int, int]
SHA256 = hashlib.sha256(b"content").hexdigest()


def node(path: Path) -> Node:
    """A file or a folder, whatever its name is by now."""
    status = path.lstat()
    return status.st_dev, status.st_ino


def full(name: Any, folder: int | None) -> Path:
    """The path of a name in an open folder."""
    path = Path(os.fsdecode(name))
    return path if folder is None else Path(f"/proc/self/fd/{folder}").readlink() / path


class Recorder:
    """What is done to the file system, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, Any]] = []
        fsync, rename, unlink, rmdir, swap = os.fsync, os.rename, os.unlink, os.rmdir, filesystem.exchange
        rename_new = filesystem.rename_new

        def recorded_fsync(descriptor: int) -> None:
            fsync(descriptor)
            status = os.fstat(descriptor)
            self.calls.append(("fsync", (status.st_dev, status.st_ino)))

        def recorded_rename(one: Any, other: Any, **how: Any) -> None:
            self._rename(full(one, how.get("src_dir_fd")), full(other, how.get("dst_dir_fd")))
            if "src_dir_fd" in how:
                self.calls.append(("gone", full(one, how["src_dir_fd"])))
            rename(one, other, **how)

        def recorded_rename_new(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
            self._rename(full(old, old_folder), full(new, new_folder))
            rename_new(old, new, old_folder, new_folder)

        def recorded_exchange(one: Path, other: Path) -> bool:
            self._rename(one, other)
            if not self.can_swap or not swap(one, other):
                self.calls.pop()
                return False
            return True

        def recorded_unlink(path: Any, **how: Any) -> None:
            unlink(path, **how)
            self.calls.append(("gone", full(path, how.get("dir_fd"))))

        def recorded_rmdir(path: Any, **how: Any) -> None:
            rmdir(path, **how)
            self.calls.append(("gone", Path(os.fsdecode(path))))

        self.disks: tuple[Path, ...] = ()
        """Folders that are taken for file systems of their own."""
        self.can_swap = True
        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "rename", recorded_rename)
        monkeypatch.setattr(os, "unlink", recorded_unlink)
        monkeypatch.setattr(os, "rmdir", recorded_rmdir)
        monkeypatch.setattr(publish_module, "exchange", recorded_exchange)
        monkeypatch.setattr(disposal_module, "rename_new", recorded_rename_new)

    def _rename(self, one: Path, other: Path) -> None:
        if [one.is_relative_to(disk) for disk in self.disks] != [other.is_relative_to(disk) for disk in self.disks]:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(one))
        self.calls.append(("moved", other))

    def first(self, what: str, which: Any, start: int = 0) -> int:
        """When this was done for the first time, from the call `start` on."""
        for number, call in enumerate(self.calls[start:], start=start):
            if call == (what, which):
                return number
        raise AssertionError(f"{which} was never {what}")

    def last(self, what: str, which: Any) -> int:
        """When this was done for the last time."""
        return max(number for number, call in enumerate(self.calls) if call == (what, which))

    def is_durable(self, place: Path, output: Path, before: int) -> None:
        """Fail unless a published folder was durable before a call."""
        put = self.last("moved", place)
        manifest = read_manifest(place) or {}
        files = [place / name for name in (*manifest["files"], MANIFEST)]
        for path in (*files, *(file.parent for file in files)):
            assert self.first("fsync", node(path)) < put
        for parent in place.parents:
            assert put < self.first("fsync", node(parent), put) < before
            if parent == output:
                return


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "state", clock)
    yield store
    store.close()


def made(folder: Path, text: str) -> Path:
    out = folder / "state" / "jobs" / "1" / "out"
    (out / "images").mkdir(parents=True)
    (out / "a.md").write_text(text)
    (out / "images" / "1.png").write_text(text)
    return out


def dropped(folder: Path) -> Source:
    file = folder / "input" / "sub" / "a.pdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"content")
    return Source.of(file, folder / "input", file.lstat())


@pytest.mark.parametrize("way", ["new", "swapped", "replaced in two steps", "from another disk"])
@pytest.mark.parametrize("policy", [OnSuccess.DELETE, OnSuccess.ARCHIVE])
def test_a_source_goes_only_after_its_result_is_durable(
    tmp_path: Path, store: JobStore, recorder: Recorder, way: str, policy: OnSuccess
) -> None:
    output, source = tmp_path / "output", dropped(tmp_path)
    output.mkdir()
    publisher = Publisher(store.claim_output, output)
    if way != "new":
        out = made(tmp_path, "old")
        publisher.publish(1, out, publisher.choose_place(source, out), {"schema": 1})
        (output / "sub" / "a" / "mine").mkdir()
    recorder.can_swap = way == "swapped"
    recorder.disks = (output,) if way == "from another disk" else ()
    recorder.calls.clear()
    out = made(tmp_path, "new")
    place = publisher.choose_place(source, out)
    publisher.publish(1, out, place, {"schema": 1})
    end = len(recorder.calls)
    settle_source(source, policy, tmp_path / "archive", SHA256)
    assert (place / "a.md").read_text() == "new"
    removed = (
        recorder.first("gone", source.file)
        if policy is OnSuccess.DELETE
        else recorder.first("moved", tmp_path / "archive" / "sub" / "a.pdf")
    )
    assert removed >= end
    recorder.is_durable(place, output, removed)
    if way != "new":
        assert (place / "mine").is_dir()
        # Nor does the old result go before the new one is there for good, or what is not its own before it has moved.
        left = out if way == "swapped" else out.with_name("out.old")
        if way == "from another disk":
            left = output / ".hotfolio-publish" / "1.old"
        old_gone = recorder.first("gone", left)
        recorder.is_durable(place, output, old_gone)
        moved = recorder.first("moved", place / "mine")
        assert moved < recorder.first("fsync", node(place), moved) < old_gone


def test_a_new_folder_of_the_output_is_as_durable_as_what_is_in_it(
    tmp_path: Path, store: JobStore, recorder: Recorder
) -> None:
    output = tmp_path / "deep" / "output"
    filesystem.make_folder(output)
    assert recorder.first("fsync", node(output.parent)) < recorder.first("fsync", node(tmp_path))
    out = made(tmp_path, "new")
    Publisher(store.claim_output, output).publish(1, out, output / "sub" / "deeper" / "a", {"schema": 1})
    put = recorder.first("moved", output / "sub" / "deeper" / "a")
    for folder in (output, output / "sub"):
        assert recorder.first("fsync", node(folder)) < put


@pytest.mark.parametrize("left", ["nothing", "the old result"])
def test_a_publication_that_was_interrupted_is_made_durable_before_its_source_goes(
    tmp_path: Path, store: JobStore, recorder: Recorder, left: str
) -> None:
    """The engine died right after the rename, so the folders above may be only in memory."""
    output, source = tmp_path / "output", dropped(tmp_path)
    place, out = output / "sub" / "a", made(tmp_path, "old")
    place.mkdir(parents=True)
    (place / "a.md").write_text("new")
    if left == "nothing":
        out.rename(tmp_path / "elsewhere")
    else:
        (out / "mine").mkdir()
    recorder.calls.clear()
    Publisher(store.claim_output, output).complete(1, out, place)
    settle_source(source, OnSuccess.DELETE, tmp_path / "archive", SHA256)
    removed = recorder.first("gone", source.file)
    for folder in (place.parent, output):
        assert recorder.first("fsync", node(folder)) < removed
    if left == "the old result":
        moved, gone = recorder.first("moved", place / "mine"), recorder.first("gone", out)
        assert moved < recorder.first("fsync", node(place), moved) < gone
        assert recorder.first("fsync", node(place.parent)) < gone


def test_an_archived_source_is_durable_where_it_goes(tmp_path: Path, recorder: Recorder) -> None:
    archive, source = tmp_path / "archive", dropped(tmp_path)
    settle_source(source, OnSuccess.ARCHIVE, archive, SHA256)
    moved = recorder.first("moved", archive / "sub" / "a.pdf")
    for folder in (tmp_path, archive):  # which have got a new folder each
        assert recorder.first("fsync", node(folder)) < moved
    assert recorder.first("fsync", node(archive / "sub"), moved) > moved


def test_a_source_archived_on_another_disk_goes_only_after_its_copy_is_durable(
    tmp_path: Path, recorder: Recorder
) -> None:
    archive, source = tmp_path / "archive", dropped(tmp_path)
    recorder.disks = (archive,)
    settle_source(source, OnSuccess.ARCHIVE, archive, SHA256)
    target = archive / "sub" / "a.pdf"
    # It is out of its place for a moment before too, until it is found that it cannot simply be moved.
    moved, gone = recorder.first("moved", target), recorder.last("gone", source.file)
    assert recorder.first("fsync", node(target)) < moved
    assert moved < recorder.first("fsync", node(target.parent), moved) < gone
    for folder in (tmp_path, archive):
        assert recorder.first("fsync", node(folder)) < moved
