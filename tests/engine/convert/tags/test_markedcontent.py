"""Which text of a content stream is marked as what, and the stream without some of it."""

import pytest

from engine.convert.tags.markedcontent import MarkedContent, scan


def scanned(stream: bytes) -> MarkedContent:
    return scan(stream, {b"p4": 4}.get)


@pytest.mark.parametrize(
    ("stream", "marked"),
    [
        (b"/P <</MCID 1>> BDC (four) Tj EMC", {1: 4}),
        (b"/P<</MCID 1>>BDC[(fo)-20(ur)]TJ EMC", {1: 4}),
        (b"/P <</MCID 1>> BDC <00330033> Tj EMC", {1: 4}),
        (b"/P /p4 BDC (four) Tj EMC", {4: 4}),
        (b"/P <</MCID 1>> BDC /Span BMC (four) Tj EMC (six) Tj EMC", {1: 7}),
        (b"/P <</MCID 1>> BDC /Span <</MCID 2>> BDC (four) Tj EMC (six) Tj EMC", {1: 3, 2: 4}),
        (b"/P <</E (a > b) /MCID 1>> BDC (four) Tj EMC", {1: 4}),
    ],
)
def test_text_counts_for_the_mark_it_is_in(stream: bytes, marked: dict[int, int]) -> None:
    found = scanned(stream)
    assert (dict(found.marked), found.unmarked, found.artifact) == (marked, 0, 0)


@pytest.mark.parametrize(
    "inside",
    [
        b"(/P BMC)",
        b"(EMC (EMC ( EMC )))",
        b"(\\( EMC)",
        b"% EMC (\n",
        b"%/P BMC",
        b"BI /W 1 ID EMC EI ",
        b"/EMC gs",
        b"xEMC",
        b"EMCx",
    ],
)
def test_what_looks_like_a_mark_and_is_none_is_left_out(inside: bytes) -> None:
    found = scanned(b"/P <</MCID 1>> BDC " + inside + b"\n(four) Tj EMC (six) Tj")
    assert (found.marked[1] >= 4, found.unmarked) == (True, 3)


def test_the_data_of_an_inline_picture_begins_where_one_does() -> None:
    assert scanned(b"BI ID (no) EI (six) Tj").unmarked == 3
    assert scanned(b"xBI ID (no) EI (six) Tj").unmarked == 5
    assert scanned(b"\nBI\nID (no) EI (six) Tj").unmarked == 3
    with pytest.raises(ValueError, match="no end"):
        scanned(b"BI ID (no) Tj")


def test_artifacts_are_told_apart_and_can_be_taken_out() -> None:
    stream = b"/Artifact BMC (head) Tj /Logo Do EMC /P <</MCID 1>> BDC (four) Tj /Fig Do EMC /Back Do"
    found = scanned(stream)
    assert (found.artifact, dict(found.marked), found.unmarked_objects) == (4, {1: 4}, {b"Back"})
    assert found.without_artifacts == stream.replace(b"(head)", b"()").replace(b"/Logo Do", b"")
    others = stream.replace(b"(four)", b"()").replace(b"/Fig Do", b"").replace(b"/Back Do", b"")
    assert found.only_artifacts == others


def test_marks_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        scanned(b"EMC (four) Tj")
