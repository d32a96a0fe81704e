"""What docling-serve's options mean to hotfolio; docs/api.md has the table.

Whatever is asked for and there is not is told in a sentence, and has no other effect. It is refused instead where the
answer would be one that the client cannot read.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.base.safetext import display_name
from engine.job.formats import Format
from engine.job.options import ConvertOptions, OcrEngineName, OcrMode
from engine.job.pageranges import canonical_ranges
from engine.server.docling.pictureplaces import MODES, PLACEHOLDER
from engine.server.documents.tasks import TaskRecord

FORMATS = {"md": Format.MD, "json": Format.DOCLING, "text": Format.TXT, "html": Format.HTML}
"""docling-serve's words for what it makes, and its answers have a place for."""
_TRUE = frozenset({"true", "1", "yes", "on", "y", "t"})
_FALSE = frozenset({"false", "0", "no", "off", "n", "f"})
_NOT_GIVEN = frozenset({"", "null", "none", "[]", "{}"})
_SHOWN = 40
"""Characters of a value that a sentence repeats."""
_MOST_UNMET = 60
_LONGEST_BREAK = 500

_BASE_DPI = 72
_DEFAULT_SCALE = 2.0
"""What docling-serve's clients send when nobody has chosen a scale."""
_LONGEST_TIMEOUT_S = 604_800
"""docling-serve's own limit, which its clients send when nobody has chosen one."""
_ALL_PAGES = re.compile(r"[0-9]{7,20}")
"""A last page that no document has, as in docling-serve's default."""
_LANGUAGES = {
    "en": "eng",
    "english": "eng",
    "ch": "chi_sim",
    "ch_sim": "chi_sim",
    "ch_tra": "chi_tra",
    "zh": "chi_sim",
    "chinese": "chi_sim",
    "ja": "jpn",
    "japan": "jpn",
    "ko": "kor",
    "korean": "kor",
    "de": "deu",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "pt": "por",
    "nl": "nld",
    "pl": "pol",
    "ru": "rus",
    "uk": "ukr",
}
"""Names that docling's engines have for languages, and Tesseract's own."""
_ENGINES = {
    "auto": OcrEngineName.AUTO,
    "default": OcrEngineName.AUTO,
    "rapidocr": OcrEngineName.RAPIDOCR,
    "tesseract": OcrEngineName.TESSERACT,
    "tesserocr": OcrEngineName.TESSERACT,
}

_NO_MODEL = "hotfolio runs no model for that"
_FIXED: dict[str, tuple[frozenset[str], str]] = {
    "pipeline": (frozenset({"standard"}), "hotfolio has one way to read PDFs"),
    "pdf_backend": (frozenset(), "hotfolio reads PDFs with PyMuPDF"),
    "table_mode": (frozenset({"accurate"}), "hotfolio has one way to read tables"),
    "do_table_structure": (_TRUE, "hotfolio always reads the structure of tables"),
    "table_cell_matching": (_TRUE, "hotfolio takes the text of table cells from the PDF"),
    "abort_on_error": (_FALSE, "a page that fails is left out, and the others are converted"),
    "do_code_enrichment": (_FALSE, _NO_MODEL),
    "do_formula_enrichment": (_FALSE, _NO_MODEL),
    "do_picture_classification": (_FALSE, _NO_MODEL),
    "do_picture_description": (_FALSE, _NO_MODEL),
    "do_chart_extraction": (_FALSE, _NO_MODEL),
    "vlm_pipeline_preset": (frozenset({"default"}), _NO_MODEL),
    "picture_description_preset": (frozenset({"default"}), _NO_MODEL),
    "code_formula_preset": (frozenset({"default"}), _NO_MODEL),
}
"""Options with one value that is what hotfolio does anyway: which it is, and why nothing else is had."""
_MEANS_NOTHING_ALONE = frozenset({"picture_description_area_threshold"})
"""Only says how to do something else, which has an answer of its own."""


class OptionRefused(Exception):
    """A client could do nothing with an answer that is not of the shape it has asked for; `str()` is a sentence.

    docling's own client (2.143) asks for a target of one kind first, and then for another if the refusal is a text that
    names the first and holds "input should be", or one of four other phrases.
    """


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of the documents of a request."""

    options: ConvertOptions
    record: TaskRecord


def read_order(fields: Mapping[str, Sequence[str]], defaults: ConvertOptions) -> Order:
    """Understand form fields, given once or more often; what is not asked for is as in `defaults`.

    Raises `OptionRefused` for what would change the shape of the answer.
    """
    given = Given(fields)
    as_zip = _as_zip(given)
    pictures = _picture_mode(given)
    changes = {"formats": _formats(given), "ocr": _ocr(given, defaults.ocr), "images": pictures != PLACEHOLDER}
    changes |= _scale(given) | _pages(given) | _languages(given) | _engine(given)
    page_break = given.page_break()
    _note_what_there_is_not(given)
    options = ConvertOptions.model_validate({**defaults.model_dump(), **changes})
    if page_break and Format.MD not in options.formats:
        given.unmet.append("md_page_break_placeholder has no effect without md in to_formats.")
    unmet = given.unmet
    if len(unmet) > _MOST_UNMET:
        unmet = [*unmet[:_MOST_UNMET], f"{len(unmet) - _MOST_UNMET} more things asked for have no effect."]
    return Order(options, TaskRecord(as_zip=as_zip, page_break=page_break, pictures=pictures, unmet=tuple(unmet)))


@dataclass(slots=True)
class Given:
    """The fields of a request, taken out one by one."""

    fields: Mapping[str, Sequence[str]]
    unmet: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def values(self, name: str) -> list[str]:
        """The values that say something."""
        self._taken.add(name)
        return [text for v in self.fields.get(name, ()) if (text := v.strip()).casefold() not in _NOT_GIVEN]

    def words(self, name: str) -> list[str]:
        """The words in a list, however it was put: repeated, with commas, or as JSON."""
        return [word for value in self.values(name) for word in re.split(r"[^\w.+-]+", value.casefold()) if word]

    def text(self, name: str) -> str | None:
        """The last value, as a form's fields override each other."""
        values = self.values(name)
        return values[-1] if values else None

    def flag(self, name: str) -> bool | None:
        """A yes or no; None if it is not given."""
        text = self.text(name)
        if text is None:
            return None
        if text.casefold() in _TRUE | _FALSE:
            return text.casefold() in _TRUE
        self.refuse(name, text, "it is neither true nor false")
        return None

    def number(self, name: str) -> float | None:
        """A number; None if it is not given."""
        text = self.text(name)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
        self.refuse(name, text, "it is no number")
        return None

    def page_break(self) -> str:
        """What to put between pages, to the letter."""
        self._taken.add("md_page_break_placeholder")
        text = next(reversed(self.fields.get("md_page_break_placeholder", ())), "")
        if len(text) > _LONGEST_BREAK:
            self.refuse("md_page_break_placeholder", text, f"it is longer than {_LONGEST_BREAK} characters")
            return ""
        return "" if text.casefold() in ("null", "none") else text

    def refuse(self, name: str, value: str, why: str) -> None:
        """Note a value that has no effect."""
        shown = display_name(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
        self.unmet.append(f"{name}={shown} has no effect: {why}.")

    def note_rest(self) -> None:
        """Note the fields with a value that nothing has asked about."""
        for name in self.fields:
            if name not in self._taken | _MEANS_NOTHING_ALONE and self.values(name):
                shown = display_name(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
                self.unmet.append(f"{shown} has no effect: hotfolio has no such option.")


def _formats(given: Given) -> list[Format]:
    words = given.words("to_formats")
    for word in words:
        if word not in FORMATS:
            raise refused("to_formats", word, "md, json, html or text")
    return [FORMATS[word] for word in words] or [Format.MD]


def _languages(given: Given) -> dict[str, Any]:
    """Those that can be asked for; whether an engine reads them shows when a page needs it."""
    wanted = []
    for word in given.words("ocr_lang"):
        language = _LANGUAGES.get(word, word)
        if re.fullmatch("[a-z]{3}(_[a-z]{2,8})?", language):
            wanted.append(language)
        else:
            given.refuse("ocr_lang", word, "it is no name that Tesseract has for a language")
    return {"ocr_languages": tuple(dict.fromkeys(wanted))} if wanted else {}


def _engine(given: Given) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("ocr_preset", "ocr_engine"):
        for word in given.words(name):
            if word in _ENGINES:
                found["ocr_engine"] = _ENGINES[word]
            else:
                given.refuse(name, word, "hotfolio reads with RapidOCR or Tesseract")
    return found


def _ocr(given: Given, default: OcrMode) -> OcrMode:
    wanted, forced = given.flag("do_ocr"), given.flag("force_ocr")
    if wanted is False:
        if forced:
            given.refuse("force_ocr", "true", "do_ocr is false")
        return OcrMode.NEVER
    if forced:
        return OcrMode.FORCE
    asks_for_auto = (default is OcrMode.NEVER and wanted) or (default is OcrMode.FORCE and forced is False)
    return OcrMode.AUTO if asks_for_auto else default


def _picture_mode(given: Given) -> str:
    mode = (given.text("image_export_mode") or PLACEHOLDER).casefold()
    if mode not in MODES:
        raise refused("image_export_mode", mode, "placeholder, embedded or referenced")
    return PLACEHOLDER if given.flag("include_images") is False else mode


def _scale(given: Given) -> dict[str, object]:
    changes: dict[str, object] = {}
    scale = given.number("images_scale")
    if scale is not None and scale != _DEFAULT_SCALE:
        bounds = ConvertOptions.model_json_schema()["properties"]["dpi"]
        if bounds["minimum"] <= scale * _BASE_DPI <= bounds["maximum"]:
            changes["dpi"] = round(scale * _BASE_DPI)
        else:
            why = f"pictures have {bounds['minimum']} to {bounds['maximum']} DPI, and 1 is {_BASE_DPI}"
            given.refuse("images_scale", f"{scale:g}", why)
    return changes


def _pages(given: Given) -> dict[str, object]:
    """The pages from a first to a last one; docling-serve's own default is all there can be."""
    words = given.words("page_range")
    if not words or (len(words) == 2 and words[0] in ("0", "1") and _ALL_PAGES.fullmatch(words[1])):
        return {}
    try:
        first, last = words
        return {"pages": canonical_ranges(f"{first}-{'' if _ALL_PAGES.fullmatch(last) else last}")}
    except ValueError:
        given.refuse("page_range", ",".join(words), "it is not the first page and the last one")
        return {}


def refused(name: str, value: str, instead: str) -> OptionRefused:
    """Why an option is refused."""
    return OptionRefused(f"{name}={display_name(value[:_SHOWN])} is refused: input should be {instead}.")


def _as_zip(given: Given) -> bool:
    target = given.text("target_type")
    if target is not None and target.casefold() not in ("inbody", "zip"):
        raise refused("target_type", target, "inbody or zip")
    return (target or "").casefold() == "zip" or given.flag("return_as_file") is True


def _note_what_there_is_not(given: Given) -> None:
    for name, (anyway, why) in _FIXED.items():
        for value in given.values(name)[-1:]:
            if value.casefold() not in anyway:
                given.refuse(name, value, why)
    inputs = given.words("from_formats")
    if inputs and not {"pdf", "image"} & {*inputs}:
        given.refuse("from_formats", ",".join(inputs), "what a document is shows by its content")
    timeout = given.number("document_timeout")
    if timeout is not None and timeout < _LONGEST_TIMEOUT_S:
        given.refuse("document_timeout", f"{timeout:g}", "the limit for a document is in the settings")
    given.note_rest()
