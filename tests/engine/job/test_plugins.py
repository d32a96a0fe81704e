"""What is known of plug-ins without loading one: rows, what is refused, and when anything is looked for at all."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.job import formats, plugins
from engine.job.formats import OTHER, MadeOf
from engine.job.options import ConvertOptions
from engine.job.plugins import NotOffered, Seam
from engine.settings.loading import load_settings
from tests.plugins.installing import install
from tests.plugins.installing import site as site

OWN = f"hotfolio {version('hotfolio')}"


def test_hotfolios_own_come_in_by_the_same_door() -> None:
    assert formats.names()[:3] == ("md", "txt", "json")
    chunks = formats.find("chunks")
    assert chunks is not None
    assert (chunks.suffix, chunks.media_type, chunks.made_of) == (
        "chunks.jsonl",
        "application/x-ndjson",
        MadeOf.BLOCKS,
    )
    assert [name for name in formats.names() if (row := formats.find(name)) and row.is_picture] == [
        "png", "jpg", "webp", "tiff", "thumbnails"
    ]  # fmt: skip
    assert list(plugins.own(Seam.OCR)) == ["rapidocr", "tesseract"]
    assert all(offer.is_own for offer in plugins.own(Seam.READER).values())


def test_a_row_has_what_its_entry_point_says(site: Path) -> None:
    entries = {
        "alto": "there:Alto [v1, page, suffix.alto.xml, application.xml]",
        "rst": "there:Rst [ v1 , text.x-rst ]",
        "plain": "there:Plain [v1]",
    }
    install(site, "hotfolio-there", {"hotfolio.format": entries})
    rows = [formats.find(name) for name in entries]
    assert [(r.suffix, r.media_type, r.made_of) for r in rows if r] == [
        ("alto.xml", OTHER, MadeOf.PAGE),  # browsers run XML
        ("rst", "text/x-rst; charset=utf-8", MadeOf.BLOCKS),
        ("plain", OTHER, MadeOf.BLOCKS),
    ]
    options = load_settings({"formats": "png,rst,alto"}).settings.convert_options
    assert (options.text_formats, options.formats_made_of(MadeOf.PAGE)) == (("rst",), ("png", "alto"))
    assert [offer.key for offer in options.plugins] == ["hotfolio.format:rst", "hotfolio.format:alto"]
    assert "there" not in sys.modules


@pytest.mark.parametrize(
    ("seam", "name", "value", "why"),
    [
        (Seam.FORMAT, "md", "a:B [v1]", f"cannot have a format called md, since {OWN} has one."),
        (Seam.OCR, "auto", "a:B [v1]", "cannot have a OCR engine called auto, which means something else."),
        (Seam.READER, "x", "a:B [v2]", "has made its reader x for version 2 of plug-ins, and this is version 1."),
        (Seam.READER, "x", "a:B", "does not say which version of plug-ins its reader x is made for, as in [v1]."),
        (Seam.FORMAT, "x", "a [v1]", "does not say what is to be loaded for its format x."),
        (Seam.FORMAT, "x", "a:B [v1, blok]", "says of its format x what is not known here: blok."),
        (Seam.FORMAT, "Big/x", "a:B [v1]", "has a format with a name that cannot be used (Big/x)."),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(site: Path, seam: Seam, name: str, value: str, why: str) -> None:
    install(site, "hotfolio-x", {seam: {name: value}})
    assert plugins.problems() == (f"hotfolio-x 0.1 {why}",)
    assert not plugins.plugins()


def test_of_two_plug_ins_by_one_name_the_later_is_refused(site: Path) -> None:
    install(site, "hotfolio-b", {"hotfolio.reader": {"x": "b:B [v1]"}})
    install(site, "hotfolio-a", {"hotfolio.reader": {"x": "a:A [v1]"}})
    assert [offer.label for offer in plugins.plugins()] == ["hotfolio-a 0.1"]
    assert plugins.problems() == ("hotfolio-b 0.1 cannot have a reader called x, since hotfolio-a 0.1 has one.",)


def test_a_distribution_that_cannot_be_read_costs_no_other(site: Path) -> None:
    install(site, "hotfolio-b", {"hotfolio.reader": {"x": "b:B [v1]"}})
    install(site, "hotfolio-c", {"hotfolio.reader": {"y": "c:C [v1]"}})
    (site / "hotfolio_c-0.1.dist-info" / "entry_points.txt").write_bytes(b"[hotfolio.reader]\n\xff\xfe")
    assert [offer.name for offer in plugins.plugins()] == ["x"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("formats", "there is no format nope; there is md, txt"),
        ("reader", "there is no reader nope; there is standard"),
        ("ocr_engine", "there is no OCR engine nope; there is auto, rapidocr, tesseract"),
    ],
)
def test_an_unknown_name_is_a_sentence_that_names_what_there_is(setting: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({setting: "nope"})
    assert f"{setting}: {words}" in str(caught.value)


def test_a_name_that_was_refused_says_why(site: Path) -> None:
    install(site, "hotfolio-x", {"hotfolio.reader": {"x": "a:B [v2]"}})
    with pytest.raises(NotOffered, match=r"^hotfolio-x 0\.1 has made its reader x for version 2"):
        plugins.require(Seam.READER, ["x"])


def test_a_queue_can_be_read_when_a_plug_in_is_gone() -> None:
    options = ConvertOptions.model_validate_json('{"formats": ["md", "gone"], "reader": "gone", "ocr_engine": "gone"}')
    assert (options.text_formats, options.plugins) == (("md",), ())


def test_nothing_is_looked_for_until_a_plug_in_is_named() -> None:
    program = """
import importlib.metadata
from engine.job import plugins
from engine.settings.loading import load_settings
def refuse(*args, **kwargs):
    raise AssertionError("it has looked through everything that is installed")
importlib.metadata.distributions = refuse  # not before: Pydantic looks for plug-ins of its own
options = load_settings({"formats": "md,png", "ocr_engine": "tesseract"}).settings.convert_options
assert options.text_formats == ("md",) and not options.plugins
"""
    subprocess.run([sys.executable, "-c", program], check=True)
