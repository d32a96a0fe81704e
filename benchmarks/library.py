"""What the library makes of a document, found out once in a process of its own and kept in a temporary folder."""

import hashlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks import peer

ROOT = Path(__file__).parent.parent
LIMIT_S = 120.0
"""For a document of a few pages; longer ones get `_PER_PAGE_S` more for each page."""
_PER_PAGE_S = 3.0
SUFFIXES = ("md", "txt", "json")


@dataclass(frozen=True, slots=True)
class LibraryOutcome:
    """The library's outputs of one document, or why there are none."""

    file: Path
    folder: Path
    """Holds a file for each of `SUFFIXES` that was asked for."""
    failure: str | None

    def output(self, suffix: str) -> bytes:
        """What it wrote."""
        return (self.folder / suffix).read_bytes()


def outcomes(
    files: Iterable[Path], suffixes: Sequence[str] = SUFFIXES, limit_s: float = LIMIT_S, at_once: int = 2
) -> Iterator[LibraryOutcome]:
    """The library's outputs of each file, in order; what is already known costs nothing."""
    with ThreadPoolExecutor(at_once) as threads:
        yield from threads.map(lambda file: _outcome(file, suffixes, limit_s), files)


def _outcome(file: Path, suffixes: Sequence[str], limit_s: float) -> LibraryOutcome:
    # The name counts: JSON holds it.
    folder = _cache() / hashlib.sha256(file.read_bytes() + b"\0" + os.fsencode(file.name)).hexdigest()
    folder.mkdir(exist_ok=True)
    missing = [s for s in suffixes if not (folder / s).exists() and not (folder / f"{s}.failure").exists()]
    if missing:
        with tempfile.TemporaryDirectory(dir=folder) as part:
            message = _run(file, Path(part), missing, limit_s)
            for suffix in missing:
                made = Path(part) / suffix
                if message is not None and not made.exists():
                    made = made.with_suffix(".failure")
                    made.write_text(message, encoding="utf-8")
                made.rename(folder / made.name)
    failures = [folder / f"{suffix}.failure" for suffix in suffixes]
    return LibraryOutcome(file, folder, next((f.read_text(encoding="utf-8") for f in failures if f.exists()), None))


def _cache() -> Path:
    folder = Path(tempfile.gettempdir()) / f"hotfolio-library-{os.getuid()}-{version('pymupdf4llm')}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _run(file: Path, out: Path, suffixes: Sequence[str], limit_s: float) -> str | None:
    """None if it worked, else what happened."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", peer.__name__, "outputs", str(file.absolute()), str(out), *suffixes],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        assert process.stdout is not None
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        reader = threading.Thread(target=lambda stream=process.stdout: lines.put(stream.readline()), daemon=True)
        reader.start()
        try:
            pages = int(lines.get(timeout=limit_s) or 0)
            allowed_s = limit_s + _PER_PAGE_S * pages
            code = process.wait(timeout=allowed_s)
        except (queue.Empty, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
            return f"took longer than {limit_s:g} s"
        finally:
            process.stdout.close()
        if code == 0:
            return None
        if code < 0:
            return f"died of signal {-code}"
        complaints.seek(0)
        text = complaints.read().decode(errors="replace").strip().splitlines()
        return text[-1][:200] if text else f"ended with exit status {code}"
