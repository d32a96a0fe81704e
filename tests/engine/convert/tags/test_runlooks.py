"""What is struck out or raised on a tagged page, whether the tags say it or only lines that are drawn."""

import re
from pathlib import Path

import pymupdf
import pytest

from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.tagged_pdfs import Kid, TaggedPdf, Text, tag

__all__ = ["conversion"]

BODY = tag("P", "Every tenant has a key, and gives it back on the last day of the lease.")


def drawn(*kids: Kid, struck: str, lift: float = 0.3, beyond: float = 0.0) -> bytes:
    """A tagged PDF with a line through (or so much of the size above the baseline of) each of these words."""
    document = TaggedPdf(tag("Document", BODY, *kids))
    lines = ""
    for words in struck.split("|"):
        found = re.search(
            rf"/(\w+) (\S+) Tf 1 0 0 1 (\S+) (\S+) Tm \(([^)]*?){re.escape(words)}", document.contents[0].decode()
        )
        assert found is not None
        font, size, x, y = found[1], float(found[2]), float(found[3]), float(found[4])
        left = x + pymupdf.get_text_length(found[5], fontname=font, fontsize=size)
        width = pymupdf.get_text_length(words, fontname=font, fontsize=size)
        lines += f"{left - beyond} {y + lift * size} {width + 2 * beyond} 0.6 re f\n"
    document.contents[0] += lines.encode()
    return document.data()


def read(conversion: Conversion, data: bytes, structure: str = "tags") -> str:
    converted = conversion.run(data, structure=structure, formats="md")
    assert converted.results[0].via == structure
    assert converted.warnings == []
    return Path(converted.out / "a.md").read_text(encoding="utf-8").partition("lease.")[2].lstrip()


@pytest.mark.parametrize("structure", ["tags", "layout"])
def test_words_that_a_line_runs_through_are_struck_out(conversion: Conversion, structure: str) -> None:
    data = drawn(tag("P", "The rent is 800 920 euros a month, and pets are fine."), struck="800|and pets are fine.")
    assert read(conversion, data, structure) == "The rent is ~~800~~ 920 euros a month, ~~and pets are fine.~~\n"


def test_cells_and_items_can_be_struck_out(conversion: Conversion) -> None:
    rows = tag("Table", tag("TR", tag("TH", "Fee"), tag("TH", "Old")), tag("TR", tag("TD", "Key"), tag("TD", "10")))
    items = tag("L", tag("LI", tag("Lbl", "- "), tag("LBody", "Pets are not allowed.")))
    data = drawn(items, rows, struck="10|Pets are not allowed.")
    assert read(conversion, data) == "- ~~Pets are not allowed.~~\n\n|Fee|Old|\n|---|---|\n|Key|~~10~~|\n"


@pytest.mark.parametrize("how", [{"lift": -0.12}, {"lift": 0.8}, {"beyond": 200.0}])
def test_lines_below_above_and_far_beyond_words_strike_nothing_out(
    conversion: Conversion, how: dict[str, float]
) -> None:
    data = drawn(tag("P", "The rent is 800 euros"), struck="800", **how)
    assert read(conversion, data) == "The rent is 800 euros\n"


def layout(entries: str) -> str:
    return f"[<</O /Layout /LineHeight 9 {entries}>>]"


def test_attributes_say_what_is_struck_out_raised_and_lowered(conversion: Conversion) -> None:
    document = TaggedPdf(
        tag(
            "Document",
            BODY,
            tag(
                "P",
                "H",
                tag("Span", "2", A=layout("/BaselineShift -2.2")),
                "O and m",
                tag("Span", "2", A="<</O /Layout /BaselineShift 4>>"),
                " and ",
                tag("Span", "gone text", A=layout("/TextDecorationType /LineThrough")),
                " and ",
                tag("Span", "kept", A=layout("/TextDecorationType /Underline /BaselineShift 0")),
            ),
        )
    )
    written = read(conversion, document.data())
    assert written == "H<sub>2</sub>O and m<sup>2</sup> and ~~gone text~~ and kept\n"


def test_a_style_called_deletion_strikes_out(conversion: Conversion) -> None:
    document = TaggedPdf(
        tag("Document", BODY, tag("P", "It costs ", tag("del", "twenty"), " fifteen euros")), role_map={"del": "Span"}
    )
    assert read(conversion, document.data()) == "It costs ~~twenty~~ fifteen euros\n"


def test_listings_and_small_text_keep_what_they_are(conversion: Conversion) -> None:
    data = drawn(tag("P", Text("small print here", size=5)), struck="print")
    assert read(conversion, data) == "small ~~print~~ here\n"
