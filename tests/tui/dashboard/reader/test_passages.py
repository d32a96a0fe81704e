"""Markdown taken apart: what hotfolio writes, and what anybody may have made of it."""

import pytest

from tui.dashboard.reader.passages import Kind, html_rows, passages

TEXT = r"""# Title

A paragraph
that goes on,\
and breaks.

## Part ##
- one
- two
  3. three
> said
> twice

```python
# no heading
- no item
```

| a | b |
|---|:-:|
| 1 | 2 |

***
"""


def test_every_passage_is_what_it_is_and_knows_its_line() -> None:
    found = [(passage.kind, passage.line, passage.text) for passage in passages(TEXT)]
    assert found == [
        (Kind.HEADING, 0, "Title"),
        (Kind.TEXT, 2, "A paragraph that goes on,\nand breaks."),
        (Kind.HEADING, 6, "Part"),
        (Kind.ITEM, 7, "one"),
        (Kind.ITEM, 8, "two"),
        (Kind.ITEM, 9, "three"),
        (Kind.QUOTE, 10, "said\ntwice"),
        (Kind.CODE, 13, "# no heading\n- no item"),
        (Kind.TABLE, 18, "| a | b |\n| 1 | 2 |"),
        (Kind.RULE, 22, ""),
    ]
    items = [(passage.indent, passage.marker) for passage in passages(TEXT) if passage.kind is Kind.ITEM]
    assert items == [(0, "-"), (0, "-"), (2, "3.")]


def test_a_page_begins_a_passage_also_within_a_paragraph() -> None:
    assert [passage.line for passage in passages("one\ntwo\nthree", starts=[2])] == [0, 2]


def test_a_table_of_html_is_rows_of_cells() -> None:
    markup = "<table>\n<tr><th>A</th><th colspan=2>B|C</th></tr>\n<tr><td>1\n2</td><td>3</td></tr></table>\nafter"
    table, text = passages(markup)
    assert (table.kind, table.text) == (Kind.TABLE, "| A | B\\|C |\n| 1 2 | 3 |")
    assert (text.kind, text.line) == (Kind.TEXT, 4)
    assert html_rows("<table>") == ""


@pytest.mark.parametrize("text", ["", "\n\n", "```", "|", "<table", "> ", "- ", "#", "|-|", "a|b\n-|-"])
def test_what_is_cut_off_is_shown_all_the_same(text: str) -> None:
    assert len(passages(text)) <= 1
