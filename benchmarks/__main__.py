"""`python -m benchmarks [NAME ...]`: measure, print a table, and write `docs/performance.md`."""

import argparse
import importlib
import time
from pathlib import Path

from benchmarks import report
from benchmarks.lab import new_lab
from benchmarks.library import ROOT

NAMES = (
    "start",
    "cold",
    "one_document",
    "batch",
    "pool_efficiency",
    "submit",
    "service",
    "many_files",
    "cancel",
    "parent_memory",
    "onnx_arena",
    "tagged_pages",
    "small_files",
    "text",
    "fast_layout",
    "layout_pages",
    "refinement",
    "formats",
    "vlm",
    "ocr",
    "formulas",
)


def main() -> int:
    """Exit status 1 if a figure does not reach what it must."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all by default")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="documents to measure with, in DIR/long")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="measurements behind a median (5)")
    parser.add_argument("--write", type=Path, default=ROOT / "docs" / "performance.md", metavar="FILE")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in NAMES]
    if unknown:
        parser.error(f"{unknown[0]}: there is no such benchmark")
    results = []
    with new_lab(arguments.repeat, arguments.corpus) as lab:
        for name in arguments.names or NAMES:
            started = time.monotonic()
            result = importlib.import_module(f"benchmarks.{name}").measure(lab)
            results.append(result)
            print(f"{report.table(result)}\n  ({time.monotonic() - started:.0f} s)\n", flush=True)
            # After each, so that what an interrupted run has found is kept.
            report.write(arguments.write, [result], lab.corpus_name, arguments.repeat, NAMES)
    return int(any(figure.is_met is False for result in results for figure in result.figures))


if __name__ == "__main__":
    raise SystemExit(main())
