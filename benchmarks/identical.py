"""Whether the engine writes, byte for byte, what the library writes: `python -m benchmarks.identical DIR`.

Every PDF below DIR is converted to Markdown, text and JSON, without OCR and pictures and with running headers and
footers, as the library does by default, and compared with `to_markdown`, `to_text` and `to_json` of the whole document.
Documents on which the library fails need only end in some state. Exit status 1 on a difference.
"""

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab import make_settings
from benchmarks.library import LIMIT_S, SUFFIXES, LibraryOutcome, outcomes
from engine.base.safetext import display_name
from engine.facade.engine import Engine
from engine.job.job import Job, JobState

_EVER_S = 3600.0
"""A page may take as long as the library takes for it."""
_HOPELESS_PAGE_S = 20.0
"""Where the library fails, plain text is soon good enough."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One output that is not what the library's is."""

    file: Path
    what: str


def compare(files: list[Path], known: list[LibraryOutcome], workers: int, batch_seconds: float) -> list[Difference]:
    """Convert the documents that the library converts and compare."""
    differences = []
    with tempfile.TemporaryDirectory(prefix="hotfolio-identical-") as home:
        jobs = _convert(Path(home), files, workers, batch_seconds, _EVER_S)
        for outcome, job in zip(known, jobs, strict=True):
            if job.output is None:
                differences.append(Difference(outcome.file, f"ended {job.state}: {job.reason}"))
                continue
            folder = Path(os.fsdecode(job.output))
            for suffix in SUFFIXES:
                (file,) = folder.glob(f"*.{suffix}") if suffix != "json" else _json_files(folder)
                ours, theirs = file.read_bytes(), outcome.output(suffix)
                if ours != theirs:
                    differences.append(Difference(outcome.file, f"{suffix}: {_first_difference(ours, theirs)}"))
            if job.state is not JobState.DONE:
                differences.append(Difference(outcome.file, f"ended {job.state}"))
    return differences


def _convert(home: Path, files: list[Path], workers: int, batch_seconds: float, page_timeout_s: float) -> list[Job]:
    """Convert everything and return the finished jobs, in order."""
    settings = make_settings(
        home,
        num_workers=workers,
        batch_seconds=batch_seconds,
        formats=SUFFIXES,
        page_header=True,
        page_footer=True,
        page_timeout=page_timeout_s,
        memory_limit="8GiB",
    )
    with Engine(settings, watch=False) as engine:
        ids = [job.id for job in engine.submit_many(files)]
        engine.wait_until_idle()
        return [engine.job(job_id).job for job_id in ids]


def _json_files(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.json") if file.name != "manifest.json"]


def _first_difference(ours: bytes, theirs: bytes) -> str:
    """Where two outputs part, with some of what follows."""
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    start = max(0, at - 20)
    return (
        f"{len(ours):,} bytes, the library's {len(theirs):,}; from byte {at:,} "
        f"{ours[start : at + 60]!r} instead of {theirs[start : at + 60]!r}"
    )


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identical", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch-seconds", type=float, default=1.5)
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds the library may take, plus 3 a page")
    arguments = parser.parse_args()
    files = sorted(f.absolute() for f in arguments.folder.rglob("*") if f.suffix.lower() == ".pdf" and f.is_file())
    if not files:
        parser.error(f"{arguments.folder}: there is no PDF in it")
    known = list(outcomes(files, limit_s=arguments.limit))
    good = [outcome for outcome in known if outcome.failure is None]
    differences = compare([o.file for o in good], good, arguments.workers, arguments.batch_seconds)
    for difference in differences:
        print(f"DIFFERENT {display_name(difference.file.relative_to(arguments.folder.absolute()))}: {difference.what}")
    failing = [outcome for outcome in known if outcome.failure is not None]
    unfinished = 0
    with tempfile.TemporaryDirectory(prefix="hotfolio-identical-") as home:
        jobs = _convert(
            Path(home), [o.file for o in failing], arguments.workers, arguments.batch_seconds, _HOPELESS_PAGE_S
        )
        for outcome, job in zip(failing, jobs, strict=True):
            name = display_name(outcome.file.relative_to(arguments.folder.absolute()))
            print(f"library fails: {name}: {outcome.failure}; hotfolio: {job.state} {job.reason or ''}".rstrip())
            unfinished += not job.state.is_finished
    different = len({difference.file for difference in differences})
    print(
        f"{len(files)} PDFs: {len(good) - different} identical in {', '.join(SUFFIXES)}, {different} different, "
        f"{len(failing)} that the library fails on, {unfinished} of them unfinished "
        f"({arguments.workers} workers, batches of {arguments.batch_seconds:g} s)"
    )
    return int(bool(differences) or unfinished > 0)


if __name__ == "__main__":
    raise SystemExit(main())
