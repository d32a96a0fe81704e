"""What a node sends of a batch, whatever a process has put on its desk."""

import os
from pathlib import Path

import pytest

from engine.base.errors import ChildGarbage
from engine.cluster.exchange import Made, Wrote
from engine.cluster.node.shipping import Shipping
from engine.job.job import Checkpoint
from tests.engine.cluster.test_landing import line

BATCH = Checkpoint(3, 4)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name in ("out", "parts", "pages"):
        (tmp_path / "desk" / name).mkdir(parents=True)
    return tmp_path / "desk"


def test_files_are_sent_once_and_lines_as_they_are_whole(desk: Path) -> None:
    shipping = Shipping(1, desk, BATCH)
    big = os.urandom((1 << 20) + 5)
    (desk / "out" / "in").mkdir()
    (desk / "out" / "in" / "big").write_bytes(big)
    (desk / "parts" / "empty").touch()
    frames = [*shipping.files()]
    assert [frame.message for frame in frames] == [
        Made(epoch=1, path="out/in/big", size=1 << 20, last=False),
        Made(epoch=1, path="out/in/big", size=5, last=True),
        Made(epoch=1, path="parts/empty", size=0, last=True),
    ]
    assert b"".join(frame.data for frame in frames) == big
    assert not [*shipping.files()]
    assert (desk / "out" / "in" / "big").exists()  # whoever has made it makes it durable yet
    (desk / "parts" / "empty").write_bytes(b"full")
    assert [frame.data for frame in shipping.files()] == [b"full"]
    part = desk / "pages" / BATCH.part
    with part.open("wb", buffering=0) as stream:
        stream.write(line(3) + line(4)[:10])
        assert [frame.data for frame in shipping.lines()] == [line(3)]
        part.rename(desk / "pages" / BATCH.file)  # while it is read
        stream.write(line(4)[10:])
        (last,) = shipping.lines()
    assert (last.message, last.data) == (Wrote(epoch=1, size=len(line(4))), line(4))
    shipping.close()
    assert not [file for file in desk.rglob("*") if file.is_file() and file.parent.name != "pages"]


def test_a_batch_that_is_done_before_anybody_has_looked_is_sent_too(desk: Path) -> None:
    (desk / "pages" / BATCH.file).write_bytes(line(3))
    shipping = Shipping(1, desk, BATCH)
    assert [frame.data for frame in shipping.lines()] == [line(3)]
    shipping.close()


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_nothing_but_files_is_sent(desk: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret").write_text("secret")
    if kind == "link":
        (desk / "out" / "a").symlink_to(tmp_path / "secret")
    else:
        os.mkfifo(desk / "out" / "a")
    with pytest.raises((ChildGarbage, OSError)):
        [*Shipping(1, desk, BATCH).files()]


def test_a_folder_that_is_a_link_is_passed_over(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a").write_text("secret")
    (desk / "out" / "in").symlink_to(tmp_path / "secrets")
    assert [*Shipping(1, desk, BATCH).files()] == []
    assert (tmp_path / "secrets" / "a").read_text() == "secret"


def test_pages_of_others_and_names_that_cannot_be_are_the_processes_fault(desk: Path) -> None:
    (desk / "pages" / BATCH.part).write_bytes(line(9))
    with pytest.raises(ChildGarbage):
        [*Shipping(1, desk, BATCH).lines()]
    deep = desk / "out" / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    (deep / "e").touch()
    with pytest.raises(ChildGarbage):
        [*Shipping(1, desk, BATCH).files()]
