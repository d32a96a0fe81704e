"""Scans made from known text, and how well a page of them was read."""

import io
import random
import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image

from engine.convert.open.context import PageContext
from engine.convert.open.document import open_document
from engine.convert.read import reading
from engine.job.options import ConvertOptions

WIDTH, HEIGHT = 420.0, 300.0
_WORDS = [
    "the", "of", "and", "to", "in", "that", "is", "was", "for", "as", "with", "his", "by", "he", "on", "at",
    "from", "have", "this", "which", "or", "had", "were", "not", "but", "an", "they", "one", "their", "been",
    "would", "more", "when", "who", "will", "there", "can", "about", "time", "only", "other", "new", "some",
    "could", "these", "may", "first", "then", "any", "my", "now", "such", "like", "our", "over", "man", "even",
    "most", "made", "after", "also", "many", "before", "must", "through", "back", "years", "where", "much",
    "your", "way", "well", "down", "should", "because", "each", "just", "those", "people", "too", "little",
    "state", "good", "very", "make", "world", "still", "own", "see", "men", "work", "long", "get", "here",
    "between", "both", "life", "being", "under", "never", "day", "same", "another", "know", "while", "last",
    "might", "great", "old", "year", "against", "came", "right", "used", "take", "three", "house", "country",
    "government", "service", "national", "history", "several", "question", "business", "development", "company",
    "problem", "important", "public", "available", "university", "experience", "community", "education",
    "international", "organization",
]  # fmt: skip


def prose(words: int, seed: int = 1) -> str:
    """Plain sentences with capitals, commas and numbers."""
    chance = random.Random(seed)
    result = []
    for number in range(words):
        word = str(chance.randint(10, 9999)) if number % 23 == 5 else chance.choice(_WORDS)
        word = word.capitalize() if number % 11 == 0 else word
        result.append(word + (". " if number % 11 == 10 else ", " if number % 7 == 3 else " ").strip())
    return " ".join(result)


def printed(text: str, *, columns: int = 1, size: float = 9.5, font: str = "tiro") -> pymupdf.Document:
    """A page of 420 by 300 points with text in columns."""
    document = pymupdf.open()
    page = document.new_page(width=WIDTH, height=HEIGHT)
    words = text.split()
    share = -(-len(words) // columns)
    width = (WIDTH - 60 - 25 * (columns - 1)) / columns
    for column in range(columns):
        left = 30 + column * (width + 25)
        rest = page.insert_textbox(
            (left, 30, left + width, HEIGHT - 20),
            " ".join(words[column * share : (column + 1) * share]),
            fontsize=size,
            fontname=font,
        )
        assert rest >= 0, "the text does not fit"
    return document


def photographed(document: pymupdf.Document, *, dpi: int = 200) -> Image.Image:
    """Its first page, in shades of grey."""
    pixmap = document[0].get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    return Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)


def scan(image: Image.Image, *, dpi: int = 200, quality: int = 80, rotate: int = 0) -> pymupdf.Document:
    """A page that is nothing but a picture; `rotate` is the page's own rotation."""
    document = pymupdf.open()
    page = document.new_page(width=image.width * 72 / dpi, height=image.height * 72 / dpi)
    page.insert_image(page.rect, stream=encoded(image, quality))
    page.set_rotation(rotate)
    return document


def encoded(image: Image.Image, quality: int = 80) -> bytes:
    """As JPEG."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def noisy(image: Image.Image, *, white: int = 255, black: int = 0, noise: float = 0.0) -> Image.Image:
    """On paper and in ink of these shades, with grain."""
    values = black + np.asarray(image, np.float64) / 255 * (white - black)
    values += np.random.default_rng(1).normal(0, noise or 1e-9, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def read(document: pymupdf.Document, folder: Path, **options: object) -> tuple[PageContext, list[str]]:
    """The first page as it is read, and the texts of its blocks."""
    file = folder / "scan.pdf"
    document.save(file)
    chosen = ConvertOptions.model_validate({"images": False, **options})
    page = PageContext(open_document(file, file.name, chosen, None), 1, chosen, False, Path(), lambda: None)
    page.model = reading.read(page)
    page.document.close()
    return page, [block.text for block in page.model.blocks.blocks]


def recall(known: str, found: Sequence[str]) -> float:
    """The share of known words that were found, each as often as it is there."""
    wanted, got = Counter(re.findall(r"\w+", known.lower())), Counter(re.findall(r"\w+", " ".join(found).lower()))
    return sum((wanted & got).values()) / sum(wanted.values())


def order(known: str, found: Sequence[str]) -> float:
    """How alike two texts are as sequences of words, from 0 to 1."""
    return SequenceMatcher(None, known.split(), " ".join(found).split(), autojunk=False).ratio()
