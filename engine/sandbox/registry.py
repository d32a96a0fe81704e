"""Backends by name: found among the entry points of what is installed, and loaded one at a time."""

from importlib.metadata import EntryPoint, entry_points

from engine.base.errors import SettingsError
from engine.base.safetext import display_name
from engine.sandbox.backend import Backend, MakeBackend, Workplace

GROUP = "hotfolio.backend"
"""The group of entry points; each names a `MakeBackend`."""


def known_backends() -> dict[str, str]:
    """The names of all backends that are installed, each with its distribution's; loads none of them."""
    return {point.name: _distribution(point) for point in entry_points(group=GROUP)}


def make_backend(wanted: str | MakeBackend, workplace: Workplace) -> Backend:
    """The backend of this name, or the one that `wanted` makes.

    Raises `SettingsError` if there is none of the name, several, or it cannot be loaded or made.
    """
    if not isinstance(wanted, str):
        return wanted(workplace)
    name, found = display_name(wanted), [*entry_points(group=GROUP, name=wanted)]
    if not found:
        known = ", ".join(map(display_name, sorted(known_backends())))
        raise SettingsError(
            f"There is no backend {name}; there is {known}."
            if known
            else f"There is no backend {name}, nor any other: install hotfolio again, as it is older than this code."
        )
    if len(found) > 1:
        several = ", ".join(sorted(map(_distribution, found)))
        raise SettingsError(f"There is more than one backend {name}: {several}. Uninstall all but one.")
    (point,) = found
    try:
        make: MakeBackend = point.load()
        return make(workplace)
    except Exception as error:  # whatever an extension raises, it costs one sentence
        why = display_name(" ".join(str(error).split()) or type(error).__name__)
        raise SettingsError(f"The backend {name} of {_distribution(point)} cannot be used: {why}") from error


def _distribution(point: EntryPoint) -> str:
    return display_name(point.dist.name) if point.dist is not None else "an unknown distribution"
