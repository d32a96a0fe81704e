"""Formulas made up and set by LaTeX, read back from the PDF: how many KaTeX shows as it shows their source."""

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from benchmarks.formulasources import document, made_up
from benchmarks.katexforms import forms, install
from benchmarks.lab import Finishes, Lab
from benchmarks.result import Figure, Result

_COUNT, _SEED = 200, 1
_MAKERS = {
    "pdflatex": r"\documentclass{article}\usepackage{amsmath,amssymb,bm}",
    "xelatex": r"\documentclass{article}\usepackage{amsmath}\usepackage{unicode-math}"
    r"\setmathfont{latinmodern-math.otf}",
}
"""Programs, and what their documents begin with: Computer Modern, and Latin Modern Math by `unicode-math`."""
_SET_APART = re.compile(r"\$\$(.+?)\$\$")
_IN_A_LINE = re.compile(r"(?<!\\)\$([^$\n]+?)(?<!\\)\$")
_MOST_NOTES = 20


def measure(lab: Lab) -> Result:
    """Convert a document of each program that is installed; needs Node.js, and npm to install KaTeX."""
    makers = [maker for maker in _MAKERS if shutil.which(maker)]
    if not makers or shutil.which("npm") is None:
        raise SystemExit("The formulas need pdflatex or xelatex, and npm.")
    katex = install(lab.folder("katex"))
    formulas = made_up(_SEED, _COUNT)
    figures: list[Figure] = []
    notes: list[str] = []
    for maker in makers:
        pdf = _pdf(maker, document(formulas, _MAKERS[maker]), lab.folder(maker))
        wanted = forms(katex, [(latex, is_display) for _, is_display, latex in formulas])
        found = Counter(forms(katex, _formulas(_converted(lab, pdf))))
        missed = []
        for (kind, _, latex), form in zip(formulas, wanted, strict=True):
            if found[form]:
                found[form] -= 1
            else:
                missed.append(f"{maker}, {kind}: `{latex}`")
        share = 1 - len(missed) / len(formulas)
        figures.append(Figure(f"{maker}, formulas that look like their source", share, at_least=0.9))
        notes += missed[:_MOST_NOTES]
    return Result(
        "formulas",
        f"{_COUNT} formulas made up from a seed (fractions, sums, integrals, roots, matrices, cases, aligned lines, "
        "accents, and some in lines of text), set by LaTeX and converted to Markdown by the layout model. One counts "
        "if KaTeX makes the same MathML of it as of its source, blanks and attributes aside. Others are listed.",
        tuple(figures),
        notes=tuple(notes),
    )


def _pdf(maker: str, source: str, folder: Path) -> Path:
    (folder / "formulas.tex").write_text(source, encoding="utf-8")
    subprocess.run([maker, "-interaction=batchmode", "formulas.tex"], cwd=folder, check=True, capture_output=True)
    return folder / "formulas.pdf"


def _converted(lab: Lab, pdf: Path) -> str:
    """Its Markdown."""
    with lab.engine(num_workers=1, refine=True) as engine:
        job = engine.submit(pdf)
        Finishes(engine).wait([job])
        output = engine.job(job.id).job.output
        assert output is not None
        return next(Path(os.fsdecode(output)).glob("*.md")).read_text(encoding="utf-8")


def _formulas(markdown: str) -> list[tuple[str, bool]]:
    apart = [(found[1].rstrip(" .,"), True) for found in _SET_APART.finditer(markdown)]
    inside = [(found[1], False) for found in _IN_A_LINE.finditer(_SET_APART.sub("", markdown))]
    return [*apart, *inside]
