"""HTML: what each block becomes, that it is well formed, and that no document can put markup or a script into it."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.convert.open.context import MergeContext
from engine.convert.page.blocks import Block, Cell, Kind, RefinedPage, Span
from engine.convert.page.pagemodel import PageModel
from engine.convert.write.html import HtmlFile
from engine.convert.write.htmltext import safe_target
from engine.job.options import ConvertOptions
from tests.engine.convert.pages import block, table
from tests.engine.convert.write.test_markdown import SPANS, documents, expected_outline, lines

BOX = (1.0, 2.0, 3.0, 4.0)
HOSTILE = [
    "<script>alert(1)</script>", "</p></body></html>", "<img src=x onerror=alert(1)>", "<!-- ", "-->", "]]>",
    '"><svg onload=alert(1)>', "' onmouseover='alert(1)", "</code></pre><script>", "</title><script>", "&lt;b&gt;",
    "\x00<b\x00>", "\ud800", "\x0c\x1b[31m", "javascript:alert(1)", "&#106;avascript:", "</td>", "<?php",
]  # fmt: skip
VOID = {"meta", "img", "br"}
ALLOWED = {
    "html": {"lang"}, "head": set(), "title": set(), "style": set(), "body": set(), "pre": set(), "code": set(),
    "meta": {"charset", "http-equiv", "content", "name"}, "span": {"class", "id", "data-page"}, "p": {"class"},
    "a": {"href"}, "img": {"src", "alt"}, "figure": set(), "figcaption": set(), "div": {"class"}, "table": set(),
    "thead": set(), "tbody": set(), "tr": set(), "th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"},
    "ul": {"class"}, "ol": {"start"}, "li": {"value"}, "blockquote": set(), "br": set(), "em": set(),
    **{name: set() for name in ("b", "i", "s", "sup", "sub")}, **{f"h{n}": {"id"} for n in range(1, 7)},
}  # fmt: skip


@dataclass
class Read:
    """A block as it is read back."""

    kind: str
    text: str = ""
    level: int = 0
    depth: int = 0
    quote: int = 0
    number: int | None = None
    rows: list[list[str]] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads a file of ours back; fails at what is not closed, or not allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.blocks: list[Read] = []
        self.seen: dict[str, list[dict[str, str]]] = {}
        self.numbers: list[int | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        assert tag in ALLOWED, tag
        assert found.keys() <= ALLOWED[tag], (tag, found)
        self.seen.setdefault(tag, []).append(found)
        if tag in VOID:
            self.text += "\n" if tag == "br" else ""
            return
        self.open.append(tag)
        last = self.blocks[-1] if self.blocks else Read("none")
        where = {"depth": len(self.numbers), "quote": self.open.count("blockquote")}
        match tag:
            case "ul" | "ol":
                self._end_item()
                self.numbers.append(int(found.get("start", 1)) - 1 if tag == "ol" else None)
            case "li":
                number = self.numbers[-1]
                self.numbers[-1] = None if number is None else int(found.get("value", number + 1))
                self.blocks.append(Read("item", number=self.numbers[-1], **where))
                self.text = ""
            case "p" | "pre" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table":
                self._end_item()
                kind = {"p": "paragraph", "pre": "code", "table": "table"}.get(tag, "heading")
                self.blocks.append(Read(kind, level=int(tag[1]) if kind == "heading" else 0, **where))
                self.text = ""
            case "tr":
                last.rows.append([])
            case "td" | "th":
                self.text = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("p", "pre", "h1", "h2", "h3", "h4", "h5", "h6"):
            self.blocks[-1].text, self.text = self.text, ""
        elif tag in ("td", "th"):
            self.blocks[-1].rows[-1].append(self.text)
        elif tag == "li":
            self._end_item()
        elif tag in ("ul", "ol"):
            self.numbers.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def _end_item(self) -> None:
        if self.blocks and self.blocks[-1].kind == "item" and not self.blocks[-1].text:
            self.blocks[-1].text = self.text
        self.text = ""


def written(*pages: list[Block] | tuple[int, str], head: dict[str, Any] | None = None, **options: Any) -> str:
    writer = HtmlFile(MergeContext(head or {}, "a", "a.pdf", ConvertOptions(**options), Path(), [], {}))
    texts = [
        writer.missing(*page)
        if isinstance(page, tuple)
        else writer.page(PageModel(number, refined=RefinedPage(number, 600.0, 800.0, page)))
        for number, page in enumerate(pages, 1)
    ]
    return "".join([writer.begin(), *texts, writer.end()]).encode("utf-8", "replace").decode()


def body(*pages: list[Block] | tuple[int, str], **options: Any) -> str:
    """What is in the body, without the marks of pages."""
    text = written(*pages, **options).partition("<body>\n")[2].removesuffix("</body>\n</html>\n")
    return re.sub(r'<span class="page"[^>]*></span>\n', "", text)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def heading(text: str, level: int = 1) -> Block:
    return Block(Kind.HEADING, BOX, [Span(text, bold=True)], level=level)


def item(label: str, text: str, depth: int = 1, **changes: Any) -> Block:
    return Block(Kind.LIST_ITEM, BOX, [Span(text)], label=label, depth=depth, **changes)


def paragraph(*spans: Span | str, **changes: Any) -> Block:
    return Block(Kind.PARAGRAPH, BOX, [Span(s) if isinstance(s, str) else s for s in spans], **changes)


# --- the file ---


def test_the_file_has_title_language_and_a_policy_that_allows_nothing_but_pictures() -> None:
    text = written([], head={"metadata": {"title": "A & B </title>"}, "language": "de-AT"})
    assert text.startswith('<!DOCTYPE html>\n<html lang="de-AT">\n<head>\n<meta charset="utf-8">\n')
    assert "<title>A &amp; B &lt;/title&gt;</title>" in text
    (policy,) = (m["content"] for m in read(text).seen["meta"] if "http-equiv" in m)
    assert policy.startswith(
        "default-src 'none'; img-src 'self' file:; base-uri 'none'; form-action 'none'; style-src "
    )
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy


@pytest.mark.parametrize(
    "head", [{}, {"metadata": None, "language": None}, {"metadata": {"title": " "}, "language": '"x'}]
)
def test_without_title_or_language_the_files_name_is_the_title(head: dict[str, Any]) -> None:
    text = written([], head=head)
    assert "<html>\n" in text
    assert "<title>a</title>" in text


# --- blocks ---


def test_headings_have_the_anchors_that_links_lead_to() -> None:
    page = [heading("One, two!"), heading("One two", 2), heading("One two-1", 7), heading("Page 3"), heading("***")]
    anchors = re.findall(r'<h\d id="([^"]*)"', body(page))
    assert anchors == ["one-two", "one-two-1", "one-two-1-1", "page-3"]
    assert body(page).count("<h") == 5


def test_lists_are_nested_numbered_and_begin_anew_as_they_did() -> None:
    page = [
        item("3.", "c"),
        item("•", "x", 2),
        paragraph("more of x", depth=2),
        item("4.", "d"),
        item("7.", "g"),
        item("1.", "a"),
        item("b)", "b"),
    ]
    assert body(page).replace("\n", "") == (
        '<ol start="3"><li>c<ul><li>x<p>more of x</p></li></ul></li><li>d</li><li value="7">g</li></ol>'
        '<ol><li>a</li></ol><ul class="labels"><li>b) b</li></ul>'
    )


def test_a_list_goes_on_over_a_page_and_the_page_begins_in_it() -> None:
    text = written([item("1.", "a")], [item("2.", "b")], [], [paragraph("c")])
    assert text.count("<ol>") == 1
    assert '<li><span class="page" id="page=2" data-page="2"></span>\nb' in text
    assert [mark["data-page"] for mark in read(text).seen["span"]] == ["1", "2", "3", "4"]


def test_a_table_has_head_body_and_spans() -> None:
    wide = Cell([Span("A", bold=True)], is_header=True, columns=2)
    rows = [[wide], [Cell([Span("r")], is_header=True, rows=2), Cell([Span("b\nc")])], [Cell([Span("d")])]]
    assert body([Block(Kind.TABLE, BOX, rows=rows)]).replace("\n", "") == (
        '<div class="table"><table><thead><tr><th scope="col" colspan="2">A</th></tr></thead><tbody>'
        '<tr><th scope="row" rowspan="2">r</th><td>b<br>c</td></tr><tr><td>d</td></tr></tbody></table></div>'
    )


def test_a_table_whose_head_reaches_into_its_body_has_no_head() -> None:
    rows = [[Cell([Span("A")], is_header=True, rows=2), Cell([Span("B")], is_header=True)], [Cell([Span("b")])]]
    text = body([Block(Kind.TABLE, BOX, rows=rows)])
    assert "<thead>" not in text
    assert text.count("<tr>") == 2


def test_pictures_and_tables_are_figures_with_their_captions() -> None:
    caption = Block(Kind.CAPTION, BOX, [Span("Figure 1")])
    picture = Block(Kind.PICTURE, BOX, image="images/a b#1.png", alt='The "quay"')
    shown = '<img src="images/a%20b%231.png" alt="The &quot;quay&quot;">'
    text = body([picture, caption]).replace("\n", "")
    assert text == f"<figure>{shown}<figcaption>Figure 1</figcaption></figure>"
    assert body([paragraph("x"), picture]).replace("\n", "") == f"<p>x</p><figure>{shown}</figure>"
    text = body([caption, table([["A"]], BOX)]).replace("\n", "")
    assert text.startswith('<figure><figcaption>Figure 1</figcaption><div class="table">')
    assert body([Block(Kind.PICTURE, BOX, alt="A cat")]).replace("\n", "") == "<figure><p><em>A cat</em></p></figure>"


def test_a_caption_between_two_is_the_nearer_ones() -> None:
    above = Block(Kind.PICTURE, (0, 0, 9, 10), image="a.png")
    below = Block(Kind.PICTURE, (0, 60, 9, 90), image="b.png")
    near, far = (Block(Kind.CAPTION, (0, y, 9, y + 9), [Span("c")]) for y in (11, 50))
    assert re.findall(r"<figure>\n<img src=.(.)", body([above, near, below])) == ["a", "b"]
    assert body([above, near, below]).index("figcaption") < body([above, near, below]).index("b.png")
    assert body([above, far, below]).index("figcaption") > body([above, far, below]).index("</figure>")


def test_code_keeps_every_blank() -> None:
    assert (
        body([block("\n  if a < b:\n\tx & y", BOX, Kind.CODE)])
        == "<pre><code>\n  if a &lt; b:\n\tx &amp; y</code></pre>\n"
    )


def test_styles_links_and_line_ends_are_kept() -> None:
    spans = [
        Span("a", bold=True, italic=True), Span(" "), Span("b", link="https://a.b/"), Span("c", code=True, link="https://a.b/"),
        Span("\n2"), Span("3", script=1), Span("4", script=-1), Span("5", strike=True),
    ]  # fmt: skip
    assert body([paragraph(*spans)]) == (
        '<p><i><b>a</b></i> <a href="https://a.b/">b<code>c</code></a><br>2<sup>3</sup><sub>4</sub><s>5</s></p>\n'
    )


def test_formulas_stand_between_the_signs_that_renderers_look_for() -> None:
    text = body([paragraph("Let ", Span("a < b", math=True)), Block(Kind.FORMULA, BOX, [Span("x^2", math=True)])])
    assert '<span class="math">\\(a &lt; b\\)</span>' in text
    assert '<p class="formula">\\[x^2\\]</p>' in text


def test_quotations_hold_what_is_quoted() -> None:
    text = body([paragraph("a", quote=1), item("•", "b", quote=1), paragraph("c", quote=2), paragraph("d")])
    assert text.replace("\n", "") == (
        "<blockquote><p>a</p><ul><li>b</li></ul><blockquote><p>c</p></blockquote></blockquote><p>d</p>"
    )


def test_running_heads_are_left_out_unless_asked_for() -> None:
    page = [Block(Kind.PAGE_FOOTER, BOX, [Span("Foot")])]
    assert body(page) == ""
    assert body(page, page_footer=True) == '<p class="furniture">Foot</p>\n'


def test_a_page_that_failed_says_so_outside_of_any_list() -> None:
    text = written([item("1.", "a")], (2, "it <burnt>"), [item("2.", "b")])
    assert '</ol>\n<span class="page" id="page=2" data-page="2"></span>\n<p class="missing">Page 2 could not' in text
    assert "it &lt;burnt&gt;</p>" in text
    read(text)


# --- links ---


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://a.b/c?d=e&f", "https://a.b/c?d=e&f"),
        ("HTTP://a.b/x y\"<'", "HTTP://a.b/x%20y%22%3C%27"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("#one-two", "#one-two"),
        ("#page=3&y=120", "#page=3"),
        ("#", ""),
        ("javascript:alert(1)", ""),
        (" javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,<b>", ""),
        ("vbscript:x", ""),
        ("file:///etc/passwd", ""),
        ("//a.b/", ""),
        ("http:a", ""),
        ("", ""),
    ],
)
def test_links_lead_to_the_web_a_mailbox_or_a_place(link: str, target: str) -> None:
    assert safe_target(link, has_pages=True) == target


def test_without_marks_of_pages_no_link_leads_to_one() -> None:
    assert safe_target("#page=3&y=120") == ""


# --- anything ---


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_text_becomes_markup(data: st.DataObject) -> None:
    text = "".join(data.draw(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=4)))
    span = Span(
        text, code=data.draw(st.booleans()), link=data.draw(st.sampled_from([*HOSTILE, f"https://{text}", f"#{text}"]))
    )
    kinds = data.draw(st.lists(st.sampled_from([*Kind]), min_size=1, max_size=6))
    page = [
        Block(kind, BOX, [span], label=text, alt=text, image=text, depth=int(kind is Kind.LIST_ITEM), level=1)
        for kind in kinds
    ]
    for each in page:
        each.rows = [[Cell([span])]] if each.kind is Kind.TABLE else []
    reader = read(written(page, (2, text), head={"metadata": {"title": text}, "language": text}, page_header=True))
    for link in (found["href"] for found in reader.seen.get("a", [])):
        assert link.startswith(("#", "https://"))
    assert len(reader.seen["meta"]) == 4
    assert len(reader.seen["style"]) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(SPANS, min_size=1, max_size=4))
def test_any_text_is_read_back(spans: list[Span]) -> None:
    expected = "".join(span.text for span in spans)
    found = [each.text for each in read(body([paragraph(*spans)])).blocks]
    assert [lines(text) for text in found] == ([lines(expected)] if expected.strip() else [])


@settings(max_examples=100, deadline=None)
@given(documents())
def test_any_structure_is_read_back(blocks: list[Block]) -> None:
    blocks = [each for each in blocks if each.kind is not Kind.CODE or each.text.strip()]
    assert [outline(each) for each in read(body(blocks)).blocks] == [expected_outline(each) for each in blocks]


def outline(found: Read) -> tuple[object, ...]:
    text = found.text if found.kind == "code" else lines(found.text)
    rows = [[lines(cell) for cell in row] for row in found.rows]
    return (found.kind, text, found.level, found.depth, found.quote, found.number, rows)
