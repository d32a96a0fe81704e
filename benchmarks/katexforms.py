"""Formulas as KaTeX renders them, without what makes no difference to be seen."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

_PROGRAM = """
const katex = require('katex');
const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);
for (const line of lines) {
  const [latex, displayMode] = JSON.parse(line);
  let out = '';
  try { out = katex.renderToString(latex, {output: 'mathml', displayMode, throwOnError: true, strict: false}); }
  catch (error) { out = ''; }
  console.log(JSON.stringify(out));
}
"""
_MATH = "{http://www.w3.org/1998/Math/MathML}"
_KEPT_VARIANTS = frozenset(
    {"bold", "bold-italic", "double-struck", "script", "fraktur", "sans-serif", "monospace", "bold-fraktur"}
)


def install(folder: Path) -> Path:
    """Put KaTeX into a folder, by npm."""
    subprocess.run(["npm", "install", "--silent", "katex"], cwd=folder, check=True, capture_output=True)
    return folder


def forms(folder: Path, formulas: Sequence[tuple[str, bool]]) -> list[str]:
    """What each formula, of which it is told whether it is set apart, looks like; empty where KaTeX refuses it."""
    lines = "".join(json.dumps(formula) + "\n" for formula in formulas)
    done = subprocess.run(["node", "-e", _PROGRAM], cwd=folder, input=lines, capture_output=True, text=True, check=True)
    return [_form(json.loads(line)) for line in done.stdout.splitlines()]


def _form(markup: str) -> str:
    found = re.search(r"<math.*</math>", markup, re.DOTALL)
    if found is None:
        return ""
    root = ElementTree.fromstring(found[0])
    return re.sub(r"\s+", " ", "".join(_written(root))).strip()


def _written(element: ElementTree.Element) -> Iterator[str]:
    tag = element.tag.removeprefix(_MATH)
    if tag in ("annotation", "mspace"):
        return
    if tag in ("mi", "mo", "mn", "mtext", "ms"):
        yield _leaf(tag, element)
        return
    parts = ["".join(_written(kid)) for kid in element]
    if tag in ("mrow", "mstyle", "mpadded", "semantics", "math", "mphantom"):
        yield "".join(parts)
    elif tag in ("munder", "msub", "mover", "msup"):
        sign = "_" if tag in ("munder", "msub") else "^"
        yield f"{parts[0]}{sign}{{{parts[1]}}}"
    elif tag in ("munderover", "msubsup"):
        yield f"{parts[0]}_{{{parts[1]}}}^{{{parts[2]}}}"
    elif tag == "mtable":
        yield f"[{';'.join(parts)}]"
    elif tag == "mtr":
        yield "&".join(parts).strip("&")
    else:
        yield f"{tag}({','.join(parts)})"


def _leaf(tag: str, element: ElementTree.Element) -> str:
    text = re.sub(r"[\s\u00a0\u2061\u2063\u200b]", "", element.text or "")
    text = text.replace("\u2223", "|").replace("\u2225", "‖").replace("−", "-").replace("⋯", "…").replace("\u22ef", "…")
    variant = element.get("mathvariant", "")
    if tag == "mi" and len(text) == 1 and text.isalpha() and text.isascii() and not variant:
        return text
    if variant in _KEPT_VARIANTS:
        return f"{variant}:{text}"
    return "".join(f"'{char}" if char.isalpha() and char.isascii() else char for char in text)
