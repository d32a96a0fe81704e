"""Frames come out as they went in, however they are cut; whatever else comes is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import ChildGarbage
from engine.cluster.exchange import Ended, Made, Said, Want, Wrote, from_node, to_node
from engine.cluster.framing import MAX_LINE, Frame, Frames, single

FRAMES = [
    Frame(Want(epoch=1, offset=0)),
    Frame(Wrote(epoch=2, size=5), b"a\nb\n\n"),
    Frame(Made(epoch=3, path="out/a.png", size=3, last=True), b"\x00\xff{"),
    Frame(Ended(epoch=4, why="node", message="The disk is full: ä.")),
    Frame(Wrote(epoch=5, size=0)),
]
STREAM = b"".join(frame.encode() for frame in FRAMES)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_frames_come_out_whole_wherever_they_were_cut(cuts: list[int]) -> None:
    frames, found = Frames(from_node), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(STREAM)], strict=True):
        found += frames.feed(STREAM[start:end])
    assert found == FRAMES
    assert frames.is_empty


@given(st.binary(max_size=200))
def test_what_is_none_is_refused_and_nothing_else_comes_of_it(data: bytes) -> None:
    with pytest.raises(ChildGarbage):
        single(data, from_node)


def test_a_line_without_an_end_is_refused_before_it_has_filled_the_memory() -> None:
    frames = Frames(from_node)
    frames.feed(b" " * MAX_LINE)
    with pytest.raises(ChildGarbage, match="endless"):
        frames.feed(b"  ")


@pytest.mark.parametrize(
    "path",
    ["out", "out/", "pages/a", "out/../a", "out/./a", "/out/a", "out/a\0", "out//a", "out/" + "a" * 256, "a/out/b"],
)
def test_a_path_is_a_file_in_a_folder_for_files(path: str) -> None:
    line = f'{{"say":"made","epoch":1,"path":{json.dumps(path)},"size":0,"last":true}}\n'
    with pytest.raises(ChildGarbage):
        single(line.encode(), from_node)


def test_who_says_of_the_bytes_what_is_not_so_is_not_heard() -> None:
    with pytest.raises(ValueError, match="how many"):
        Frame(Wrote(epoch=1, size=2), b"a").encode()
    with pytest.raises(ChildGarbage):
        single(b'{"say":"wrote","epoch":1,"size":2}\na', from_node)
    with pytest.raises(ChildGarbage):
        single(b'{"say":"wrote","epoch":1,"size":1}\nab', from_node)


def test_a_node_cannot_say_what_only_the_engine_says() -> None:
    with pytest.raises(ChildGarbage):
        single(b'{"say":"end","epoch":1}\n', from_node)
    with pytest.raises(ChildGarbage):
        single(Frame(Said(epoch=1, line="{}")).encode(), to_node)
