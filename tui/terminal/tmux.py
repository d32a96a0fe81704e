"""tmux: what it knows of the terminals around it, and what has it pass something on to them."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

_ASKED_S = 3.0
_SETTING, _CLIENT = "#{allow-passthrough}", "#{client_termtype}\t#{client_termfeatures}"
_CELL = "#{client_cell_width}\t#{client_cell_height}"


@dataclass(frozen=True, slots=True)
class Around:
    """What is around tmux."""

    passes_on: bool
    """Whether tmux hands on what is wrapped for it (`allow-passthrough`)."""
    terminals: tuple[str, ...]
    """What the terminals call themselves (XTVERSION), all that show this session."""
    all_have_sixels: bool
    """Whether tmux takes all of them to show sixels."""
    cell: tuple[int, int] | None
    """A cell's width and height in pixels, if known and the same in all."""


def passed_on(sequence: str) -> str:
    """A sequence as tmux hands it on to the terminal around it, which it does only with `allow-passthrough on`."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def ask_tmux(environ: Mapping[str, str] | None = None) -> Around | None:
    """What the tmux that this runs in knows; None if it is on another machine, or does not answer. Takes a moment."""
    environ = os.environ if environ is None else environ
    pane = environ.get("TMUX_PANE", "")
    if "TMUX" not in environ or not pane:
        return None
    orders = ["display-message", "-p", "-t", pane, _SETTING, ";"]
    orders += ["list-clients", "-t", pane, "-F", f"{_CLIENT}\t{_CELL}"]
    try:
        answer = subprocess.run(
            ["tmux", *orders],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASKED_S,
            check=True,
            env=environ,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return read_answer(answer)


def read_answer(answer: str) -> Around | None:
    """What the lines say that tmux has printed; None if they are none of those that it was asked for."""
    setting, *lines = answer.splitlines() or [""]
    clients = [line.split("\t") for line in lines]
    if not clients or any(len(client) != len(f"{_CLIENT}\t{_CELL}".split("\t")) for client in clients):
        return None
    cells = {tuple(int(part) if part.isdecimal() else 0 for part in client[2:]) for client in clients}
    width, height = cells.pop()
    return Around(
        passes_on=setting not in ("", "0", "off"),
        terminals=tuple(client[0] for client in clients),
        all_have_sixels=all("sixel" in client[1].split(",") for client in clients),
        cell=(width, height) if width and height and not cells else None,
    )
