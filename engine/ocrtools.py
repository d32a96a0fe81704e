"""Which OCR engines are installed, and which languages they read. Starts none of them; Tesseract is asked for its list.

Languages go by the names of Tesseract's models, which are those of ISO 639-2 as a rule.
"""

import functools
import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from engine.options import OcrEngineName

INSTALL = "pip install 'hotfolio[ocr]'"
"""What brings an engine along."""

RAPIDOCR_LANGUAGES = frozenset(
    [
        "afr",
        "aze",
        "bos",
        "bre",
        "cat",
        "ceb",
        "ces",
        "chi_sim",
        "chi_tra",
        "cos",
        "cym",
        "dan",
        "deu",
        "eng",
        "epo",
        "est",
        "eus",
        "fao",
        "fil",
        "fin",
        "fra",
        "fry",
        "gla",
        "gle",
        "glg",
        "hat",
        "hrv",
        "hun",
        "ind",
        "isl",
        "ita",
        "jav",
        "jpn",
        "lat",
        "lav",
        "lit",
        "ltz",
        "mlt",
        "mri",
        "msa",
        "nld",
        "nor",
        "oci",
        "pol",
        "por",
        "que",
        "ron",
        "slk",
        "slv",
        "spa",
        "sqi",
        "srp_latn",
        "sun",
        "swa",
        "swe",
        "tur",
    ]
)
"""What the recognition model inside RapidOCR's wheel has the letters for: Latin script, Chinese and Japanese."""

_LIST_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class OcrTools:
    """The engines of this machine."""

    rapidocr: str | None
    """RapidOCR's version; None where it is not installed."""
    tesseract: str | None
    """Where Tesseract's program is; None where it is not installed."""
    tesseract_languages: frozenset[str] = frozenset()
    has_orientation: bool = False
    """Tesseract has the model by which it finds out that a page was turned."""

    def languages_of(self, engine: OcrEngineName) -> frozenset[str]:
        """What an engine reads; nothing where it is not installed."""
        if engine is OcrEngineName.RAPIDOCR:
            return RAPIDOCR_LANGUAGES if self.rapidocr else frozenset()
        return self.tesseract_languages if self.tesseract else frozenset()

    @property
    def installed(self) -> tuple[OcrEngineName, ...]:
        """The engines, the better one first."""
        found = {OcrEngineName.RAPIDOCR: self.rapidocr, OcrEngineName.TESSERACT: self.tesseract}
        return tuple(name for name, where in found.items() if where)


@dataclass(frozen=True, slots=True)
class Choice:
    """What pages are to be read by."""

    engine: OcrEngineName | None
    """Never `auto`; None where nothing can do it."""
    languages: tuple[str, ...] = ()
    """Those the engine is asked for; empty for its own choice."""
    problem: str = ""
    """Why there is no engine, or what it will not read, as a sentence that says what to do; empty if all is well."""


def choose(tools: OcrTools, wanted: OcrEngineName, languages: Iterable[str]) -> Choice:
    """The engine for these languages: under `auto` the first that reads all of them, else the one that reads most."""
    asked = tuple(dict.fromkeys(languages))
    candidates = [name for name in tools.installed if wanted in (OcrEngineName.AUTO, name)]
    if not candidates:
        return Choice(None, problem=_not_installed(wanted))
    known = {name: tuple(code for code in asked if code in tools.languages_of(name)) for name in candidates}
    best = max(candidates, key=lambda name: len(known[name]))  # the first of equals, which is the better engine
    unknown = [code for code in asked if code not in known[best]]
    if not unknown:
        return Choice(best, asked)
    which = f"{'language' if len(unknown) == 1 else 'languages'} {', '.join(unknown)}"
    if best is OcrEngineName.RAPIDOCR and not tools.tesseract:
        advice = f"RapidOCR cannot read the {which}: install Tesseract with its models for them"
    elif best is OcrEngineName.RAPIDOCR and wanted is OcrEngineName.RAPIDOCR:
        advice = f"RapidOCR cannot read the {which}: choose ocr_engine auto or tesseract"
    else:
        packages = " ".join(f"tesseract-ocr-{code.lower().replace('_', '-')}" for code in unknown)
        advice = f"Tesseract has no model for the {which}: install it (on Debian, apt install {packages})"
    if not known[best]:
        return Choice(None, problem=f"{advice}, or correct ocr_languages.")
    return Choice(best, known[best], f"{advice}; read as {', '.join(known[best])} alone.")


@functools.cache
def installed_tools() -> OcrTools:
    """The engines of this machine, looked for once in a process: 20 ms with Tesseract, else less than one."""
    try:
        rapidocr: str | None = importlib.metadata.version("rapidocr")
    except importlib.metadata.PackageNotFoundError:
        rapidocr = None
    program = shutil.which("tesseract")
    models = _tesseract_models(program) if program else frozenset()
    languages = models - {"osd", "equ"}  # of orientation and of formulas
    return OcrTools(rapidocr, program if languages else None, languages, "osd" in models)


def _tesseract_models(program: str) -> frozenset[str]:
    """The models it finds; none where it does not work."""
    try:
        listed = subprocess.run(
            [program, "--list-langs"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIST_TIMEOUT_S,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    lines = listed.stdout.decode("utf-8", "replace").splitlines()[1:]  # the first says how many there are
    return frozenset(line.strip() for line in lines if line.strip())


def _not_installed(wanted: OcrEngineName) -> str:
    if wanted is OcrEngineName.TESSERACT:
        return "Tesseract is not installed: on Debian, apt install tesseract-ocr; or choose ocr_engine auto."
    if wanted is OcrEngineName.RAPIDOCR:
        return f"RapidOCR is not installed: {INSTALL}."
    return f"No OCR engine is installed: {INSTALL}."
