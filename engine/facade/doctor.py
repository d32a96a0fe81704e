"""Examines the machine: what hotfolio needs, what is missing, and what to do about it."""

import importlib.metadata
import locale
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from engine.base.disk import filesystem_type, is_network, nearest_existing
from engine.base.errors import SandboxUnavailable, SettingsError
from engine.base.safetext import display_name, display_text
from engine.job import plugins
from engine.job.kinds import label
from engine.job.options import OFFICE, VLM_KEY, ConvertOptions, OcrMode, vlm_address
from engine.sandbox import confinement
from engine.sandbox.backend import Capability, Limits, MakeBackend
from engine.sandbox.capabilities import INSTALL, choose, installed_tools
from engine.sandbox.layoutfiles import known_folder
from engine.sandbox.officetools import installed_office
from engine.sandbox.registry import make_backend
from engine.settings.passwords import passwords_problem
from engine.settings.settings import WEBHOOK_VARIABLES, Settings, usable_cores
from engine.settings.statefolder import check_folders
from engine.settings.workplace import workplace_of

_INOTIFY = Path("/proc/sys/fs/inotify")
_FEW_WATCHES = 8192
_FEW_INSTANCES = 16
_MODEL_TIMEOUT_S = 3.0
PROGRAM = "engine.convert.plugins.checking"
"""By its name alone, as the fork server's program is: it loads what has no place in this process."""
_PLUGIN_TIMEOUT_S = 60.0
CLUSTER = "cluster"
"""The backend that has other machines."""


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


def examine(settings: Settings, backend: MakeBackend | None = None) -> Iterator[Check]:
    """Check everything, quick things first; `backend` as for `Engine`."""
    yield _python()
    yield _libraries()
    wanted = backend or settings.backend
    yield _conversion(settings, "local" if wanted == CLUSTER else wanted)
    if wanted == CLUSTER:
        yield _cluster(settings)
    yield _confinement()
    yield _layout_model()
    yield _ocr(settings)
    if settings.office:
        yield _office()
    yield from _plugins()
    yield from _vision_models(settings)
    yield from _inotify()
    yield from _folders(settings)
    yield from _passwords(settings)
    yield _terminal()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", Verdict.OK, f"{version} on {sys.platform}, {usable_cores()} usable cores.")


def _libraries() -> Check:
    names = ("pymupdf", "pymupdf4llm", "onnxruntime", "pillow", "textual")
    try:
        found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    except importlib.metadata.PackageNotFoundError as error:
        return Check("libraries", Verdict.PROBLEM, f"{error.name} is not installed.", "Install hotfolio again.")
    return Check("libraries", Verdict.OK, f"{found}.")


def _conversion(settings: Settings, backend: str | MakeBackend) -> Check:
    with tempfile.TemporaryDirectory(prefix="hotfolio-doctor-") as folder:
        try:
            made = make_backend(backend, replace(workplace_of(settings), state_folder=Path(folder)))
        except SettingsError as error:
            return Check("conversion", Verdict.PROBLEM, str(error), "Set backend, or install it again.")
        try:
            made.open(Limits()).close()
        except SandboxUnavailable as error:
            log = Path(folder, "forkserver.log")
            last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
            return Check(
                "conversion",
                Verdict.PROBLEM,
                f"No conversion process starts: {error} {''.join(last)}",
                "Install again.",
            )
        finally:
            made.close()
    if lacking := set(Capability) - made.capabilities:
        words = ", ".join(sorted(lacking)).replace("_", " ")
        return Check(
            "conversion", Verdict.WARNING, f"Documents are converted without: {words}.", "Set backend to local."
        )
    return Check("conversion", Verdict.OK, "A conversion process starts, with its libraries loaded.")


def _cluster(settings: Settings) -> Check:
    """Whether this machine can be the head of a cluster."""
    from engine.cluster.joining import read_plan
    from engine.cluster.supervisor import needs

    try:
        needs()
        plan = read_plan(settings.state_folder)
    except SettingsError as error:
        return Check(CLUSTER, Verdict.PROBLEM, str(error))
    if plan is None:
        return Check(CLUSTER, Verdict.PROBLEM, "There is no cluster yet.", "Make one with hotfolio cluster init.")
    if plan.own and (away := _is_elsewhere(plan.host)):
        return Check(CLUSTER, Verdict.PROBLEM, away, "Make another cluster, with --host set to one of this machine's.")
    who = "the engine's own scheduler" if plan.own else "somebody else's scheduler"
    first, last = plan.node_ports
    return Check(
        CLUSTER, Verdict.OK, f"Nodes find {who} at {plan.scheduler}, and are reached on their ports {first} to {last}."
    )


def _is_elsewhere(host: str) -> str:
    """A sentence if no program of this machine can listen there; empty if one can."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError as error:
        return f"The cluster's scheduler cannot listen at {display_name(host)}: {error.strerror}."
    return ""


def _confinement() -> Check:
    """What keeps a conversion process to its own document here."""
    try:
        held = confinement.look()
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(
            "confinement",
            Verdict.WARNING,
            f"Conversion processes cannot be held to their document: {error}",
            "Convert documents of strangers in a container or a virtual machine.",
        )
    if held.lacks:
        return Check(
            "confinement",
            Verdict.WARNING,
            f"Conversion processes are held to their document, but without {' and without '.join(held.lacks)}.",
            "A newer Linux has it.",
        )
    return Check(
        "confinement",
        Verdict.OK,
        f"Conversion processes are held to their document (Landlock {held.landlock}, system calls, limits).",
    )


def _layout_model() -> Check:
    """Whether pages are laid out by the short ways that come to the same boxes, or all by the library's own."""
    if known_folder() is None:
        return Check(
            "layout model",
            Verdict.WARNING,
            "The layout model is not the one that hotfolio knows short ways for: pages come out as good, but later.",
            "Install the newest hotfolio, or PyMuPDF 2.0.",
        )
    return Check("layout model", Verdict.OK, "The layout model is known, and run at a part of its cost.")


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


def _office() -> Check:
    """Whether files of office programs can be made PDFs, which the settings ask for."""
    tools = installed_office()
    problem = " ".join(dict.fromkeys(filter(None, map(tools.problem, sorted(OFFICE)))))
    kinds = ", ".join(map(label, tools.kinds)) or "no files of office programs"
    return Check("office", Verdict.WARNING if problem else Verdict.OK, f"LibreOffice opens {kinds}.", problem)


def _plugins() -> Iterator[Check]:
    """What others have added, and whether a conversion process could load it; this one never does."""
    for problem in plugins.problems():
        yield Check("plug-in", Verdict.WARNING, problem, "Install a version of it that fits.")
    for offer in plugins.plugins():
        command = [sys.executable, "-P", "-m", PROGRAM, offer.key]
        environment = {name: value for name, value in os.environ.items() if name.upper() not in WEBHOOK_VARIABLES}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", env=environment, timeout=_PLUGIN_TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            problem = f"{offer.label}: its {offer.seam.label} {offer.name} takes long to be loaded."
        else:
            last = done.stdout.strip().splitlines()[-1:] if done.returncode == 1 else []
            ended = f"{offer.label}: its {offer.seam.label} {offer.name} ends the process that loads it."
            problem = display_text("".join(last)) or ended if done.returncode else ""
        if problem:
            yield Check("plug-in", Verdict.PROBLEM, problem, "Install it again, or do without it.")
        else:
            yield Check("plug-in", Verdict.OK, f"{offer.label} has the {offer.seam.label} {offer.name}.")


def _vision_models(settings: Settings) -> Iterator[Check]:
    """Each server that some document may be sent to."""
    asked = {(options.vlm_url, options.vlm_model): options for options in settings.all_options if options.asks_model}
    for options in asked.values():
        yield _vision_model(options)


def _vision_model(options: ConvertOptions) -> Check:
    import httpx  # only where there is something to ask

    name, place = "vision model", display_name(options.vlm_url)
    if options.vlm_prompts is not None and not os.access(options.vlm_prompts, os.R_OK):
        file = display_name(options.vlm_prompts)
        return Check(name, Verdict.PROBLEM, f"{file}: the prompts cannot be read.", "Set vlm_prompts.")
    key = os.environ.get(VLM_KEY, "").strip()
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = httpx.get(vlm_address(options.vlm_url, "models"), headers=headers, timeout=_MODEL_TIMEOUT_S)
        models = [str(model["id"]) for model in answer.json()["data"]] if answer.status_code == 200 else []
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        why = display_name(why.replace(key, "…") if key else why)
        return Check(name, Verdict.PROBLEM, f"{place}: {why}", "Start the server, or set vlm_url.")
    except (ValueError, KeyError, TypeError, RecursionError):
        models = []
    if answer.status_code in (401, 403):
        return Check(name, Verdict.PROBLEM, f"{place} refuses the key ({answer.status_code}).", f"Set {VLM_KEY}.")
    if models and options.vlm_model not in models:
        there = display_name(", ".join(models[:5]))
        finding = f"{place} has no model {display_name(options.vlm_model)}."
        return Check(name, Verdict.PROBLEM, finding, f"Set vlm_model; there is {there}.")
    if not models:
        finding = f"{place} answers, but not with a list of models ({answer.status_code})."
        return Check(name, Verdict.WARNING, finding, "See whether vlm_url is where the API begins.")
    return Check(name, Verdict.OK, f"{display_name(options.vlm_model)} at {place}.")


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


def _passwords(settings: Settings) -> Iterator[Check]:
    if settings.passwords_file is not None:
        problem = passwords_problem(settings.passwords_file)
        found = f"{display_name(settings.passwords_file)} can be used."
        yield Check("passwords", Verdict.OK if problem is None else Verdict.PROBLEM, problem or found)


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
