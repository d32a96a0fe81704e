"""What comes from a node lands on the desk and nowhere else, whole or not at all."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import ChildGarbage
from engine.cluster.exchange import Ended, FromNode, Made, Said, Want, Wrote, from_node
from engine.cluster.framing import Frame, single
from engine.cluster.landing import Landing
from engine.job.job import Checkpoint, PageState
from engine.sandbox.protocol import PageDone, PagesDone, decode_event
from engine.work.checkpoint import salvage

BATCH = Checkpoint(3, 4)


def line(page: int) -> bytes:
    return b'{"page": %d, "state": "ok", "seconds": 0.1, "via": "tags", "error": null}\n' % page


def done(page: int) -> PageDone:
    return PageDone(page=page, state=PageState.OK, seconds=0.1, via="tags")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    desk = tmp_path / "desk"
    (desk / "out").mkdir(parents=True)
    return desk


@pytest.fixture
def landing(desk: Path) -> Iterator[Landing]:
    landing = Landing(desk, BATCH)
    yield landing
    landing.close()
    landing.close()


def made(path: str, data: bytes, *, last: bool = True) -> tuple[Made, bytes]:
    return Made(epoch=1, path=path, size=len(data), last=last), data


def test_a_batch_is_there_under_its_name_once_it_is_done(desk: Path, landing: Landing) -> None:
    landing.made(*made("out/thumbnails/a-0003.webp", b"one", last=False))
    landing.made(*made("out/thumbnails/a-0003.webp", b"two"))
    landing.made(*made("parts/0003.json", b""))
    landing.wrote(line(3)[:20])
    landing.wrote(line(3)[20:] + line(4)[:5])
    landing.said(done(3))
    assert (desk / "pages" / BATCH.part).read_bytes() == line(3)
    landing.wrote(line(4)[5:])
    landing.said(PagesDone(busy_s=1))
    assert (desk / "pages" / BATCH.file).read_bytes() == line(3) + line(4)
    assert (desk / "out" / "thumbnails" / "a-0003.webp").read_bytes() == b"onetwo"
    assert {file.name for file in desk.iterdir()} == {"out", "parts", "pages"}


def test_what_has_come_before_the_end_is_salvaged(desk: Path, landing: Landing) -> None:
    landing.wrote(line(4) + line(3)[:30])
    landing.close()
    found = salvage(desk / "pages", BATCH)
    assert found is not None
    assert [result.page for result in found[1]] == [4]


@pytest.mark.parametrize("bad", [line(5), line(3) + line(3), b'{"state": "ok", "page": 3}\n', b"\n"])
def test_a_line_that_is_not_of_the_batch_is_refused(landing: Landing, bad: bytes) -> None:
    with pytest.raises(ChildGarbage):
        landing.wrote(bad)


def test_what_is_told_has_to_be_there(landing: Landing) -> None:
    with pytest.raises(ChildGarbage):
        landing.said(done(3))
    landing.wrote(line(3))
    with pytest.raises(ChildGarbage):
        landing.said(PagesDone(busy_s=1))
    landing.wrote(line(4))
    landing.made(*made("out/a", b"x", last=False))
    with pytest.raises(ChildGarbage):
        landing.said(PagesDone(busy_s=1))


def test_a_file_is_whole_before_the_next(landing: Landing) -> None:
    landing.made(*made("out/a", b"x", last=False))
    with pytest.raises(ChildGarbage):
        landing.made(*made("out/b", b"x"))


def test_nothing_is_followed_out_of_the_desk(tmp_path: Path, desk: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (desk / "parts").symlink_to(tmp_path / "elsewhere")
    (desk / "coming-3-4").symlink_to(victim)
    landing = Landing(desk, BATCH)
    with pytest.raises(OSError, match="symbolic"):
        landing.made(*made("out/a", b"x"))
    (desk / "coming-3-4").unlink()
    with pytest.raises(OSError, match="Not a directory"):
        landing.made(*made("parts/0003.json", b"x"))
    (desk / "out" / "b").symlink_to(victim)
    landing.made(*made("out/b", b"new"))
    landing.close()
    assert victim.read_text() == "kept"
    assert (desk / "out" / "b").read_text() == "new"
    assert [*(tmp_path / "elsewhere").iterdir()] == []


def test_a_desk_that_is_gone_is_said_at_once_and_what_is_void_leaves_nothing(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Landing(tmp_path / "none", BATCH)
    landing = Landing(desk, BATCH)
    landing.wrote(line(3))
    landing.void()
    landing.close()
    assert salvage(desk / "pages", BATCH) is None


# --- a node that sends whatever it likes ---

SAID: tuple[Frame, ...] = (
    Frame(Want(epoch=7, offset=1 << 20)),
    Frame(Said(epoch=7, line='{"event": "page_started", "page": 1}')),
    Frame(Made(epoch=7, path="out/a-0001.png", size=5, last=True), b"\x89PNG\n"),
    Frame(Wrote(epoch=7, size=12), b'{"page": 1}\n'),
    Frame(Ended(epoch=7, why="died", message="It has died.")),
)


def spoilt(frame: Frame, dice: random.Random) -> bytes:
    """A frame with a few bytes changed, lost, doubled, or put in from elsewhere."""
    data = bytearray(frame.encode())
    for _ in range(dice.randint(1, 4)):
        at, end = sorted(dice.randrange(len(data) + 1) for _ in range(2))
        match dice.randrange(6):
            case 0:
                data[at:end] = b""
            case 1:
                data[at:at] = data[at:end]
            case 2:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 3:
                data[at:at] = dice.choice(SAID).encode()[: end - at + 1]
            case 4:
                data[at:end] = dice.choice(
                    [b"../../x", b"1e999", b"-1", b"null", b"\0", b"\xff\xfe", b'"', b"{}", b"\n"]
                )
            case _:
                data[at:at] = dice.randbytes(dice.randrange(9))
    return bytes(data)


def test_ten_thousand_spoilt_messages_come_to_nothing_elsewhere_and_raise_nothing_else(tmp_path: Path) -> None:
    dice, refused = random.Random(1), 0
    (tmp_path / "desk").mkdir()
    landing = Landing(tmp_path / "desk", Checkpoint(1, 2))
    for number in range(10_000):
        if not number % 20:  # after what is not the protocol, nothing more is taken
            landing.close()
            landing = Landing(tmp_path / "desk", Checkpoint(1, 2))
        try:
            frame = single(spoilt(dice.choice(SAID), dice), from_node)
            assert isinstance(frame.message, FromNode)
            match frame.message:
                case Made():
                    landing.made(frame.message, frame.data)
                case Wrote():
                    landing.wrote(frame.data)
                case Said(line=line):
                    landing.said(decode_event(line.encode()))
        except ChildGarbage:
            refused += 1
        except (IsADirectoryError, NotADirectoryError):
            pass  # the name is a folder's by now, or was one
    landing.close()
    assert 5000 < refused < 10_000
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]
    assert {path.name for path in (tmp_path / "desk").iterdir()} <= {"pages", "out", "parts"}
