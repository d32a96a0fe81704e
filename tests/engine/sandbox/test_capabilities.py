"""Which engine is chosen for which languages, and what is said where none will do."""

import pytest

from engine.job.options import OcrEngineName
from engine.sandbox.capabilities import OcrTools, choose

BOTH = OcrTools("3.9", "/usr/bin/tesseract", "5.3.0", frozenset({"eng", "ukr"}))
RAPID = OcrTools("3.9", None)
TESSERACT = OcrTools(None, "/usr/bin/tesseract", "5.3.0", frozenset({"eng", "ukr"}))
AUTO, RAPIDOCR = OcrEngineName.AUTO, OcrEngineName.RAPIDOCR


@pytest.mark.parametrize(
    ("tools", "wanted", "languages", "engine", "read"),
    [
        (BOTH, AUTO, (), RAPIDOCR, ()),
        (BOTH, AUTO, ("deu", "eng"), RAPIDOCR, ("deu", "eng")),
        (BOTH, AUTO, ("ukr", "eng", "ukr"), OcrEngineName.TESSERACT, ("ukr", "eng")),
        (BOTH, OcrEngineName.TESSERACT, (), OcrEngineName.TESSERACT, ()),
        (TESSERACT, AUTO, (), OcrEngineName.TESSERACT, ()),
    ],
)
def test_the_first_engine_that_reads_all_languages_is_chosen(
    tools: OcrTools, wanted: OcrEngineName, languages: tuple[str, ...], engine: OcrEngineName, read: tuple[str, ...]
) -> None:
    choice = choose(tools, wanted, languages)
    assert (choice.engine, choice.languages, choice.problem) == (engine, read, "")


@pytest.mark.parametrize(
    ("tools", "wanted", "languages", "problem"),
    [
        (OcrTools(None, None), AUTO, (), "No OCR engine is installed: pip install 'hotfolio[ocr]'."),
        (TESSERACT, RAPIDOCR, (), "RapidOCR is not installed: pip install 'hotfolio[ocr]'."),
        (
            RAPID,
            OcrEngineName.TESSERACT,
            (),
            "Tesseract is not installed: on Debian, apt install tesseract-ocr; or choose ocr_engine auto.",
        ),
        (
            RAPID,
            AUTO,
            ("rus", "ukr"),
            "RapidOCR cannot read the languages rus, ukr: install Tesseract with its models, or correct ocr_languages.",
        ),
        (
            BOTH,
            RAPIDOCR,
            ("ukr",),
            "RapidOCR cannot read the language ukr: choose ocr_engine auto or tesseract, or correct ocr_languages.",
        ),
        (
            TESSERACT,
            AUTO,
            ("chi_sim",),
            (
                "Tesseract has no model for the language chi_sim: install it (on Debian, apt install "
                "tesseract-ocr-chi-sim), or correct ocr_languages."
            ),
        ),
    ],
)
def test_where_nothing_can_read_it_says_what_to_do(
    tools: OcrTools, wanted: OcrEngineName, languages: tuple[str, ...], problem: str
) -> None:
    choice = choose(tools, wanted, languages)
    assert (choice.engine, choice.problem) == (None, problem)


def test_languages_that_can_be_read_are_read_without_the_others() -> None:
    choice = choose(TESSERACT, AUTO, ("ukr", "xyz"))
    assert (choice.engine, choice.languages) == (OcrEngineName.TESSERACT, ("ukr",))
    assert choice.problem == (
        "Tesseract has no model for the language xyz: install it (on Debian, apt install tesseract-ocr-xyz); "
        "read as ukr alone."
    )


def test_languages_no_engine_knows_go_to_the_one_that_may_get_a_model() -> None:
    problem = choose(BOTH, AUTO, ("xyz",)).problem
    assert problem.startswith("Tesseract has no model for the language xyz")
