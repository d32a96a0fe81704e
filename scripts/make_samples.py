"""Make the three PDFs that ship in `input/`, the same bytes every time: `python scripts/make_samples.py`."""

import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pymupdf
from PIL import Image, ImageDraw, ImageFilter

INPUT = Path(__file__).parents[1] / "input"

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 72
_BOTTOM = _HEIGHT - 80
Colour = tuple[float, float, float]
_INK, _BLUE, _PALE, _GREY = (0.12, 0.14, 0.18), (0.16, 0.38, 0.62), (0.91, 0.94, 0.98), (0.55, 0.58, 0.62)
# The fonts that need no embedding are written in WinAnsi, where this is U+2022.
_BULLET = "\x95"


class Sheets:
    """A document that is written from top to bottom."""

    def __init__(self) -> None:
        self.doc = pymupdf.open()
        self.outline: list[tuple[int, str, int]] = []
        self.new_page()

    def new_page(self) -> None:
        """Go on at the top of a new page."""
        self.page = self.doc.new_page(width=_WIDTH, height=_HEIGHT)
        self.y = float(_MARGIN)

    def heading(self, level: int, text: str) -> None:
        """Write a heading and enter it in the outline."""
        size = {1: 24, 2: 15}[level]
        self.y += 8 * (self.y > _MARGIN)
        self.outline.append((level, text, self.doc.page_count))
        self.text(text, size=size, font="hebo", color=_BLUE, gap=8)

    def text(
        self,
        text: str,
        *,
        size: float = 11,
        font: str = "helv",
        color: Colour = _INK,
        indent: float = 0,
        gap: float = 9,
    ) -> None:
        """Write a paragraph, its lines after the first indented, on a new page where this one is full."""
        line = ""
        left, room = float(_MARGIN), float(_WIDTH - 2 * _MARGIN)
        # The newline stands for no word: it sends off the last line.
        for word in [*text.split(), "\n"]:
            longer = f"{line} {word}".lstrip()
            if word != "\n" and pymupdf.get_text_length(longer, font, size) <= room:
                line = longer
                continue
            if self.y + size > _BOTTOM:
                self.new_page()
            self.page.insert_text((left, self.y + size), line, fontsize=size, fontname=font, color=color)
            self.y += size * 1.4
            line, left, room = word, _MARGIN + indent, _WIDTH - 2 * _MARGIN - indent
        self.y += gap

    def table(self, rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        """Draw a ruled table whose first row is its head."""
        for row, cells in enumerate(rows):
            x = float(_MARGIN)
            for width, cell in zip(widths, cells, strict=True):
                box = (x, self.y, x + width, self.y + 21)
                self.page.draw_rect(box, color=_GREY, fill=None if row else _PALE, width=0.6)
                font = "helv" if row else "hebo"
                self.page.insert_text((x + 6, self.y + 14), cell, fontsize=10, fontname=font, color=_INK)
                x += width
            self.y += 21
        self.y += 14

    def chart(self, title: str, bars: Sequence[tuple[str, int]]) -> None:
        """Draw a bar chart with a title."""
        self.text(title, size=10, font="hebo", gap=4)
        height, step = 130, (_WIDTH - 2 * _MARGIN) / len(bars)
        floor = self.y + height + 14
        highest = max(value for _, value in bars)
        for place, (label, value) in enumerate(bars):
            x = _MARGIN + step * place
            top = floor - height * value / highest
            self.page.draw_rect((x + 5, top, x + step - 5, floor), color=None, fill=_BLUE)
            self.page.insert_text((x + 7, top - 3), str(value), fontsize=8, color=_INK)
            self.page.insert_text((x + 7, floor + 11), label, fontsize=8, color=_INK)
        self.page.draw_line((_MARGIN, floor), (_WIDTH - _MARGIN, floor), color=_GREY, width=0.8)
        self.y = floor + 26

    def picture(self, data: bytes, height: float, caption: str) -> None:
        """Place a picture over the width of the text, and its caption below."""
        self.page.insert_image((_MARGIN, self.y, _WIDTH - _MARGIN, self.y + height), stream=data)
        self.y += height + 5
        self.text(caption, size=9, font="heit", color=_GREY, gap=12)

    def finish(self, title: str) -> bytes:
        """Number the pages and return the PDF."""
        for number, page in enumerate(self.doc, 1):
            count = f"{number} / {self.doc.page_count}"
            right = _WIDTH - _MARGIN - pymupdf.get_text_length(count, fontsize=9)
            for x, text in ((_MARGIN, title), (right, count)):
                page.insert_text((x, _HEIGHT - 44), text, fontsize=9, color=_GREY)
            # One stream a page in place of one a line is a sixth of the size.
            page.clean_contents()
        self.doc.set_toc([list(entry) for entry in self.outline])
        return _pdf(self.doc, title)


_WELCOME = """\
# Welcome to hotfolio

hotfolio watches a folder. Every PDF you drop into it is turned into Markdown, with its headings, lists, tables
and pictures, and you can follow the work on one screen. This document is itself such a PDF: it was waiting in
input/ when you started the program.

!PDFs go in on the left, Markdown comes out on the right.

## Your first conversion

1. Copy a PDF into the folder input/, or into any folder below it.
2. Wait a moment. hotfolio makes sure that the file has arrived in full before it begins.
3. Watch the pages count up on the dashboard.
4. Look in the folder output/, which mirrors the input, and open the Markdown you find there.

There is no need to hurry, and no need to drop files one at a time. A thousand at once are fine: they line up
in a queue, and several are converted side by side.

---

## The keys you need

Select a document with the arrow keys. Then one key is enough:

|Key|What it does|When it helps
|enter|Shows the detail|You wonder what a document is doing
|x|Cancels|It was the wrong file
|+|Raises the priority|This one is needed first
|-|Lowers the priority|This one can wait
|p|Holds, or lets go again|Not now, but do not forget it

## What you get

- Markdown that reads in the order in which a person would read the page.
- Pictures as files of their own, in a folder images/ beside the Markdown and linked from it.
- Text even from scans, by optical character recognition. The third sample in this folder is such a scan.
- If you ask for them, plain text, JSON and pictures of the pages as well.

## When something goes wrong

Some PDFs are damaged, some are locked with a password, and some are not PDFs at all. Such a document is marked
as failed with a sentence that says why, and the queue goes on with the next. A single bad page does not spoil
the rest either: the good pages are kept and the document is marked as partial.

You can stop the program whenever you like. What was finished stays finished, and the queue is still there when
you come back.

## Next

The second sample is an annual report of 40 pages, long enough to try the keys on. When you have seen enough,
delete the three samples and bring your own. Have fun!
"""


def welcome() -> bytes:
    """What hotfolio does and which keys to press."""
    sheets = Sheets()
    for block in _WELCOME.split("\n\n"):
        lines = block.splitlines()
        mark, _, rest = block.partition(" ")
        if mark in ("#", "##"):
            sheets.heading(len(mark), rest)
        elif mark in ("-", "1."):
            for line in lines:
                sheets.text(line.replace("- ", f"{_BULLET} "), indent=10, gap=4)
            sheets.y += 6
        elif block.startswith("|"):
            sheets.table([line[1:].split("|") for line in lines], (70, 161, 220))
        elif block.startswith("!"):
            sheets.picture(_illustration(), 170, block[1:])
        elif block == "---":
            sheets.new_page()
        else:
            sheets.text(block)
    return sheets.finish("Welcome to hotfolio")


_CHAPTERS = (
    ("Members", ("Who joined", "Who stayed", "What members told us"), "new members, family cards, renewals"),
    ("The collection", ("Hand tools", "Power tools", "Garden tools"), "tools, sets of drills, garden machines"),
    ("Lending", ("At the counter", "Reservations", "Returns"), "loans, reservations, late returns"),
    ("Repairs", ("The workbench", "Spare parts", "Beyond repair"), "repairs, spare parts, safety checks"),
    ("Courses", ("Beginners", "Evening courses", "Teaching at schools"), "courses, evening classes, visitors"),
    ("Volunteers", ("Shifts", "Training", "Thanks"), "volunteer shifts, training hours, helpers"),
    ("Branches", ("Harbour branch", "Hill branch", "The van"), "opening hours, branch visits, van stops"),
    ("Buildings", ("The roof", "The store", "Access for all"), "storage shelves, work days, small fixes"),
    ("Energy", ("Heating", "Light", "The solar roof"), "units of power, lamps, metered hours"),
    ("Neighbours", ("Street fairs", "Shared workshops", "Clubs"), "fair visitors, shared projects, guests"),
    ("Finance", ("Income", "Spending", "Reserves"), "gifts, invoices, membership fees"),
    ("The year ahead", ("Plans", "Risks", "What we ask for"), "planned courses, new shelves, open days"),
)
_MONTHS = ("January", "March", "April", "May", "June", "August", "September", "October", "November")
_SENTENCES = (
    "In {month} we counted {n} {things}, which is {p} percent more than a year before.",
    "The number of {things} rose to {n}, and most of the rise came after {month}.",
    "We had planned for {n} {things} and reached nine out of ten of them.",
    "Nobody expected {things} to matter so much this year, but they did.",
    "The {place} took the largest share, with {n} {things} of its own.",
    "Behind these figures is a simple change: since {month} the counter opens an hour earlier.",
    "A survey in {month} drew {n} answers, and {p} percent of them were content.",
    "Where the figures fell, the weather explains part of it and the closed road in {month} the rest.",
    "For {things}, the cost per head went down by {p} percent.",
    "The committee looked at {things} twice, in {month} and at the end of the year.",
    "One lesson is worth writing down: a short list that is kept is better than a long one that is not.",
    "The {place} tried another way and found that it saved {n} hours over the year.",
    "This is the third year in which {things} are counted in the same way, so the trend can be trusted.",
    "Complaints were few, {p} in all, and each of them was answered within a week.",
    "We thank everybody who made {n} {things} possible with so little money.",
    "It would be wrong to read too much into one good month, even one as good as {month}.",
    "Of the {things} recorded, about {p} percent were first seen at the {place}.",
    "The old paper forms were given up in {month}, and nobody has missed them.",
    "Next year we expect about {n} {things}, a careful guess that allows for a slow spring.",
    "What remains open is whether the {place} can carry more {things} without more room.",
    "A small reserve was set aside in {month} for the days when everything breaks at once.",
    "Compared with the plan, {things} came in {p} percent higher.",
    "The waiting time fell from {p} days to three, which visitors noticed at once.",
    "There were {n} {things} in the first half of the year and a few more in the second.",
)


def annual_report() -> bytes:
    """Forty pages of a society that does not exist."""
    choose = random.Random(9)
    sheets = Sheets()
    sheets.y = 250
    sheets.heading(1, "Annual report")
    sheets.text("The Exampleton Tool Library in its ninth year", size=16, gap=30)
    sheets.text("Presented to the members at the general meeting", font="heit", color=_GREY)
    sheets.new_page()
    sheets.heading(1, "Contents")
    for number, (title, sections, _) in enumerate(_CHAPTERS):
        sheets.text(f"{title}, page {4 + 3 * number}", font="hebo", gap=2)
        sheets.text(", ".join(sections), indent=10)
    sheets.new_page()
    sheets.heading(1, "Foreword")
    _fill(sheets, _sentences(choose, ("loans", "members", "courses")))
    for number, (title, sections, things) in enumerate(_CHAPTERS):
        names = things.split(", ")
        sentences = _sentences(choose, names)
        for part, section in enumerate(sections):
            sheets.new_page()
            if part == 0:
                sheets.heading(1, f"{number + 1} {title}")
            sheets.heading(2, f"{number + 1}.{part + 1} {section}")
            sheets.text(" ".join(next(sentences) for _ in range(4)))
            if part == 1:
                rows = [(name.capitalize(), *_figures(choose)) for name in (*names, "Other")]
                sheets.table([("", "Year 7", "Year 8", "Year 9"), *rows], (181, 90, 90, 90))
            if part == 2 and number % 2 == 0:
                bars = [(month[:3], choose.randint(40, 260)) for month in _MONTHS]
                sheets.chart(f"{names[0].capitalize()} by month", bars)
            _fill(sheets, sentences)
    sheets.new_page()
    sheets.heading(1, "Notes on the figures")
    _fill(sheets, _sentences(choose, ("figures", "counts", "records")))
    return sheets.finish("Annual report")


_LETTER = """\
Dear neighbour,

thank you for the box of hand planes that you left at our counter last week. We have cleaned and sharpened all
seven, and five of them are already on the shelf for everybody to borrow.

You asked whether we could use the old workbench as well. We would be glad to have it. Two of our volunteers
can come with the van on any Saturday morning, if you tell us which one suits you.

The bench will stand in the room for beginners, where the light is best. Please come and see it there: the
evening course starts on the first Tuesday of November, and a place is kept for you.

With kind regards,

The workshop committee
"""


def scanned_letter() -> bytes:
    """One page that is only the picture of a letter, a little noisy and not quite straight."""
    sheets = Sheets()
    sheets.y = 110
    for line in ("Exampleton Tool Library", "The workshop", "12 October"):
        sheets.text(line, size=13, font="tiro", gap=0)
    sheets.y += 40
    for paragraph in _LETTER.split("\n\n"):
        sheets.text(paragraph, size=13, font="tiro", gap=16)
    pixmap = sheets.page.get_pixmap(dpi=150, colorspace=pymupdf.csGRAY)
    paper = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    paper = paper.rotate(0.5, Image.Resampling.BICUBIC, fillcolor=255)
    noise = Image.frombytes("L", paper.size, random.Random(4).randbytes(paper.width * paper.height))
    paper = Image.blend(paper, noise.filter(ImageFilter.GaussianBlur(0.8)), 0.12)
    doc = pymupdf.open()
    page = doc.new_page(width=_WIDTH, height=_HEIGHT)
    page.insert_image(page.rect, stream=_encoded(paper, "JPEG"))
    return _pdf(doc, "Scanned letter")


def _sentences(choose: random.Random, things: Sequence[str]) -> Iterator[str]:
    """Sentences about these things without end, each kind once before any comes again."""
    while True:
        for sentence in choose.sample(_SENTENCES, len(_SENTENCES)):
            yield sentence.format(
                month=choose.choice(_MONTHS),
                n=choose.randint(12, 980),
                p=choose.randint(4, 38),
                place=choose.choice(("harbour branch", "hill branch", "van", "main counter")),
                things=choose.choice(things),
            )


def _fill(sheets: Sheets, sentences: Iterator[str]) -> None:
    """Write paragraphs until the page is nearly full."""
    while sheets.y < _BOTTOM - 110:
        sheets.text(" ".join(next(sentences) for _ in range(4)))


def _figures(choose: random.Random) -> list[str]:
    """Three years of a count that grows a little, or shrinks."""
    first = choose.randint(80, 1400)
    return [str(first * percent // 100) for percent in (100, choose.randint(92, 118), choose.randint(98, 135))]


def _illustration() -> bytes:
    """Two folders and the sheets that go from one to the other, drawn large for smooth edges."""
    image = Image.new("RGB", (1804, 680), (226, 235, 246))
    draw = ImageDraw.Draw(image)
    for x, colour in ((160, (41, 97, 158)), (1244, (54, 133, 98))):
        draw.rounded_rectangle((x, 170, x + 180, 300), 24, fill=colour)
        draw.rounded_rectangle((x, 210, x + 400, 510), 24, fill=colour)
    # Blank sheets in pale colours: with lines on them, OCR takes each for a Chinese character.
    for x, y in ((640, 300), (830, 250), (1020, 300)):
        draw.polygon(((x, y), (x + 95, y), (x + 140, y + 45), (x + 140, y + 190), (x, y + 190)), fill="white")
        draw.polygon(((x + 95, y), (x + 95, y + 45), (x + 140, y + 45)), fill=(200, 214, 232))
    return _encoded(image.resize((902, 340), Image.Resampling.LANCZOS), "PNG")


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=50)
    return buffer.getvalue()


def _pdf(doc: pymupdf.Document, title: str) -> bytes:
    doc.set_metadata({"title": title})
    data: bytes = doc.tobytes(garbage=3, deflate=True, no_new_id=True)
    return data


def main() -> None:
    """Write the samples."""
    samples = {
        "01 welcome.pdf": welcome(),
        "02 annual report.pdf": annual_report(),
        "03 scanned letter.pdf": scanned_letter(),
    }
    for name, data in samples.items():
        (INPUT / name).write_bytes(data)


if __name__ == "__main__":
    main()
