"""The hold on the state folder: whom it keeps out, when it is lost, and where there can be none."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.errors import EngineLocked, SettingsError, StateLost
from engine.settings import statehold
from engine.settings.settings import Settings
from engine.settings.statehold import Hold, is_local_lock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(input=tmp_path / "in", output=tmp_path / "out")
    made.state_folder.mkdir(parents=True)
    return made


def test_a_second_one_is_kept_out_until_the_first_lets_go(settings: Settings) -> None:
    first = Hold(settings)
    with pytest.raises(EngineLocked, match=f"process {os.getpid()}"):
        Hold(settings)
    first.release()
    Hold(settings).release()


def test_a_folder_made_anew_beside_the_one_that_was_moved_is_no_way_in(settings: Settings, tmp_path: Path) -> None:
    first = Hold(settings)
    settings.state_folder.rename(tmp_path / "away")
    settings.state_folder.mkdir()
    with pytest.raises(EngineLocked):
        Hold(settings)
    first.release()
    Hold(settings).release()


def test_a_state_folder_elsewhere_leaves_the_output_to_others(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    first, second = Hold(settings), Hold(settings.model_copy(update={"state": tmp_path / "state"}))
    first.release()
    second.release()


def move(file: Path) -> None:
    file.parent.rename(file.parent.with_name("moved"))


def replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


@pytest.mark.parametrize("take_away", [Path.unlink, move, replace])
@pytest.mark.parametrize("name", ["lock", "jobs.sqlite3"])
def test_what_is_moved_deleted_or_replaced_is_lost(
    settings: Settings, name: str, take_away: Callable[[Path], None]
) -> None:
    held = Hold(settings)
    (settings.state_folder / "jobs.sqlite3").write_bytes(b"x")
    held.watch(settings.state_folder / "jobs.sqlite3")
    held.check()
    take_away(settings.state_folder / name)
    with pytest.raises(StateLost, match=f"({name}|lock) was moved, deleted or replaced"):
        held.check()
    held.release()


def test_a_file_system_without_locks_is_refused_and_said_to_be_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(SettingsError, match="cannot be locked: No locks available"):
        Hold(settings)


def test_a_lock_that_everybody_gets_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda descriptor, how: None)
    with pytest.raises(SettingsError, match="do not keep other engines out"):
        Hold(settings)


NFS = "36 35 0:44 / {place} rw,relatime shared:1 - {kind} host:/export rw,vers=4.2,{options}"
ROOT = "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"


@pytest.mark.parametrize(
    ("kind", "options", "is_local"),
    [
        ("nfs4", "local_lock=none", False),
        ("nfs", "local_lock=all", True),
        ("nfs", "local_lock=flock", True),
        ("nfs", "local_lock=posix", False),
        ("nfs", "nolock", True),
        ("ext4", "nolock", False),
    ],
)
def test_network_mounts_whose_locks_end_at_this_machine_are_told(kind: str, options: str, is_local: bool) -> None:
    lines = [ROOT, NFS.format(place=r"/mnt/my\040share", kind=kind, options=options)]
    assert is_local_lock(Path("/mnt/my share/out/.hotfolio/lock"), lines) is is_local
    assert not is_local_lock(Path("/mnt/other/lock"), lines)


def test_the_innermost_mount_decides() -> None:
    outer = NFS.format(place="/mnt", kind="nfs", options="nolock")
    inner = NFS.format(place="/mnt/here", kind="nfs4", options="local_lock=none")
    assert not is_local_lock(Path("/mnt/here/lock"), [ROOT, inner, outer])
    assert is_local_lock(Path("/mnt/lock"), [ROOT, inner, outer])


def test_a_mount_whose_locks_end_at_this_machine_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = NFS.format(place=settings.output.resolve(), kind="nfs", options="nolock")
    monkeypatch.setattr(statehold, "_mounts", lambda: [ROOT, line])
    with pytest.raises(SettingsError, match="do not keep other engines out"):
        Hold(settings)
