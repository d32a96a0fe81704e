"""Which OCR engines are installed, and which languages they read. Starts none of them; Tesseract is asked for its list.

Languages go by the names of Tesseract's models, which are those of ISO 639-2 as a rule.
"""

import functools
import importlib.metadata
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from engine.job import plugins
from engine.job.options import OcrEngineName
from engine.job.plugins import Seam

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

_ANSWER_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class OcrTools:
    """The engines of this machine."""

    rapidocr: str | None
    """RapidOCR's version; None where it is not installed."""
    tesseract: str | None
    """Where Tesseract's program is; None where it is not installed."""
    tesseract_version: str = ""
    tesseract_languages: frozenset[str] = frozenset()
    has_orientation: bool = False
    """Tesseract has the model by which it finds out that a page was turned."""

    def languages_of(self, engine: str) -> frozenset[str]:
        """What an engine reads; nothing where it is not installed."""
        if engine == OcrEngineName.RAPIDOCR:
            return RAPIDOCR_LANGUAGES if self.rapidocr else frozenset()
        return self.tesseract_languages if self.tesseract else frozenset()

    @property
    def versions(self) -> dict[str, str]:
        """Of the engines that are installed."""
        found = {"rapidocr": self.rapidocr or "", "tesseract": self.tesseract_version}
        return {name: number for name, number in found.items() if number}

    @property
    def installed(self) -> tuple[OcrEngineName, ...]:
        """The engines, the better one first."""
        found = {OcrEngineName.RAPIDOCR: self.rapidocr, OcrEngineName.TESSERACT: self.tesseract}
        return tuple(name for name, where in found.items() if where)


@dataclass(frozen=True, slots=True)
class Choice:
    """What pages are to be read by."""

    engine: str | None
    """Never `auto`; None where nothing can do it."""
    languages: tuple[str, ...] = ()
    """Those the engine is asked for; empty for its own choice."""
    problem: str = ""
    """Why there is no engine, or what it will not read, as a sentence that says what to do; empty if all is well."""


def choose(tools: OcrTools, wanted: str, languages: Iterable[str]) -> Choice:
    """The engine for these languages: under `auto` the first that reads all of them, else the one that reads most.

    A plug-in's is taken only where it is asked for.
    """
    asked = tuple(dict.fromkeys(languages))
    if wanted not in set(OcrEngineName):
        return _of_plugin(wanted, asked)
    candidates = [name for name in tools.installed if wanted in (OcrEngineName.AUTO, name)]
    if not candidates:
        return Choice(None, problem=_not_installed(wanted))
    known = {name: tuple(code for code in asked if code in tools.languages_of(name)) for name in candidates}
    best = max(candidates, key=lambda name: len(known[name]))  # the first of equals, which is the better engine
    unknown = [code for code in asked if code not in known[best]]
    if not unknown:
        return Choice(best, asked)
    which = f"{'language' if len(unknown) == 1 else 'languages'} {', '.join(unknown)}"
    if best == OcrEngineName.RAPIDOCR and not tools.tesseract:
        models = "model" if len(unknown) == 1 else "models"
        advice = f"RapidOCR cannot read the {which}: install Tesseract with its {models}"
    elif best == OcrEngineName.RAPIDOCR and wanted == OcrEngineName.RAPIDOCR:
        advice = f"RapidOCR cannot read the {which}: choose ocr_engine auto or tesseract"
    else:
        packages = " ".join(f"tesseract-ocr-{code.lower().replace('_', '-')}" for code in unknown)
        advice = f"Tesseract has no model for the {which}: install it (on Debian, apt install {packages})"
    if not known[best]:
        return Choice(None, problem=f"{advice}, or correct ocr_languages.")
    return Choice(best, known[best], f"{advice}; read as {', '.join(known[best])} alone.")


def _of_plugin(name: str, asked: tuple[str, ...]) -> Choice:
    """A plug-in's engine, for those of these languages that it says it reads; where it says nothing, for all."""
    offer = plugins.find(Seam.OCR, name)
    if offer is None:
        return Choice(None, problem=f"The OCR engine {name} is not installed: install its plug-in, or ask for another.")
    unknown = [code for code in asked if offer.facts and code not in offer.facts]
    if not unknown:
        return Choice(name, asked)
    known = tuple(code for code in asked if code not in unknown)
    problem = f"{name} does not read {', '.join(unknown)}"
    if not known:
        return Choice(None, problem=f"{problem}: choose another ocr_engine, or correct ocr_languages.")
    return Choice(name, known, f"{problem}; read as {', '.join(known)} alone.")


@functools.cache
def installed_tools() -> OcrTools:
    """The engines of this machine, looked for once in a process: 40 ms with Tesseract, else less than one."""
    try:
        rapidocr: str | None = importlib.metadata.version("rapidocr")
    except importlib.metadata.PackageNotFoundError:
        rapidocr = None
    program = shutil.which("tesseract")
    models = frozenset(_ask(program, "--list-langs")[1:]) if program else frozenset()  # after how many there are
    languages = models - {"osd", "equ"}  # of orientation and of formulas
    if not program or not languages:
        return OcrTools(rapidocr, None)
    version = " ".join(_ask(program, "--version")[:1]).removeprefix("tesseract ").strip()
    return OcrTools(rapidocr, program, version, languages, "osd" in models)


def _ask(program: str, question: str) -> list[str]:
    """The lines of Tesseract's answer; none where it does not work."""
    try:
        answer = subprocess.run(
            [program, question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # some versions answer there
            timeout=_ANSWER_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.decode("utf-8", "replace").splitlines() if line.strip()]


def _not_installed(wanted: str) -> str:
    if wanted == OcrEngineName.TESSERACT:
        return "Tesseract is not installed: on Debian, apt install tesseract-ocr; or choose ocr_engine auto."
    if wanted == OcrEngineName.RAPIDOCR:
        return f"RapidOCR is not installed: {INSTALL}."
    return f"No OCR engine is installed: {INSTALL}."
