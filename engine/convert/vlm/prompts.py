"""What a vision model is asked, by mode; a file can say it otherwise."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.base.errors import HotfolioError
from engine.base.safetext import display_name
from engine.job.options import PromptMode

_MOST_BYTES = 100_000
_CATEGORIES = (
    "Caption, Footnote, Formula, List-item, Page-footer, Page-header, Picture, Section-header, Table, Text, Title"
)
_LAYOUT = f"""\
The picture, {{width}} pixels wide and {{height}} high, is a page of a document. Find all parts of the page and list \
them in the order in which a person reads them.

Say of each part:
- "bbox": its left, top, right and bottom edge in pixels of the picture, as [x1, y1, x2, y2];
- "category": one of {_CATEGORIES}"""

PROMPTS: Mapping[PromptMode, str] = {
    PromptMode.LAYOUT_ALL: f"""{_LAYOUT};
- "text": what it says, as Markdown; of a Table as HTML, of a Formula as LaTeX; of a Picture nothing.

Copy what the page says word for word, in its own language, and add nothing. Answer with a JSON array of these objects \
and nothing else.""",
    PromptMode.LAYOUT_ONLY: f"""{_LAYOUT}.

Leave out what the parts say. Answer with a JSON array of these objects and nothing else.""",
    PromptMode.OCR: """\
The picture is a page of a document. Write down what the page says, word for word, in its own language and in \
the order in which a person reads it, without running heads and page numbers. Use Markdown; write tables as HTML and \
formulas as LaTeX between dollar signs. Answer with this text and nothing else.""",
    PromptMode.GROUNDING_OCR: """\
The picture is a page of a document. Write down what stands within the box {box}, given as [x1, y1, x2, y2] in \
pixels of the picture, word for word and in its own language: a table as HTML, a formula as LaTeX, everything else as \
Markdown. Answer with this text and nothing else.""",
}
"""`{width}` and `{height}` stand for the picture's size, and `{box}` for the box that is asked about, all in pixels."""


class PromptsUnusable(HotfolioError):
    """The file with prompts cannot be used."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is asked, by mode."""

    texts: Mapping[PromptMode, str]

    def layout(self, mode: PromptMode, width: int, height: int) -> str:
        """The question about a whole page, of so many pixels."""
        return self.texts[mode].replace("{width}", str(width)).replace("{height}", str(height))

    def box(self, width: int, height: int, box: tuple[int, int, int, int]) -> str:
        """The question about a part of a page; if it does not say where the box goes, that is at its end."""
        text = self.layout(PromptMode.GROUNDING_OCR, width, height)
        return text.replace("{box}", str([*box])) if "{box}" in text else f"{text}{[*box]}"


def load(file: Path | None) -> Prompts:
    """The prompts, with those of a TOML file instead of the built-in ones; raises `PromptsUnusable`."""
    if file is None:
        return Prompts(PROMPTS)
    name = display_name(file)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise PromptsUnusable(f"{name}: prompts of more than {_MOST_BYTES:,} bytes.")
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise PromptsUnusable(f"{name}: not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise PromptsUnusable(f"{name}: the prompts cannot be read: {(reason or str(error)).lower()}.") from None
    texts = dict(PROMPTS)
    for key, text in found.items():
        if key not in texts:
            modes = ", ".join(PromptMode)
            raise PromptsUnusable(f"{name}: {display_name(key)}: there is no such prompt; there are {modes}.")
        if not isinstance(text, str) or not text.strip():
            raise PromptsUnusable(f"{name}: {key}: give a text.")
        texts[PromptMode(key)] = text
    return Prompts(texts)
