"""Which lines of a page's Markdown were made of which block."""

from engine.job.options import ConvertOptions
from engine.job.snapshot import PageBlock
from tui.dashboard.page.blocktext import left_out, placed

MARKDOWN = """# A **bold** head

The [quay](https://example.org/a/long/address) was closed,
and so was the `crane`.

| Year | Sum |
|---|---|
| 2026 | 1,204 |

![](<images/a-0001-02.png>)

- 1 item

The end."""


def block(kind: str, text: str, image: str = "") -> PageBlock:
    return PageBlock(kind, (0, 0, 1, 1), text, image)


def lines(*blocks: PageBlock, leaves_out: list[str] | None = None) -> list[tuple[int, int] | None]:
    found = placed(MARKDOWN, blocks, leaves_out or [])
    return [None if each.is_left_out else (each.first, each.end) for each in found]


def test_blocks_are_found_by_their_words_whatever_marks_are_between_them() -> None:
    assert lines(
        block("page-header", "A bold head"),
        block("section-header", "A bold head"),
        block("text", "The quay was closed, and so was the crane."),
        block("table", "Year Sum 2026 1,204"),
        block("picture", "", "images/a-0001-02.png"),
        block("picture", "", "images/b.png"),
        block("list-item", "1 item"),
        block("text", "The end."),
        leaves_out=["page-header", "page-footer"],
    ) == [None, (0, 1), (2, 4), (5, 8), (9, 10), None, (11, 12), (13, 14)]


def test_what_is_short_is_not_looked_for_far_away() -> None:
    assert lines(block("section-header", "A bold head"), block("text", "12"), block("text", "2026")) == [
        (0, 1),
        None,
        None,
    ]


def test_a_block_that_the_markdown_has_not_leads_nobody_astray() -> None:
    blocks = [block("text", "What nobody has written down"), block("text", ""), block("text", "The end.")]
    assert lines(*blocks) == [None, None, (13, 14)]


def test_running_heads_are_left_out_unless_they_are_asked_for() -> None:
    assert left_out(ConvertOptions()) == ["page-header", "page-footer"]
    assert left_out(ConvertOptions(page_header=True)) == ["page-footer"]
