"""Loads what entry points name. Whatever a plug-in does meanwhile ends in one sentence with its distribution's name."""

import importlib
from collections.abc import Iterable
from functools import cache, reduce
from typing import Any

from engine.job import plugins
from engine.job.plugins import Offer, Seam

_LONGEST = 300


class PluginFailed(Exception):
    """A plug-in is not there, cannot be loaded, or does not do what it is for; `str()` is a sentence."""


def load(seam: Seam, name: str) -> Any:
    """What there is by a name, loaded once in a process; raises `PluginFailed`."""
    offer = plugins.find(seam, name)
    if offer is None:
        raise PluginFailed(f"The {seam.label} {name} is not there: install its plug-in, or ask for another.")
    return _load(offer)


def made(seam: Seam, name: str, *arguments: Any) -> Any:
    """What is loaded, called with these; raises `PluginFailed`."""
    new = load(seam, name)
    try:
        return new(*arguments)
    except Exception as error:
        offer = plugins.find(seam, name)
        assert offer is not None
        raise PluginFailed(f"{failed(offer, 'cannot be used', error)}.") from error


def check(asked: Iterable[tuple[Seam, str]]) -> None:
    """Load all that is asked for; raises `PluginFailed` for the first that cannot be."""
    for seam, name in asked:
        load(seam, name)


def failed(offer: Offer, doing: str, error: BaseException) -> str:
    """What is said of a plug-in that has raised something while `doing` something."""
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{offer.label}: its {offer.seam.label} {offer.name} {doing} ({text[:_LONGEST]})"


@cache
def _load(offer: Offer) -> Any:
    module, _, path = offer.target.partition(":")
    try:
        return reduce(getattr, path.split("."), importlib.import_module(module))
    except (Exception, SystemExit) as error:
        raise PluginFailed(f"{failed(offer, 'cannot be loaded', error)}: install it again.") from error
