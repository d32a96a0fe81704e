"""Whether every word of a PDF is in its Markdown, once: `python -m benchmarks.recall FOLDER`.

Every PDF below FOLDER is converted without OCR, with running heads and feet written, and the words of its text layer on
the visible page are looked for in the Markdown. Hyphens at line ends, ligatures, escapes, link targets and blanks more
or less do not count, nor do table heads that are repeated on every page. Also told are the words that are there more
often than on the pages, and how many would be left out as running heads and feet. Exit status 1 if a document has less
than `--least` of its words.
"""

import argparse
import html
import json
import os
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf
from markdown_it import MarkdownIt
from markdown_it.token import Token

from benchmarks.lab import make_settings
from engine.base.safetext import display_name, display_text
from engine.facade.engine import Engine
from engine.job.job import Job
from engine.job.options import HiddenText, OcrMode, RefineStep, Structure

_LEAST = 0.998
_PAGE_TIMEOUT_S = 120.0
_SHOWN = 15
"""Missing words to list of a document."""
_WINDOW = 12
"""Words that may have become one, or one so many, by blanks put in or left out."""
_SAME_PLACE = 1.5
"""Points; a word painted again this close is the same one, with a shadow."""
_FURNITURE = ("page-header", "page-footer")
_FLAGS = pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_IGNORE_ACTUALTEXT | pymupdf.TEXT_PRESERVE_WHITESPACE
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
# Scripts without blanks between words are compared by the character.
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_LINE_BREAK = re.compile(r"<(?:br|/?(?:td|th|tr|p|li))\b[^>]*>", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class Recall:
    """How the words of a document came through."""

    words: int
    """On its pages."""
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    """Those in the Markdown more often than on the pages."""
    respaced: tuple[str, ...]
    """Those with blanks that are not on both sides; they count as found."""

    @property
    def share(self) -> float:
        """Of the words that are there, 0 to 1."""
        return 1 - len(self.missing) / self.words if self.words else 1.0


def compare(pages: Sequence[Sequence[str]], markdown: str, repeated: Iterable[Sequence[str]] = ()) -> Recall:
    """Look for words in Markdown; those of a page come in their order, a line's last with its hyphen.

    `repeated` are groups of words that are written once however often they stand on the pages.
    """
    wanted = [ways for page in pages for ways in _ways(page)]
    written = [word for text in texts(markdown) for word in split(text)]
    rest = Counter(written)
    missing: Counter[str] = Counter()
    flat: list[str] = []
    for ways in wanted:
        found = next((way for way in ways if not Counter(way) - rest), None)
        for word in found or ways[-1]:
            if rest[word] > 0:
                rest[word] -= 1
            else:
                missing[word] += 1
        flat += found or ways[-1]
    for group in map(Counter, repeated):
        while group and group <= missing:
            missing -= group
    extra = +rest
    _account_cut({"".join(split(word)) for page in pages for word in page if word.endswith("-")}, extra, missing)
    respaced = [*_account(extra, missing, flat), *_account(missing, extra, written)]
    return Recall(len(flat), tuple((+missing).elements()), tuple((+extra).elements()), tuple(respaced))


def page_words(page: pymupdf.Page) -> list[str]:
    """The words on the visible part of a page, in the order of the file; one that ends a line keeps its hyphen."""
    words: list[str] = []
    places: dict[str, list[tuple[float, float]]] = {}
    visible = (page.rect * page.derotation_matrix).normalize()  # words have places on the page as it is not rotated
    for x0, y0, x1, y1, text, *_ in page.get_text("words", flags=_FLAGS, sort=False):
        if not pymupdf.Rect(x0, y0, x1, y1).intersects(visible):
            continue
        near = places.setdefault(text, [])
        if any(abs(x0 - x) < _SAME_PLACE and abs(y0 - y) < _SAME_PLACE for x, y in near):
            continue
        near.append((x0, y0))
        words.append(text)
    return words


def texts(markdown: str) -> Iterator[str]:
    """What a reader of Markdown sees, block by block."""
    for token in _MARKDOWN.parse(markdown):
        if token.type == "inline":
            yield "".join(_inline(token.children or ()))
        elif token.type in ("fence", "code_block"):
            yield token.content
        elif token.type == "html_block":
            yield _without_tags(token.content)
        elif token.type == "list_item_open":
            yield token.info


def split(text: str) -> list[str]:
    """Words without what stands between them, in lower case, letters in their compatibility forms."""
    return _WORD.findall(unicodedata.normalize("NFKC", text.replace("\u00ad", "")).lower())


def _inline(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "html_inline":
            yield " " if _LINE_BREAK.match(token.content) else ""
        elif token.type == "image":
            yield token.content
        else:
            yield token.content


def _without_tags(text: str) -> str:
    return html.unescape(_TAG.sub("", _LINE_BREAK.sub(" ", text)))


def _ways(words: Sequence[str]) -> Iterator[list[list[str]]]:
    """For each word, or two that a hyphen parts, the ways in which it may be written."""
    place = 0
    while place < len(words):
        word = words[place]
        after = words[place + 1] if place + 1 < len(words) else ""
        if word.endswith(("-", "‐", "\u00ad")) and len(word) > 1 and after[:1].isalpha():
            yield [split(word[:-1] + after), split(word) + split(after)]
            place += 2
            continue
        if parts := split(word):
            yield [parts]
        place += 1


def _account_cut(heads: set[str], whole: Counter[str], ends: Counter[str]) -> None:
    """Take away, on both sides, words that the end of a page or a column has cut; `heads` have a hyphen there."""
    for word in list(whole):
        for length in range(1, len(word)):
            if word[:length] in heads and ends[word[length:]] > 0 and whole[word] > 0:
                whole[word] -= 1
                ends[word[length:]] -= 1
                if ends[word[:length]] > 0:
                    ends[word[:length]] -= 1


def _account(whole: Counter[str], parts: Counter[str], text: Sequence[str]) -> Iterator[str]:
    """Take away, on both sides, words of `whole` that stand in `text` with blanks in them."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(text):
        places.setdefault(word, []).append(place)
    for word in list(whole):
        for length in range(1, len(word)):
            for place in places.get(word[:length], ()):
                if whole[word] <= 0:
                    break
                pieces = _pieces(word, text, place)
                if pieces and any(parts[piece] > 0 for piece in pieces):
                    whole[word] -= 1
                    parts.subtract(Counter(pieces) & +parts)
                    yield " ".join(pieces)


def _pieces(word: str, text: Sequence[str], place: int) -> list[str]:
    """The words from `place` on that make up `word`, if they do."""
    joined = ""
    for end in range(place, min(len(text), place + _WINDOW)):
        joined += text[end]
        if joined == word:
            return list(text[place : end + 1])
        if not word.startswith(joined):
            break
    return []


def convert(files: list[Path], home: Path, structure: Structure, skip: tuple[RefineStep, ...]) -> list[Job]:
    """Convert everything and return the finished jobs, in order."""
    settings = make_settings(
        home,
        num_workers=2,
        formats=("md", "json"),
        ocr=OcrMode.NEVER,
        images=False,
        refine=True,
        page_header=True,
        page_footer=True,
        page_timeout=_PAGE_TIMEOUT_S,
        structure=structure,
        skip_steps=skip,
        hidden_text=HiddenText.KEEP,  # what is on a page is counted without looking at it
    )
    with Engine(settings, watch=False) as engine:
        ids = [job.id for job in engine.submit_many(files)]
        engine.wait_until_idle()
        return [engine.job(job_id).job for job_id in ids]


def measure(file: Path, job: Job) -> tuple[Recall, int] | None:
    """How the words of a converted document came through, and how many of them are furniture; None without output."""
    if job.output is None:
        return None
    folder = Path(os.fsdecode(job.output))
    (markdown,) = folder.glob("*.md")
    with pymupdf.open(file, filetype="pdf") as document:
        pages = [page_words(page) for page in document]
    boxes = _boxes(folder)
    furniture = sum(len(split(box.get("text") or "")) for box in boxes if box["boxclass"] in _FURNITURE)
    return compare(pages, markdown.read_text(encoding="utf-8"), _repeated(boxes)), furniture


def _boxes(folder: Path) -> list[dict[str, Any]]:
    files = [file for file in folder.glob("*.json") if file.name != "manifest.json"]
    pages = json.loads(files[0].read_text(encoding="utf-8"))["pages"] if files else []
    return [box for page in pages for box in page["boxes"]]


def _repeated(boxes: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    """The heads of tables, which are on every page of one, and the letter that word processors have for a bullet."""
    for box in boxes:
        for row in box.get("table") or ():
            if all(cell.get("header") for cell in row):
                yield [word for cell in row for word in split(cell["text"])]
        if box["boxclass"] == "list-item" and not box.get("label", "").strip("().").isalnum():
            yield ["o"]


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recall", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--least", type=float, default=_LEAST, help="share of its words that a document must have")
    parser.add_argument("--structure", type=Structure, choices=list(Structure), default=Structure.AUTO)
    parser.add_argument("--skip", type=RefineStep, choices=list(RefineStep), action="append", default=[])
    arguments = parser.parse_args()
    files = sorted(f.absolute() for f in arguments.folder.rglob("*") if f.suffix.lower() == ".pdf" and f.is_file())
    if not files:
        parser.error(f"{arguments.folder}: there is no PDF in it")
    words = missing = extra = furniture = below = measured = 0
    with tempfile.TemporaryDirectory(prefix="hotfolio-recall-") as home:
        jobs = convert(files, Path(home), arguments.structure, tuple(arguments.skip))
        for file, job in zip(files, jobs, strict=True):
            name = display_name(file.relative_to(arguments.folder.absolute()))
            try:
                result = measure(file, job)
            except Exception as error:  # noqa: BLE001 - MuPDF may raise anything on a damaged file
                print(f"{name}: cannot be compared: {display_text(str(error))}")
                continue
            if result is None:
                print(f"{name}: {job.state}: {job.reason}")
                continue
            recall, left_out = result
            if not recall.words:
                continue
            print(
                f"{recall.share:7.2%} {recall.words:7,} words {len(recall.missing):5,} missing"
                f" {len(recall.extra):5,} more {left_out:5,} furniture  {name}",
                flush=True,
            )
            _list("missing", recall.missing)
            _list("more", recall.extra)
            _list("respaced", recall.respaced)
            measured += 1
            below += recall.share < arguments.least
            words, missing = words + recall.words, missing + len(recall.missing)
            extra, furniture = extra + len(recall.extra), furniture + left_out
    print(
        f"{measured} documents with {words:,} words: {1 - missing / max(1, words):.3%} found, {missing:,} missing, "
        f"{extra:,} more than on the pages, {furniture:,} in running heads and feet; "
        f"{below} documents below {arguments.least:.1%}"
    )
    return int(below > 0)


def _list(what: str, words: Sequence[str]) -> None:
    if words:
        rest = f" and {len(words) - _SHOWN:,} others" if len(words) > _SHOWN else ""
        print(f"          {what}: {' '.join(map(display_text, words[:_SHOWN]))}{rest}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
