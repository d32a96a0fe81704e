"""Answers what is asked most of a running engine from the JSON that it sends, without the types that this stands for.

To load these takes nine tenths of the time that such a command takes. Whatever is not plain (another option, no engine
or one of another version, a refusal, settings that have to be looked at) is left to the command itself, which says the
same: see `tui.command.verbs`.
"""

import base64
import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.base.safetext import display_name
from engine.base.sockets import connect, socket_path

_FOLDERS = {"-i": "input", "--input": "input", "-o": "output", "--output": "output", "--state-folder": "state"}
_VARIABLES = {"HOTFOLIO_INPUT": "input", "HOTFOLIO_OUTPUT": "output", "HOTFOLIO_STATE": "state"}
_JOB_PREFIX = "HOTFOLIO_JOB_"
_CONFIG, _STATE = "hotfolio.toml", ".hotfolio"
_RANGE = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?")
_WARNINGS = re.compile(r"(\d+) warnings\. ")
_DISTRIBUTION = re.compile(r"hotfolio-([^-]+)\.dist-info")
_TIMEOUT_S = 40.0
_AT_ONCE = 500
_HELD, _CANNOT_BE_HELD = "held", "Only queued and running jobs can be held."
_DONE, _FAILED = 0, 1


class _NotPlain(Exception):
    """The command itself has to see to it."""


def answer(arguments: Sequence[str]) -> int | None:
    """Print what a command says, and return its exit status; None where that is left to the command itself."""
    try:
        verb, folders, ids = _read(arguments)
        engine = _Engine(state_folder(folders))
        return _ANSWERS[verb](engine, engine.greet(), ids)
    except (_NotPlain, OSError, ValueError, LookupError, TypeError):
        return None


def _read(arguments: Sequence[str]) -> tuple[str, Mapping[str, str], Sequence[tuple[int, int]]]:
    """A command, the folders that it is given, and ranges of ids."""
    verb, *rest = arguments or [""]
    folders: dict[str, str] = {}
    ids: list[tuple[int, int]] = []
    words = iter(rest)
    for word in words:
        if word in _FOLDERS:
            folders[_FOLDERS[word]] = next(words, "")
        else:
            ids += map(_range, word.split(","))
    if verb not in _ANSWERS or (verb == "hold") > bool(ids) or (verb == "status" and ids) or "" in folders.values():
        raise _NotPlain
    return verb, folders, ids


def _range(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise _NotPlain
    first = int(found[1])
    last = int(found[2] or first)
    return min(first, last), max(first, last)


def state_folder(said: Mapping[str, str]) -> Path:
    """The state folder by the command line, variables and a settings file; raises `OSError` or `ValueError`.

    It is looked for as `engine.settings.loading` does, but for what other settings say.
    """
    found: dict[str, Any] = _of_file()
    for variable, value in os.environ.items():
        name = variable.upper()
        if name in _VARIABLES:
            found[_VARIABLES[name]] = value
        elif name.startswith("HOTFOLIO_") and not name.startswith(_JOB_PREFIX):
            raise _NotPlain
    found |= said
    if found.get("state") is not None:
        return Path(found["state"])
    from engine.base.disk import is_network

    output = Path(found.get("output", "output"))
    if is_network(output):
        raise _NotPlain
    return output / _STATE


def _of_file() -> dict[str, Any]:
    from platformdirs import user_config_path

    for file in (Path(_CONFIG), user_config_path("hotfolio") / _CONFIG):
        if file.is_file():
            import tomllib

            folder, table = file.absolute().parent, tomllib.loads(file.read_bytes().decode())
            return {name: folder / table[name] for name in ("output", "state") if name in table}
    return {}


def own_version() -> str:
    """Of hotfolio, as `importlib.metadata` says it, which takes three times as long to load as all else does here."""
    found = set()
    for folder in sys.path:
        with contextlib.suppress(OSError):
            found |= {_DISTRIBUTION.fullmatch(entry.name) for entry in os.scandir(folder or ".")}
    names = {match[1] for match in found if match is not None}
    if len(names) == 1:
        return names.pop()
    from importlib.metadata import version

    return version("hotfolio")


class _Engine:
    """An engine's socket."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket_path(folder)

    def greet(self) -> dict[str, Any]:
        """Who is there; it has to be of our version, which the meaning of all else depends on."""
        greeting: dict[str, Any] = self.ask("greet", None)
        if greeting["version"] != own_version():
            raise _NotPlain
        return greeting

    def ask(self, call: str, arguments: object) -> Any:
        """What a call returns; whatever it refuses is asked again by the command itself, which says why."""
        body = json.dumps(arguments).encode()
        head = (
            f"POST /rpc/{call} HTTP/1.0\r\nHost: hotfolio\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with connect(self._socket, _TIMEOUT_S) as channel:
            channel.sendall(head.encode() + body)
            answer = b"".join(iter(lambda: channel.recv(1 << 16), b""))
        head_, _, data = answer.partition(b"\r\n\r\n")
        if head_.split(None, 2)[1:2] != [b"200"]:
            raise _NotPlain
        return json.loads(data)

    def select(self, ids: Sequence[tuple[int, int]]) -> list[Any]:
        """Jobs by ranges of ids, or all of them."""
        found: list[Any] = self.ask("select", {"ids": ids or None, "states": None})
        return found


def _ls(engine: _Engine, greeting: dict[str, Any], ids: Sequence[tuple[int, int]]) -> int:
    from tui.command.job_text import job_rows

    rows = job_rows([_job(entry) for entry in engine.select(ids)])
    sys.stdout.write("".join(f"{row}\n" for row in rows))
    return _DONE


def _job(entry: dict[str, Any]) -> Any:
    """What a row tells of a job."""
    job = SimpleNamespace(**entry["job"])
    job.name = display_name(os.fsdecode(base64.b64decode(job.source["path"])))
    counted = _WARNINGS.match(job.reason or "")
    job.warnings = (int(counted[1]) if counted else 1) if job.state == "done" and job.reason else 0
    job.seconds = None
    if job.started and job.finished:
        from datetime import datetime

        job.seconds = (datetime.fromisoformat(job.finished) - datetime.fromisoformat(job.started)).total_seconds()
    return SimpleNamespace(job=job, pages_done=entry["pages_done"])


def _status(engine: _Engine, greeting: dict[str, Any], ids: Sequence[tuple[int, int]]) -> int:
    from tui.command.job_text import engine_lines

    vitals, settings = engine.ask("vitals", {}), json.loads(greeting["settings"])
    lines = engine_lines(
        SimpleNamespace(version=greeting["version"], pid=greeting["pid"], settings=SimpleNamespace(**settings)),
        SimpleNamespace(
            is_paused=vitals["is_paused"],
            totals=SimpleNamespace(**vitals["totals"]),
            banners=[SimpleNamespace(**banner) for banner in vitals["banners"]],
        ),
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return _DONE


def _hold(engine: _Engine, greeting: dict[str, Any], ids: Sequence[tuple[int, int]]) -> int:
    from tui.command.job_text import told

    chosen = [entry["job"]["id"] for entry in engine.select(ids)]
    changed: list[int] = []
    for first in range(0, len(chosen), _AT_ONCE):
        changed += engine.ask("hold", {"job_ids": chosen[first : first + _AT_ONCE]})
    if not changed:
        print(_CANNOT_BE_HELD if chosen else "There is no such job.", file=sys.stderr)
        return _FAILED
    print(told(changed, _HELD))
    return _DONE


_ANSWERS: dict[str, Callable[[_Engine, dict[str, Any], Sequence[tuple[int, int]]], int]] = {
    "ls": _ls,
    "status": _status,
    "hold": _hold,
}
