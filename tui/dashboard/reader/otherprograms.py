"""Programs that take the terminal for a while: the person's editor and pager."""

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import Sequence
from typing import Any

from textual.app import App, SuspendNotSupported

from engine.base.errors import HotfolioError


def editor() -> list[str]:
    """What `VISUAL` or `EDITOR` names, in words; raises `HotfolioError` if neither can be used."""
    return _command("VISUAL") or _command("EDITOR") or _missing("Neither VISUAL nor EDITOR is set.")


def pager() -> list[str]:
    """What `PAGER` names, or `less`; raises `HotfolioError` if there is none."""
    found = _command("PAGER")
    if found:
        return found
    usual = next((name for name in ("less", "more") if shutil.which(name)), None)
    return [usual] if usual else _missing("PAGER is not set, and there is no less.")


def _command(variable: str) -> list[str]:
    try:
        words = shlex.split(os.environ.get(variable, ""))
    except ValueError:
        words = []
    return words


def _missing(sentence: str) -> list[str]:
    raise HotfolioError(sentence)


async def run_outside(app: App[Any], command: Sequence[str]) -> None:
    """Leave the terminal to a program until it ends. Raises `HotfolioError` if it cannot be started, or fails.

    The loop goes on meanwhile, so that a signal ends the dashboard as ever; nothing is drawn.
    """
    # What Ctrl+C sends to all who share the terminal is for the program; it gets the usual handling back by its exec.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with app.suspend(), app.batch_update():
            try:
                process = await asyncio.create_subprocess_exec(*command)
                status = await process.wait()
            except OSError as error:
                raise HotfolioError(f"{command[0]} cannot be started: {error.strerror}.") from error
    except SuspendNotSupported as error:
        raise HotfolioError("This terminal cannot be left to another program.") from error
    finally:
        signal.signal(signal.SIGINT, before)
    if status:
        raise HotfolioError(f"{command[0]} has ended with status {status}.")
