"""What a walk through a hot folder finds, what it passes by, and what it says of what it could not read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.beneath import MAX_PATH, Tree
from engine.intake.ignoring import is_ignored
from engine.intake.walk import Walk
from tests.deep import deep_folder


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


class Walked:
    """One walk from `start`."""

    def __init__(self, root: Path, start: bytes = b"", on_folder: Callable[[bytes], None] = lambda _: None) -> None:
        self.covered: list[bytes] = []
        self.handles: dict[bytes, int] = {}

        def cover(folder: bytes, handle: int) -> None:
            self.covered.append(folder)
            self.handles[folder] = os.fstat(handle).st_ino
            on_folder(folder)

        with Tree(root) as tree:
            self.walk = Walk(
                tree, len(os.fsencode(root)), lambda path, is_folder: is_ignored(path, (), is_folder=is_folder), cover
            )
            self.files = dict(self.walk.files_below(start))


def test_finds_every_file_and_covers_every_folder_by_its_handle(tmp_path: Path) -> None:
    put(tmp_path, "a", "f/b", "f/g/c", "f/g/d", ".hidden/e", "x.part")
    walked = Walked(tmp_path)
    assert walked.files.keys() == {b"a", b"f/b", b"f/g/c", b"f/g/d"}
    assert walked.files[b"f/g/c"].st_ino == (tmp_path / "f/g/c").stat().st_ino
    assert walked.covered == [b"", b"f", b"f/g"]
    assert walked.handles[b"f/g"] == (tmp_path / "f/g").stat().st_ino
    assert not walked.walk.unread
    assert Walked(tmp_path, b"f/g").files.keys() == {b"f/g/c", b"f/g/d"}


def test_links_are_shown_and_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root, "a")
    put(tmp_path / "outside", "b")
    (root / "away").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(".")
    walked = Walked(root)
    assert walked.files.keys() == {b"a", b"away", b"loop"}
    assert walked.covered == [b""]
    assert Walked(root, b"away").files == {}


@pytest.mark.parametrize("swapped", ["f", "f/g"])
def test_a_folder_that_becomes_a_link_during_the_walk_leads_nowhere(tmp_path: Path, swapped: str) -> None:
    root = tmp_path / "root"
    put(root, "f/g/h/a")
    put(tmp_path / "outside", "g/h/secret", "h/secret")

    def swap(folder: bytes) -> None:
        if folder == os.fsencode(os.path.dirname(swapped)):  # noqa: PTH120 - of a path that may be empty
            (root / swapped).rename(tmp_path / "taken out")
            (root / swapped).symlink_to(tmp_path / "outside")

    assert Walked(root, on_folder=swap).files.keys() <= {b"f", b"f/g"}


def test_what_comes_while_a_folder_is_entered_is_found(tmp_path: Path) -> None:
    """It is covered before it is read, so what its watch does not tell of yet is there to be read."""
    (tmp_path / "f").mkdir()
    walked = Walked(tmp_path, on_folder=lambda folder: put(tmp_path, "f/late") if folder == b"f" else None)
    assert walked.files.keys() == {b"f/late"}


def test_a_tree_deeper_than_any_recursion_is_walked_and_what_is_too_deep_named(tmp_path: Path) -> None:
    with deep_folder(tmp_path, "d", MAX_PATH // 2 + 10):
        put(tmp_path, "d/d/a", "b")
        walked = Walked(tmp_path)
    assert walked.files.keys() == {b"d/d/a", b"b"}
    (too_long,) = walked.walk.too_long
    assert len(os.fsencode(tmp_path)) + 1 + len(too_long) in (MAX_PATH, MAX_PATH + 1)
    assert not walked.walk.unread


def test_of_a_folder_that_cannot_be_read_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "f/a", "g/h/b", "i")
    opened = Tree.open

    def guarded(tree: Tree, path: bytes, flags: int = os.O_RDONLY) -> int:
        if path == b"g":
            raise PermissionError(13, "Permission denied", path)
        return opened(tree, path, flags)

    monkeypatch.setattr(Tree, "open", guarded)
    walk = Walked(tmp_path).walk
    assert walk.unread == {b"g": "Permission denied"}
    assert [walk.is_unread(path) for path in (b"g", b"g/x", b"g/h/b", b"f/a", b"gg/x", b"i")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_root_that_cannot_be_read_leaves_nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def guarded(_: Tree, path: bytes, flags: int = os.O_RDONLY) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Tree, "open", guarded)
    assert Walked(tmp_path).walk.is_unread(b"anything")


def test_a_folder_that_is_gone_is_no_folder_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "f/a")
    walked = Walked(tmp_path, b"never")
    assert (walked.files, walked.walk.unread) == ({}, {})
