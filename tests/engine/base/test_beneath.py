"""What is reached below a folder, and that nothing is behind a link: by one call of the kernel's, and step by step."""

import errno
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.base import beneath as beneath_module
from engine.base.beneath import GONE, MAX_PATH, Stamp, Tree, lstat_beneath
from tests.deep import deep_folder


@pytest.fixture(params=["at once", "by steps"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways must do the same; the second one is for systems that lack the first."""
    if request.param == "by steps":
        monkeypatch.setattr(beneath_module, "_open_at_once", lambda *_: None)
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "a" / "b" / "c" / "file").write_bytes(b"inside")
    (root / "top").write_bytes(b"top")
    outside = tmp_path / "outside"
    (outside / "b" / "c").mkdir(parents=True)
    (outside / "b" / "c" / "file").write_bytes(b"outside")
    return root


@pytest.fixture
def tree(root: Path) -> Iterator[Tree]:
    with Tree(root) as tree:
        yield tree


def read(tree: Tree, path: bytes) -> bytes:
    with os.fdopen(tree.open_file(path), "rb") as stream:
        return stream.read()


def refused(work: Callable[[], object]) -> int:
    try:
        work()
    except OSError as error:
        return error.errno or 0
    raise AssertionError("It was reached.")


def test_what_is_there_is_reached(tree: Tree, root: Path) -> None:
    status = root.stat()
    assert tree.identity == (status.st_dev, status.st_ino)
    assert read(tree, b"a/b/c/file") == b"inside"
    assert read(tree, b"top") == b"top"
    assert tree.lstat(b"a/b/c/file").st_size == 6
    assert tree.lstat(b"").st_ino == status.st_ino
    assert lstat_beneath(os.fsencode(root), b"a/b").st_ino == (root / "a" / "b").stat().st_ino
    folder, name = tree.folder_of(b"a/b/c/file")
    assert (os.fstat(folder).st_ino, name) == ((root / "a" / "b" / "c").stat().st_ino, b"file")
    handle = tree.open(b"", os.O_RDONLY | os.O_DIRECTORY)
    with os.scandir(handle) as entries:
        assert sorted(entry.name for entry in entries) == ["a", "top"]
    os.close(handle)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("absolute", [True, False])
def test_nothing_is_reached_through_a_link_at_any_depth(tree: Tree, root: Path, depth: int, absolute: bool) -> None:
    parts = ("a", "b", "c")[:depth]
    place = root.joinpath(*parts)
    place.rename(root / "away")
    target = root.parent.joinpath("outside", *parts[1:])
    assert (target / "file").exists() or depth < 3
    place.symlink_to(target if absolute else os.path.relpath(target, place.parent))
    assert (root / "a/b/c/file").read_bytes() == b"outside"  # as whoever goes by the path is led
    for work in (
        lambda: tree.lstat(b"a/b/c/file"),
        lambda: tree.open_file(b"a/b/c/file"),
        lambda: tree.open(b"a/b/c"),
        lambda: tree.folder_of(b"a/b/c/file"),
    ):
        assert refused(work) in GONE


def test_nor_through_one_that_stays_in_the_folder(tree: Tree, root: Path) -> None:
    (root / "short").symlink_to("a/b")
    (root / "loop").symlink_to(".")
    assert refused(lambda: tree.lstat(b"short/c/file")) in GONE
    assert refused(lambda: tree.lstat(b"loop/loop/top")) in GONE


def test_a_link_itself_is_seen_as_one_and_not_opened(tree: Tree, root: Path) -> None:
    (root / "a" / "link").symlink_to(root.parent / "outside" / "b" / "c" / "file")
    assert os.path.stat.S_ISLNK(tree.lstat(b"a/link").st_mode)  # type: ignore[attr-defined]
    assert refused(lambda: tree.open_file(b"a/link")) in GONE
    assert refused(lambda: tree.open(b"a/link", os.O_RDONLY)) in GONE


def test_links_in_the_way_to_the_root_are_its_owners_business(tmp_path: Path, root: Path) -> None:
    (tmp_path / "inbox").symlink_to(root)
    assert lstat_beneath(os.fsencode(tmp_path / "inbox"), b"a/b/c/file").st_size == 6


@pytest.mark.parametrize("path", [b"../outside/b/c/file", b"a/../top", b"./top", b"/etc/passwd", b"a//b", b"a/b/"])
def test_only_plain_paths_lead_anywhere(tree: Tree, path: bytes) -> None:
    assert refused(lambda: tree.open(path)) in GONE | {errno.EINVAL}


def test_a_file_that_is_none_is_not_read_and_not_waited_for(tree: Tree, root: Path) -> None:
    os.mkfifo(root / "fifo")
    assert refused(lambda: tree.open_file(b"fifo")) == errno.EINVAL
    assert refused(lambda: tree.open_file(b"a")) == errno.EINVAL


def test_a_handle_stays_with_its_folder_and_another_path_is_looked_up_anew(tree: Tree, root: Path) -> None:
    assert tree.lstat(b"a/b/c/file").st_size == 6
    (root / "a" / "b" / "c").rename(root / "moved")
    assert tree.lstat(b"moved/file").st_size == 6
    assert refused(lambda: tree.lstat(b"a/b/c/file")) == errno.ENOENT


def test_a_path_longer_than_the_system_takes_is_reached_all_the_same(tree: Tree, root: Path) -> None:
    with deep_folder(root, "d" * 200, MAX_PATH // 200 + 2) as path:
        assert len(path) > MAX_PATH
        assert tree.lstat(path).st_size == 0


def test_no_descriptor_is_left(root: Path) -> None:
    def descriptors() -> set[Path]:
        return set(Path("/proc/self/fd").iterdir())

    before = descriptors()
    (root / "link").symlink_to("a")
    for _ in range(3):
        with Tree(root) as tree:
            tree.lstat(b"a/b/c/file")
            for path in (b"link/b", b"nothing/x", b"top/x", b"a/b/nothing"):
                assert refused(partial(tree.open, path))
                assert refused(partial(tree.open_file, path))
    assert len(descriptors()) == len(before)


def test_a_stamp_tells_a_rename_from_a_write(root: Path) -> None:
    file = root / "top"
    before = Stamp.of(file.lstat())
    assert before == Stamp.of(file.lstat())
    os.utime(file, ns=(before.mtime_ns, before.mtime_ns - 1))
    assert not before.is_same_content(Stamp.of(file.lstat()))
    os.utime(file, ns=(before.mtime_ns, before.mtime_ns))
    assert before.is_same_content(Stamp.of(file.lstat()))


def test_the_kernel_is_asked_where_it_can(root: Path, way: str) -> None:
    """Else only the slower way would ever be tried."""
    handle = os.open(root, os.O_RDONLY)
    try:
        found = beneath_module._open_at_once(handle, b"a/b", os.O_RDONLY | os.O_DIRECTORY)
        if way == "by steps" or found is None:
            pytest.skip("not here")
        assert os.fstat(found).st_ino == (root / "a" / "b").stat().st_ino
        os.close(found)
    finally:
        os.close(handle)
