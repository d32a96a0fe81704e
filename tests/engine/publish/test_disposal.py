"""What becomes of a source once its result is published, and what is never touched."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.beneath import Stamp
from engine.base.disk import rename_new
from engine.base.errors import OutputUnwritable
from engine.job.job import Source
from engine.publish import disposal as disposal_module
from engine.publish.disposal import settle_source
from engine.settings.profiles import OnSuccess

SHA256 = hashlib.sha256(b"content").hexdigest()
TOUCHING = [OnSuccess.ARCHIVE, OnSuccess.DELETE]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    inbox = tmp_path / "in"
    (inbox / "sub").mkdir(parents=True)
    return inbox


def drop(inbox: Path, name: str | bytes = "sub/a.pdf", content: bytes = b"content") -> Source:
    file = inbox / os.fsdecode(name)
    file.write_bytes(content)
    return Source.of(file, inbox, file.lstat())


def settle(source: Source, policy: OnSuccess, archive: Path, content: bytes = b"content") -> None:
    """What follows on the end of a job whose copy had this content."""
    settle_source(source, policy, archive, hashlib.sha256(content).hexdigest())


def test_a_source_is_kept_archived_or_deleted(tmp_path: Path, inbox: Path) -> None:
    archive = tmp_path / "archive"
    kept = drop(inbox)
    settle(kept, OnSuccess.KEEP, archive)
    assert kept.file.read_bytes() == b"content"
    assert not archive.exists()
    settle(kept, OnSuccess.ARCHIVE, archive)
    assert not kept.file.exists()
    assert (archive / "sub" / "a.pdf").read_bytes() == b"content"
    gone = drop(inbox)
    settle(gone, OnSuccess.DELETE, archive)
    assert not gone.file.exists()
    assert (archive / "sub" / "a.pdf").read_bytes() == b"content"


@pytest.mark.parametrize("policy", [OnSuccess.ARCHIVE, OnSuccess.DELETE])
def test_a_source_that_was_replaced_or_removed_meanwhile_is_let_be(
    tmp_path: Path, inbox: Path, policy: OnSuccess
) -> None:
    old = drop(inbox)
    old.file.write_bytes(b"something newer")
    settle(old, policy, tmp_path / "archive")
    assert old.file.read_bytes() == b"something newer"
    old.file.unlink()
    settle(old, policy, tmp_path / "archive")
    old.file.symlink_to(tmp_path / "elsewhere")
    settle(old, policy, tmp_path / "archive")
    assert old.file.is_symlink()
    assert not (tmp_path / "archive").exists()


def test_nothing_in_the_archive_is_overwritten(tmp_path: Path, inbox: Path) -> None:
    archive = tmp_path / "archive"
    for content in (b"one", b"two", b"three"):
        settle(drop(inbox, content=content), OnSuccess.ARCHIVE, archive, content)
    found = {file.name: file.read_bytes() for file in (archive / "sub").iterdir()}
    assert found == {"a.pdf": b"one", "a~2.pdf": b"two", "a~3.pdf": b"three"}


@pytest.mark.parametrize("name", ["x" * 251 + ".pdf", "\u00e9" * 125 + "x.pdf", "\u20ac" * 83 + "xx.pdf"])
def test_a_name_of_255_bytes_can_be_archived_twice(tmp_path: Path, inbox: Path, name: str) -> None:
    archive = tmp_path / "archive"
    assert len(os.fsencode(name)) == 255
    for content in (b"one", b"two"):
        settle(drop(inbox, name, content), OnSuccess.ARCHIVE, archive, content)
    assert sorted(file.read_bytes() for file in archive.iterdir()) == [b"one", b"two"]
    assert {file.suffix for file in archive.iterdir()} == {".pdf"}
    assert all(file.name.isprintable() for file in archive.iterdir())  # no character was cut in two
    assert list(inbox.glob("*.pdf")) == []


@pytest.mark.parametrize("name", ["a.pdf", b"caf\xe9.pdf", "x" * 251 + ".pdf", "\u00e9" * 125 + ".pdf"])
def test_an_archive_on_another_disk_gets_a_whole_copy_before_the_source_goes(
    tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch, name: str | bytes
) -> None:
    archive = tmp_path / "archive"

    def across(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
        if old_folder != new_folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_new(old, new, old_folder, new_folder)

    monkeypatch.setattr(disposal_module, "rename_new", across)
    moved = drop(inbox, name)
    mtime_ns = moved.mtime_ns
    settle(moved, OnSuccess.ARCHIVE, archive)
    assert not moved.file.exists()
    assert [os.fsencode(file.name) for file in archive.iterdir()] == [os.fsencode(name)]
    assert (archive / moved.relative).read_bytes() == b"content"
    assert (archive / moved.relative).stat().st_mtime_ns == mtime_ns


def test_a_source_that_cannot_be_moved_is_said_so_in_one_harmless_line(tmp_path: Path, inbox: Path) -> None:
    (tmp_path / "archive").write_text("in the way")
    stuck = drop(inbox, "a\x1b[31m\n.pdf")
    with pytest.raises(OutputUnwritable, match="is converted, but") as caught:
        settle(stuck, OnSuccess.ARCHIVE, tmp_path / "archive")
    assert str(caught.value).isprintable()
    assert stuck.file.read_bytes() == b"content"


# --- links ---


@pytest.mark.parametrize("policy", TOUCHING)
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("knows_copy", [True, False])
def test_nothing_behind_a_link_is_touched_at_any_depth(
    tmp_path: Path, inbox: Path, policy: OnSuccess, depth: int, knows_copy: bool
) -> None:
    folders = [f"f{number}" for number in range(3)]
    inner = inbox.joinpath(*folders)
    inner.mkdir(parents=True)
    source = drop(inbox, f"{'/'.join(folders)}/a.pdf")
    copied = Stamp.of(source.file.lstat()) if knows_copy else None
    # The very same file is elsewhere, by a hard link: nothing but the way to it tells it from the source.
    elsewhere = tmp_path.joinpath("elsewhere", *folders)
    elsewhere.mkdir(parents=True)
    (elsewhere / "a.pdf").hardlink_to(source.file)
    swapped = inbox.joinpath(*folders[:depth])
    swapped.rename(tmp_path / "taken out")
    swapped.symlink_to(tmp_path.joinpath("elsewhere", *folders[:depth]))
    settle_source(source, policy, tmp_path / "archive", SHA256, copied)
    assert (elsewhere / "a.pdf").read_bytes() == b"content"
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize("policy", TOUCHING)
def test_a_source_in_the_moved_folder_itself_is_the_one_that_goes(
    tmp_path: Path, inbox: Path, policy: OnSuccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that becomes a link between the look at the source and the move."""
    source = drop(inbox)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.pdf").hardlink_to(source.file)
    found = disposal_module._unchanged

    def and_then_swapped(*args: object) -> object:
        stamp = found(*args)  # type: ignore[arg-type]
        (inbox / "sub").rename(tmp_path / "taken out")
        (inbox / "sub").symlink_to(elsewhere)
        return stamp

    monkeypatch.setattr(disposal_module, "_unchanged", and_then_swapped)
    settle(source, policy, tmp_path / "archive")
    assert (elsewhere / "a.pdf").read_bytes() == b"content"
    assert list((tmp_path / "taken out").iterdir()) == []


# --- identity ---


@pytest.mark.parametrize("policy", TOUCHING)
def test_a_file_that_is_another_by_its_content_alone_is_let_be(tmp_path: Path, inbox: Path, policy: OnSuccess) -> None:
    """Size, time and inode can be those of the file that was there."""
    source = drop(inbox)
    copied = Stamp.of(source.file.lstat())
    with source.file.open("r+b") as file:
        file.write(b"CONTENT")
    os.utime(source.file, ns=(source.mtime_ns, source.mtime_ns))
    assert source.matches(source.file.lstat())
    settle_source(source, policy, tmp_path / "archive", SHA256, copied)
    settle_source(source, policy, tmp_path / "archive", SHA256)
    settle_source(source, policy, tmp_path / "archive", None)
    assert source.file.read_bytes() == b"CONTENT"


@pytest.mark.parametrize("policy", TOUCHING)
def test_a_file_that_was_only_renamed_and_given_other_rights_is_the_same(
    tmp_path: Path, inbox: Path, policy: OnSuccess
) -> None:
    source = drop(inbox)
    copied = Stamp.of(source.file.lstat())
    source.file.chmod(0o640)
    settle_source(source, policy, tmp_path / "archive", SHA256, copied)
    assert not source.file.exists()


@pytest.mark.parametrize("policy", TOUCHING)
@pytest.mark.parametrize("is_on_another_disk", [False, True])
def test_a_newer_file_that_comes_between_the_look_and_the_move_is_put_back(
    tmp_path: Path, inbox: Path, policy: OnSuccess, is_on_another_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = drop(inbox)
    found = disposal_module._unchanged

    def and_then_replaced(*args: object) -> object:
        stamp = found(*args)  # type: ignore[arg-type]
        (tmp_path / "newer").write_bytes(b"newer")
        (tmp_path / "newer").rename(source.file)
        return stamp

    def across(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
        if old_folder != new_folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_new(old, new, old_folder, new_folder)

    monkeypatch.setattr(disposal_module, "_unchanged", and_then_replaced)
    if is_on_another_disk:
        monkeypatch.setattr(disposal_module, "rename_new", across)
    settle(source, policy, tmp_path / "archive")
    assert source.file.read_bytes() == b"newer"
    assert [file.name for file in (inbox / "sub").iterdir()] == ["a.pdf"]
    assert [file for file in (tmp_path / "archive").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("policy", TOUCHING)
def test_a_file_of_equal_size_time_and_content_is_another_by_its_inode(
    tmp_path: Path, inbox: Path, policy: OnSuccess
) -> None:
    source = drop(inbox)
    (inbox / "other.pdf").write_bytes(b"content")
    os.utime(inbox / "other.pdf", ns=(source.mtime_ns, source.mtime_ns))
    (inbox / "other.pdf").replace(source.file)
    settle(source, policy, tmp_path / "archive")
    assert source.file.read_bytes() == b"content"
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize("how", ["written to", "replaced"])
def test_a_source_that_changes_while_it_is_copied_to_the_archive_is_new_input_and_stays(
    tmp_path: Path, inbox: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = drop(inbox)
    read = os.read

    def across(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
        if old_folder != new_folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_new(old, new, old_folder, new_folder)

    def changed_meanwhile(descriptor: int, count: int) -> bytes:
        block = read(descriptor, count)
        if how == "written to":
            source.file.write_bytes(b"something newer")
        elif block:
            (inbox / "newer").write_bytes(b"something newer")
            (inbox / "newer").replace(source.file)
        return block

    monkeypatch.setattr(disposal_module, "rename_new", across)
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", changed_meanwhile)
        settle(source, OnSuccess.ARCHIVE, tmp_path / "archive")
    assert source.file.read_bytes() == b"something newer"
    assert [file.name for file in (inbox / "sub").iterdir()] == ["a.pdf"]


def test_what_was_taken_out_of_its_place_to_be_deleted_is_deleted_after_a_restart(tmp_path: Path, inbox: Path) -> None:
    source = drop(inbox)
    top = drop(inbox, "top.pdf")
    for each in (source, top):
        aside = each.file.with_name(os.fsdecode(disposal_module._aside(each)))
        assert aside.name.startswith(".")
        each.file.rename(aside)
        settle(each, OnSuccess.DELETE, tmp_path / "archive")
    assert [path for path in inbox.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("policy", TOUCHING)
@pytest.mark.parametrize("is_newer_still_there", [False, True])
def test_a_newer_file_that_was_out_of_its_place_when_the_engine_died_is_put_back(
    tmp_path: Path, inbox: Path, policy: OnSuccess, is_newer_still_there: bool
) -> None:
    """Under the name in between no hot folder would ever find it."""
    source = drop(inbox)
    aside = source.file.with_name(os.fsdecode(disposal_module._aside(source)))
    source.file.unlink()
    aside.write_bytes(b"newer")
    if is_newer_still_there:
        source.file.write_bytes(b"newer still")
    settle(source, policy, tmp_path / "archive")
    assert [file.name for file in (inbox / "sub").iterdir()] == ["a.pdf"]
    assert source.file.read_bytes() == (b"newer still" if is_newer_still_there else b"newer")


def test_a_source_that_is_in_the_archive_and_was_out_of_its_place_when_the_engine_died_is_deleted(
    tmp_path: Path, inbox: Path
) -> None:
    """As on the way to an archive on another disk."""
    source = drop(inbox)
    source.file.rename(source.file.with_name(os.fsdecode(disposal_module._aside(source))))
    settle(source, OnSuccess.ARCHIVE, tmp_path / "archive")
    assert list((inbox / "sub").iterdir()) == []


@pytest.mark.parametrize("policy", TOUCHING)
@pytest.mark.parametrize("comes", ["nothing", "newer", "newer, and newer still"])
@pytest.mark.parametrize("is_on_another_disk", [False, True])
def test_an_engine_that_dies_as_it_looks_at_what_it_archives_leaves_it_to_the_next(
    tmp_path: Path,
    inbox: Path,
    policy: OnSuccess,
    comes: str,
    is_on_another_disk: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = drop(inbox)
    archive = tmp_path / "archive"
    found = disposal_module._unchanged

    class Died(BaseException):
        """As at a SIGKILL: nothing is tidied up."""

    def and_then_replaced(*args: object) -> object:
        stamp = found(*args)  # type: ignore[arg-type]
        if comes != "nothing":
            (tmp_path / "newer").write_bytes(b"newer")
            (tmp_path / "newer").rename(source.file)
        return stamp

    def die(folder: int, name: bytes) -> object:
        if comes == "newer, and newer still":
            source.file.write_bytes(b"newer still")
        raise Died

    def across(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
        if old_folder != new_folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_new(old, new, old_folder, new_folder)

    with monkeypatch.context() as patch:
        patch.setattr(disposal_module, "_unchanged", and_then_replaced)
        patch.setattr(disposal_module, "_stamp", die)
        with pytest.raises(Died):
            settle(source, OnSuccess.ARCHIVE, archive)
    assert [file for file in archive.rglob("*") if file.is_file()] == []
    if is_on_another_disk:
        monkeypatch.setattr(disposal_module, "rename_new", across)
    settle(source, policy, archive)

    there = {file.name: file.read_bytes() for file in (inbox / "sub").iterdir()}
    archived = [file.read_bytes() for file in archive.rglob("*") if file.is_file()]
    kept = [b"newer"] if comes == "newer, and newer still" else [b"content"] if comes == "nothing" else []
    assert there == ({} if comes == "nothing" else {"a.pdf": comes.rpartition(", and ")[2].encode()})
    assert archived == (kept if policy is OnSuccess.ARCHIVE else [])


@pytest.mark.parametrize("is_changed", [False, True])
def test_no_part_of_a_copy_is_left_in_the_archive_by_an_engine_that_has_died(
    tmp_path: Path, inbox: Path, is_changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = drop(inbox)
    archive = tmp_path / "archive"
    (archive / "sub").mkdir(parents=True)

    def across(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
        if old_folder != new_folder:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename_new(old, new, old_folder, new_folder)

    class Died(BaseException):
        """As at a SIGKILL: nothing is tidied up."""

    def die(descriptor: int) -> None:
        raise Died

    monkeypatch.setattr(disposal_module, "rename_new", across)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        with pytest.raises(Died):
            settle(source, OnSuccess.ARCHIVE, archive)
    assert [file.suffix for file in (archive / "sub").iterdir()] == [".part"]
    if is_changed:
        source.file.write_bytes(b"something newer")
    settle(source, OnSuccess.ARCHIVE, archive)
    assert [file.name for file in (archive / "sub").iterdir()] == ([] if is_changed else ["a.pdf"])


# --- other users and mounts ---


def as_nobody(work: Callable[[], None]) -> str:
    """What `work` raises when it is done by a user without rights, in a process of its own."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        problem = ""
        try:
            os.setgid(65534)
            os.setuid(65534)
            work()
        except OutputUnwritable as error:
            problem = str(error)
        except BaseException as error:  # noqa: BLE001 - told to the test
            problem = f"unexpected: {error!r}"
        os.write(into, problem.encode())
        os._exit(0)
    os.close(into)
    os.waitpid(child, 0)
    with os.fdopen(out) as stream:
        return stream.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
@pytest.mark.parametrize("policy", TOUCHING)
@pytest.mark.parametrize("mode", [0o755, 0o1777])
def test_another_users_folder_keeps_its_file_and_that_is_said(policy: OnSuccess, mode: int) -> None:
    with tempfile.TemporaryDirectory() as folder:  # into which everybody may go, unlike pytest's own
        inbox = Path(folder, "in")
        (inbox / "sub").mkdir(parents=True)
        archive = Path(folder, "archive")
        archive.mkdir()
        archive.chmod(0o777)
        Path(folder).chmod(0o755)
        source = drop(inbox)
        (inbox / "sub").chmod(mode)
        said = as_nobody(lambda: settle(source, policy, archive))
        assert said.startswith("sub/a.pdf is converted, but cannot be moved: ")
        assert source.file.read_bytes() == b"content"
        assert [file.name for file in (inbox / "sub").iterdir()] == ["a.pdf"]
        assert [file for file in archive.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("policy", TOUCHING)
def test_a_file_on_a_mount_in_the_hot_folder_is_the_hot_folders(
    tmp_path: Path, inbox: Path, policy: OnSuccess, bind: Callable[[Path, Path], None]
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    bind(shared, inbox / "sub")
    source = drop(inbox)
    settle(source, policy, tmp_path / "archive")
    assert list(shared.iterdir()) == []
    assert (tmp_path / "archive" / "sub" / "a.pdf").exists() == (policy is OnSuccess.ARCHIVE)


@pytest.mark.parametrize("policy", TOUCHING)
def test_a_mount_that_was_put_in_the_folders_place_meanwhile_is_not_touched(
    tmp_path: Path, inbox: Path, policy: OnSuccess, bind: Callable[[Path, Path], None]
) -> None:
    source = drop(inbox)
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "a.pdf").write_bytes(b"content")
    os.utime(shared / "a.pdf", ns=(source.mtime_ns, source.mtime_ns))
    bind(shared, inbox / "sub")
    settle(source, policy, tmp_path / "archive")
    assert (shared / "a.pdf").read_bytes() == b"content"
