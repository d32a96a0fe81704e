"""The comparison behind `benchmarks.recall`."""

from pathlib import Path

import pymupdf
import pytest

from benchmarks.recall import compare, convert, measure, page_words
from engine.job.options import Structure
from tests import pdfs
from tests.engine.convert import tagged_pdfs
from tests.engine.convert.tagged_pdfs import item, listing, table, tag


@pytest.mark.parametrize(
    ("words", "markdown"),
    [
        (["plain", "words"], "plain words\n"),
        (["an", "exten-", "sion"], "an extension\n"),
        (["a", "well-", "known", "one"], "a well-known one\n"),
        (["ﬁne", "oﬃce"], "fine office\n"),
        (["a", "link"], "a [link](https://example.org/other_words)\n"),
        (["snake_case", "x*y"], "snake\\_case x\\*y\n"),
        (["H", "2", "O"], "H<sub>2</sub>O\n"),
        (["a", "b", "c"], "|a|b|\n|---|---|\n|c||\n"),
        (["from", "x", "import", "y"], "```\nfromx import y\n```\n"),
        (["3.", "third"], "3. third\n"),
        (["日本語", "です"], "日本語です\n"),
    ],
)
def test_what_is_there_is_found(words: list[str], markdown: str) -> None:
    recall = compare([words], markdown)
    assert (recall.missing, recall.extra, recall.share) == ((), (), 1.0)


def test_a_word_cut_at_the_end_of_a_page_is_found() -> None:
    recall = compare([["it", "is", "im-", "3"], ["4", "portant"]], "it is important\n\n3\n\n4\n")
    assert (recall.missing, recall.extra) == ((), ())


def test_what_is_not_there_is_missing() -> None:
    recall = compare([["one", "two", "two"]], "one two\n")
    assert recall.missing == ("two",)
    assert recall.share == pytest.approx(2 / 3)


def test_what_is_there_twice_is_told() -> None:
    assert compare([["one", "two"]], "one two\n\none\n").extra == ("one",)


def test_heads_of_tables_may_stand_on_every_page() -> None:
    pages = [["Name", "Size", "a"], ["Name", "Size", "b"]]
    assert compare(pages, "|Name|Size|\n|---|---|\n|a|b|\n", [["name", "size"]]).missing == ()


def test_words_off_the_page_and_shadows_do_not_count() -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        for point in ((72, 72), (72.5, 72.5), (72, 100), (72, 2000)):
            page.insert_text(point, "word")
        assert page_words(page) == ["word", "word"]


@pytest.mark.parametrize("structure", [Structure.AUTO, Structure.LAYOUT])
def test_no_word_of_a_document_is_lost_or_doubled(tmp_path: Path, structure: Structure) -> None:
    tagged = tagged_pdfs.pdf(
        tag(
            "Document",
            tag("H1", "A heading"),
            tag("P", "Some words to begin with, and more of them."),
            tag("L", item("1.", "first of all"), item("2.", "then the second")),
            table(["name", "value"], ["alpha", "12"], ["beta", "34"]),
            listing("def code(x):", "    return x"),
            tag("BlockQuote", tag("P", "What somebody said.")),
        )
    )
    made = {
        "tagged": tagged,
        "report": pdfs.report(),
        "columns": pdfs.two_columns(),
        "prose": pdfs.text_pages(4),
        "rotated": pdfs.rotated(),
        "unicode": pdfs.unicode_text(),
    }
    files = []
    for name, data in made.items():
        files.append(tmp_path / f"{name}.pdf")
        files[-1].write_bytes(data)
    jobs = convert(files, tmp_path / "home", structure, ())
    assert len(jobs) == len(files)
    for file, job in zip(files, jobs, strict=True):
        measured = measure(file, job)
        assert measured is not None, file.stem
        recall, _ = measured
        assert (file.stem, recall.missing, recall.extra) == (file.stem, (), ())
