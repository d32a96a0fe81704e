"""Examines the machine: what hotfolio needs, what is missing, and what to do about it."""

import importlib.metadata
import locale
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.display import display_name
from engine.errors import SandboxUnavailable, SettingsError
from engine.filesystem import filesystem_type, is_network, nearest_existing
from engine.folders import check_folders
from engine.ocrtools import INSTALL, choose, installed_tools
from engine.options import OcrMode
from engine.sandbox import ForkServer, Limits, Sandbox
from engine.settings import Settings, usable_cores

_INOTIFY = Path("/proc/sys/fs/inotify")
_FEW_WATCHES = 8192
_FEW_INSTANCES = 16


class Verdict(StrEnum):
    """How a check came out, from good to bad."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination."""

    name: str
    verdict: Verdict
    finding: str
    advice: str = ""
    """What to do, as a sentence."""


def examine(settings: Settings) -> Iterator[Check]:
    """Check everything, quick things first."""
    yield _python()
    yield _libraries()
    yield _conversion_process()
    yield _ocr(settings)
    yield from _inotify()
    yield from _folders(settings)
    yield _terminal()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", Verdict.OK, f"{version} on {sys.platform}, {usable_cores()} usable cores.")


def _libraries() -> Check:
    names = ("pymupdf", "pymupdf4llm", "onnxruntime", "pillow", "textual", "watchfiles")
    try:
        found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    except importlib.metadata.PackageNotFoundError as error:
        return Check("libraries", Verdict.PROBLEM, f"{error.name} is not installed.", "Install hotfolio again.")
    return Check("libraries", Verdict.OK, f"{found}.")


def _conversion_process() -> Check:
    with tempfile.TemporaryDirectory(prefix="hotfolio-doctor-") as folder:
        log = Path(folder, "forkserver.log")
        server = ForkServer(log)
        try:
            Sandbox(server, Limits()).close()
        except SandboxUnavailable as error:
            last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
            return Check(
                "conversion",
                Verdict.PROBLEM,
                f"No conversion process starts: {error} {''.join(last)}",
                "Install again.",
            )
        finally:
            server.close()
    return Check("conversion", Verdict.OK, "A conversion process starts, with its libraries loaded.")


def _ocr(settings: Settings) -> Check:
    """Which engines there are and what they read, and whether the settings ask for more."""
    tools = installed_tools()
    found = []
    if tools.rapidocr:
        found.append(f"rapidocr {tools.rapidocr} (Latin script, Chinese, Japanese)")
    if tools.tesseract:
        found.append(
            f"tesseract {tools.tesseract_version} ({', '.join(sorted(tools.tesseract_languages))})".replace("  ", " ")
        )
    choice = choose(tools, settings.ocr_engine, settings.ocr_languages)
    if not found:
        return Check("ocr", Verdict.WARNING, "No OCR engine: scanned pages have no text.", f"{INSTALL}.")
    finding = f"{', '.join(found)}."
    if choice.problem and settings.ocr is not OcrMode.NEVER:
        return Check("ocr", Verdict.WARNING, finding, choice.problem)
    return Check("ocr", Verdict.OK, finding, "" if tools.rapidocr else f"rapidocr needs no languages: {INSTALL}.")


def _inotify() -> Iterator[Check]:
    for name, few in (("max_user_watches", _FEW_WATCHES), ("max_user_instances", _FEW_INSTANCES)):
        try:
            value = int((_INOTIFY / name).read_text())
        except (OSError, ValueError):
            continue
        advice = f"sysctl fs.inotify.{name}={few * 16}" if value < few else ""
        yield Check("inotify", Verdict.WARNING if advice else Verdict.OK, f"{name} is {value}.", advice)


def _folders(settings: Settings) -> Iterator[Check]:
    try:
        check_folders(settings, watch=True)
    except SettingsError as error:
        yield Check("folders", Verdict.PROBLEM, str(error))
    for name, folder in (
        ("input", settings.input),
        ("output", settings.output),
        ("state", settings.state_folder),
    ):
        existing = nearest_existing(folder)
        shown = display_name(folder.absolute())
        if not existing.is_dir():
            yield Check(name, Verdict.PROBLEM, f"{shown}: {display_name(existing)} is not a folder.", "Move it away.")
            continue
        if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
            advice = "" if name == "input" else f"Let this user write to {display_name(existing)}."
            verdict = Verdict.WARNING if name == "input" and os.access(existing, os.R_OK | os.X_OK) else Verdict.PROBLEM
            yield Check(name, verdict, f"{shown}: no permission to write.", advice)
            continue
        kind = filesystem_type(folder) or "unknown file system"
        finding = f"{shown} on {kind}"
        if name == "input":
            yield Check(name, Verdict.OK, f"{finding}, {'polled' if is_network(folder) else 'watched'}.")
            continue
        free = shutil.disk_usage(existing).free
        verdict, advice = Verdict.OK, ""
        if free < settings.min_free:
            verdict, advice = Verdict.PROBLEM, "Make room: work pauses below min_free."
        elif name == "state" and is_network(folder):
            verdict, advice = Verdict.WARNING, "The queue needs a local disk: set HOTFOLIO_STATE."
        yield Check(name, verdict, f"{finding}, {free >> 20} MB free.", advice)


def _terminal() -> Check:
    encoding = locale.getpreferredencoding(do_setlocale=False)
    term = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return Check("terminal", Verdict.OK, "None here: hotfolio prints lines instead of the dashboard.")
    size = shutil.get_terminal_size()
    finding = f"{term or 'unknown'}, {size.columns}x{size.lines}, {encoding}."
    if "utf" not in encoding.lower():
        return Check("terminal", Verdict.WARNING, finding, "Set LANG to a UTF-8 locale for finer drawing.")
    return Check("terminal", Verdict.OK, finding)
