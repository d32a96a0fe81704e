"""What a vision model has said of a page, or why it has said nothing."""

from dataclasses import dataclass, field

from engine.convert.page.blocks import Box


class NoAnswer(Exception):
    """The model has not said what a page says; `str()` is a sentence, and nothing in it is secret."""


@dataclass(frozen=True, slots=True)
class Element:
    """A part of a page, as the model sees it."""

    category: str
    """One of `answer.CATEGORIES`."""
    box: Box | None
    """None where the model has given none that makes sense."""
    text: str = ""
    """Markdown; HTML of a table, LaTeX of a formula."""


@dataclass(slots=True)
class Told:
    """What the model has said of one page."""

    elements: list[Element] = field(default_factory=list)
    """In the order one reads them in, with boxes in points on the page as it is shown."""
    markdown: str | None = None
    """All of it, where text alone was asked for."""
    remark: str | None = None
    """What a person should know of it, as a sentence."""
    unread: set[int] = field(default_factory=set)
    """Which of the elements the PDF's own text is to be taken for."""
