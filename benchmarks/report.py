"""Prints figures as a table and keeps them in `docs/performance.md`, each beside the command that measured it."""

import os
import platform
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.result import Figure, Result

_INTRODUCTION = """\
# Performance

Written by `make bench` (`python -m benchmarks`); run a single benchmark by its name to measure it again. Ratios are
of medians, measured in one run in which both sides take turns. Timings depend on the machine and on what else it
does: the ratios are what is held to.

"""
_TABLE = "| figure | measured | must reach | | command |\n|---|---|---|---|---|\n"
_LIBRARIES = ("pymupdf", "pymupdf4llm", "onnxruntime", "numpy", "pillow", "pydantic", "psutil")


def table(result: Result) -> str:
    """The figures of one benchmark, for a terminal."""
    rows = [(f.name, f.reached, f.required, _verdict(f)) for f in result.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"  {name:<{widths[0]}}  {reached:>{widths[1]}}  {required:<{widths[2]}}  {verdict}".rstrip()
        for name, reached, required, verdict in rows
    ]
    return "\n".join([result.benchmark, *lines])


def write(file: Path, results: list[Result], corpus: str | None, repeat: int, order: Sequence[str]) -> None:
    """Put the results into the page, in this order; those of benchmarks that were not run now stay as they are."""
    rows, sections = _read(file)
    now = f"{datetime.now(UTC):%Y-%m-%d}"
    for result in results:
        command = _command(result.benchmark)
        rows[result.benchmark] = "".join(
            f"| {f.name} | {f.reached} | {f.required} | {_verdict(f)} | `{command}` |\n" for f in result.figures
        )
        sections[result.benchmark] = _section(result, command, now, corpus, repeat)
    names = [name for name in order if name in sections] + [name for name in sections if name not in order]
    text = _INTRODUCTION + _TABLE + "".join(rows.get(n, "") for n in names) + "\n" + "".join(sections[n] for n in names)
    file.parent.mkdir(exist_ok=True)
    file.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def _read(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Table rows and sections of an earlier page, by benchmark."""
    rows: dict[str, str] = {}
    sections: dict[str, str] = {}
    if not file.exists():
        return rows, sections
    head, *rest = re.split(r"^## ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in head.splitlines():
        if match := re.search(r"`python -m benchmarks (\w+)[^`]*` \|$", line):
            rows[match[1]] = rows.get(match[1], "") + line + "\n"
    for section in rest:
        sections[section.split("\n", 1)[0].strip()] = f"## {section.rstrip()}\n\n"
    return rows, sections


def _section(result: Result, command: str, now: str, corpus: str | None, repeat: int) -> str:
    lines = [f"## {result.benchmark}", "", result.about, ""]
    lines += [f"    {command} --repeat {repeat}", ""]
    lines += [f"- {name}: {', '.join(f'{value:.4g}' for value in values)}" for name, values in result.samples]
    lines += [f"- {note}" for note in result.notes]
    lines.append(f"- {now}; {_machine()}; {_versions()}" + (f"; documents: {corpus}" if corpus else ""))
    return "\n".join(lines) + "\n\n"


def _command(benchmark: str) -> str:
    return f"python -m benchmarks {benchmark}"


def _verdict(figure: Figure) -> str:
    return {True: "met", False: "missed", None: ""}[figure.is_met]


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()} {platform.release()}"


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _versions() -> str:
    return ", ".join([f"Python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in _LIBRARIES)])
