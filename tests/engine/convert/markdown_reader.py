"""Reads Markdown back as blocks of characters with their styles, by a parser that follows CommonMark and GitHub."""

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAG = re.compile(r"<(/?)(sup|sub|strong|em|del|code)>")


@dataclass(frozen=True)
class Style:
    """What a character looks like."""

    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    script: int = 0
    link: str = ""


Chars = list[tuple[str, Style]]


@dataclass
class Read:
    """A block as it is read back."""

    kind: str
    chars: Chars = field(default_factory=list)
    level: int = 0
    depth: int = 0
    quote: int = 0
    number: int | None = None
    """Of a list item, if its list is numbered."""
    rows: list[list[Chars]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return text_of(self.chars)


def text_of(chars: Chars) -> str:
    return "".join(char for char, _ in chars)


def read_markdown(text: str) -> list[Read]:
    """The blocks of a text; a list item is a block of its own, with its first paragraph's text."""
    parser = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    blocks: list[Read] = []
    quote = 0
    lists: list[int | None] = []  # the next number of each open list
    item: Read | None = None  # one that has no text yet
    row: list[Chars] = []
    level = 0
    for token in parser.parse(text):
        match token.type:
            case "blockquote_open":
                quote, item = quote + 1, None
            case "blockquote_close":
                quote -= 1
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                item = Read("item", depth=len(lists), quote=quote, number=lists[-1])
                lists[-1] = None if lists[-1] is None else lists[-1] + 1
                blocks.append(item)
            case "list_item_close":
                item = None
            case "heading_open":
                level = int(token.tag[1])
            case "inline" if blocks and blocks[-1].kind == "table" and blocks[-1].level:
                row.append(_chars(token))
            case "inline":
                if level:
                    blocks.append(Read("heading", _chars(token), level, len(lists), quote))
                elif item is not None:
                    item.chars = _chars(token)
                else:
                    blocks.append(Read("paragraph", _chars(token), 0, len(lists), quote))
                level, item = 0, None
            case "fence" | "code_block":
                content = token.content.removesuffix("\n")
                blocks.append(Read("code", [(char, Style()) for char in content], 0, len(lists), quote))
                item = None
            case "table_open":
                blocks.append(Read("table", [], 1, len(lists), quote))
                item = None
            case "table_close":
                blocks[-1].level = 0
            case "tr_close":
                blocks[-1].rows.append(row)
                row = []
            case "html_block" if token.content.strip() != "<!-- -->":
                blocks.append(Read("html", [(char, Style()) for char in token.content], 0, len(lists), quote))
            case "hr":
                blocks.append(Read("rule"))
    return blocks


def _chars(token: Token) -> Chars:
    chars: Chars = []
    counts = {"strong": 0, "em": 0, "s": 0, "del": 0, "code": 0, "sup": 0, "sub": 0}
    link = ""
    for child in token.children or ():
        name, _, end = child.type.rpartition("_")
        style = Style(
            counts["strong"] > 0,
            counts["em"] > 0,
            counts["code"] > 0,
            counts["s"] + counts["del"] > 0,
            bool(counts["sup"]) - bool(counts["sub"]),
            link,
        )
        if name in counts and end in ("open", "close"):
            counts[name] += 1 if end == "open" else -1
        elif name == "link":
            link = str(child.attrs["href"]) if end == "open" else ""
        elif child.type == "html_inline":
            found = _TAG.fullmatch(child.content)
            if found is not None:
                counts[found[2]] += -1 if found[1] else 1
            elif child.content == "<br>":
                chars.append(("\n", Style()))
            else:
                chars += [(char, style) for char in child.content]
        elif child.type == "softbreak":
            chars.append((" ", Style()))
        elif child.type == "hardbreak":
            chars.append(("\n", Style()))
        elif child.type == "code_inline":
            style = Style(style.bold, style.italic, True, style.strike, style.script, link)
            chars += [(char, style) for char in child.content]
        else:
            chars += [(char, style) for char in child.content]
    return chars
