"""Pages that take their time, but not the processor's: for what is to happen while they are converted."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

_SECONDS, _SIGN = "PATIENCE_SECONDS", "PATIENCE_SIGN"


def patient(folder: Path, seconds: float = 0.5) -> dict[str, str]:
    """The environment in which each page takes so long, until `hurry` is called; `folder` is one of the test's.

    It is for programs that are forked (`tests.e2e.forked`).
    """
    return {_SECONDS: str(seconds), _SIGN: str(_sign(folder))}


def hurry(folder: Path, *, on: bool = True) -> None:
    """Have pages take no longer than they need from now on, or as long as before again."""
    if on:
        _sign(folder).touch()
    else:
        _sign(folder).unlink()


def slow_down(environment: Mapping[str, str]) -> None:
    """Have the conversion processes that are forked from this one be as patient as they are told to."""
    if _SECONDS not in environment:
        return
    from engine.convert.open.context import PageContext  # what loads it is for conversion processes

    begin = PageContext.begin

    def begin_slowly(page: PageContext) -> None:
        begin(page)
        # What is read a second time, as plain text, is in a hurry.
        if not page.text_only and not os.path.exists(environment[_SIGN]):  # noqa: PTH110 - which no sandbox forbids
            time.sleep(float(environment[_SECONDS]))

    PageContext.begin = begin_slowly  # type: ignore[method-assign]


def _sign(folder: Path) -> Path:
    return folder / ".hurry"
