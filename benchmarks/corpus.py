"""The documents to measure with: a folder of real ones if there is one, else some made on the spot."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peer
from benchmarks.library import ROOT, outcomes

DEFAULT = ROOT.parent / "shared" / "corpus"
_REPORT = "pdfjs-TAMReview.pdf"
_WARM_UP = "pdfjs-tracemonkey.pdf"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents of many pages."""

    name: str
    """Where they come from, for a person."""
    report: Path
    """The 23-page document."""
    warm_up: Path
    """Another document of some pages, to warm processes with."""
    files: tuple[Path, ...]
    """All of them, the two above included."""
    pages: dict[Path, int]
    """Pages of each."""

    @property
    def long(self) -> list[Path]:
        """Those that the library converts to Markdown; trying them takes a while the first time."""
        return [outcome.file for outcome in outcomes(self.files, ("md",)) if outcome.failure is None]


def load(folder: Path | None, made: Path) -> Corpus:
    """The documents in `folder` (by default the one beside the repository), or ones made in the folder `made`."""
    if folder is None and DEFAULT.is_dir():
        folder = DEFAULT
    if folder is not None:
        files = sorted((folder / "long").glob("*.pdf"))
        report, warm_up, name = folder / "long" / _REPORT, folder / "long" / _WARM_UP, os.path.relpath(folder, ROOT)
        if report not in files or warm_up not in files:
            raise SystemExit(f"{folder}: there is no long/{_REPORT} and long/{_WARM_UP} in it.")
    else:
        subprocess.run([sys.executable, "-m", __spec__.name, str(made)], cwd=ROOT, check=True)
        files = sorted(made.glob("*.pdf"))
        report, warm_up, name = made / "report.pdf", made / "warm-up.pdf", "generated (tests/pdfs.py)"
    return Corpus(name, report, warm_up, tuple(files), _pages(files))


def small_files(count: int, folder: Path) -> list[Path]:
    """So many one-page PDFs in a folder, which is made."""
    command = [sys.executable, "-m", __spec__.name, "--small", str(count), str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return sorted(folder.iterdir())


def _pages(files: list[Path]) -> dict[Path, int]:
    command = [sys.executable, "-m", peer.__name__, "pages", *map(str, files)]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return {Path(file): count for file, count in json.loads(answer).items()}


def _make(folder: Path) -> None:
    """Documents like those of a real corpus; in a process of its own, since it needs PyMuPDF."""
    from tests import pdfs

    documents = {
        "report.pdf": pdfs.text_pages(23, words_per_page=400, is_tagged=False),
        "warm-up.pdf": pdfs.text_pages(14, words_per_page=250, is_tagged=False),
        "book.pdf": pdfs.text_pages(60, words_per_page=350, is_tagged=False),
        "leaflet.pdf": pdfs.report(),
        "notes.pdf": pdfs.text_pages(17, words_per_page=120, is_tagged=False),
    }
    for name, content in documents.items():
        (folder / name).write_bytes(content)


def _make_small(count: int, folder: Path) -> None:
    from tests import pdfs

    for name, content in pdfs.many(count, is_tagged=False):
        (folder / name).write_bytes(content)


def main() -> None:
    """`python -m benchmarks.corpus [--small COUNT] FOLDER`."""
    *options, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    Path(folder).mkdir(parents=True)
    if options:
        _make_small(int(options[1]), Path(folder))
    else:
        _make(Path(folder))


if __name__ == "__main__":
    main()
