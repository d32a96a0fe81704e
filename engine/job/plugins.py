"""What can be plugged in: formats, ways to read a page and OCR engines, by the metadata of what is installed.

An entry point says all that the engine has to know, as in `rst = "hotfolio_rst:RstFile [v1, blocks, text.x-rst]"`: a
name, what conversion processes load, and in brackets the version of this seam and facts. So nothing is imported here.
hotfolio's own come in by the same door: the entry points of its distribution, which are in `pyproject.toml`.
"""

import contextlib
import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from engine.base.safetext import display_text

VERSION = 1
"""Of the seam. It grows when a plug-in that was made for the one before could not be used any more."""
OWN = "hotfolio"
"""The distribution whose offers are not looked for among plug-ins."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_VALUE = re.compile(r"([\w.]+:[\w.]+)\s*(?:\[([^\]]*)\])?\s*")
_LONGEST = 60
_on_trust: ContextVar[bool] = ContextVar("on_trust", default=False)


class Seam(StrEnum):
    """What can be added; the name of a group of entry points."""

    FORMAT = "hotfolio.format"
    READER = "hotfolio.reader"
    OCR = "hotfolio.ocr"

    @property
    def label(self) -> str:
        """As part of a sentence."""
        return {Seam.FORMAT: "format", Seam.READER: "reader", Seam.OCR: "OCR engine"}[self]


_FACTS = {
    Seam.FORMAT: re.compile(
        r"blocks|page|document|library|paged|suffix\.[\w.-]+|(?:text|application|image|audio|video|model)\.[\w.-]+"
    ),
    Seam.READER: re.compile(r"(?!)"),  # none
    Seam.OCR: re.compile(r"[A-Za-z_]{2,20}"),
}
_RESERVED = {Seam.FORMAT: frozenset[str](), Seam.READER: frozenset[str](), Seam.OCR: frozenset({"auto"})}
"""Words that say something else where a name could stand."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry point: something by a name, and whose it is."""

    seam: Seam
    name: str
    target: str
    """`module:object`, for conversion processes to load."""
    facts: tuple[str, ...]
    distribution: str
    version: str
    """The distribution's."""

    @property
    def key(self) -> str:
        """Its seam and name, by which it is found."""
        return f"{self.seam}:{self.name}"

    @property
    def is_own(self) -> bool:
        """It is hotfolio's."""
        return self.distribution == OWN

    @property
    def label(self) -> str:
        """Whose it is, to begin a sentence with."""
        return f"{self.distribution} {self.version}"


class NotOffered(ValueError):
    """There is nothing by a name; `str()` is part of a sentence that names what there is."""


def find(seam: Seam, name: str) -> Offer | None:
    """What there is by a name; plug-ins are looked for, once in a process, only if it is none of hotfolio's own."""
    return _own()[seam].get(name) or _installed().offers[seam].get(name)


def own(seam: Seam) -> Mapping[str, Offer]:
    """What hotfolio brings along, by name."""
    return _own()[seam]


def offers(seam: Seam) -> tuple[Offer, ...]:
    """Everything there is, hotfolio's own first."""
    return (*_own()[seam].values(), *_installed().offers[seam].values())


def plugins() -> tuple[Offer, ...]:
    """Everything that others have brought."""
    return tuple(offer for seam in Seam for offer in _installed().offers[seam].values())


def problems() -> tuple[str, ...]:
    """What is wrong with entry points that cannot be used, a sentence each."""
    return tuple(_installed().refused.values())


@contextlib.contextmanager
def on_trust() -> Iterator[None]:
    """Within it nothing is required: names were checked where they come from, and may be of what is installed there."""
    before = _on_trust.set(True)
    try:
        yield
    finally:
        _on_trust.reset(before)


def require(seam: Seam, names: Iterable[str]) -> None:
    """Raise `NotOffered` unless there is something by each of these names."""
    if _on_trust.get():
        return
    for name in names:
        if name in _RESERVED[seam] or find(seam, name):
            continue
        if (problem := _installed().refused.get((seam, name))) is not None:
            raise NotOffered(problem.rstrip("."))
        known = ", ".join((*_RESERVED[seam], *(offer.name for offer in offers(seam))))
        raise NotOffered(f"there is no {seam.label} {display_text(name[:_LONGEST])}; there is {known}")


@dataclass(frozen=True, slots=True)
class _Installed:
    """What the distributions of others offer."""

    offers: Mapping[Seam, dict[str, Offer]]
    refused: dict[tuple[Seam, str], str]


@cache
def _own() -> Mapping[Seam, Mapping[str, Offer]]:
    """By the project file in a checkout, since what was installed from it may be of an older one."""
    file = Path(__file__).parents[2] / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}) if file.is_file() else {}
    if project.get("name") == OWN:
        version, groups = str(project["version"]), project.get("entry-points", {})
        entries = [(seam, name, value) for seam in Seam for name, value in groups.get(seam, {}).items()]
    else:
        distribution = importlib.metadata.distribution(OWN)
        version = distribution.version
        entries = [(Seam(e.group), e.name, e.value) for e in distribution.entry_points if e.group in set(Seam)]
    found: dict[Seam, dict[str, Offer]] = {seam: {} for seam in Seam}
    for seam, name, value in entries:
        found[seam][name] = _offer(seam, name, value, OWN, version)
    return found


@cache
def _installed() -> _Installed:
    """Plug-ins of this environment: about 10 ms of looking through everything that is installed."""
    found: dict[Seam, dict[str, Offer]] = {seam: {} for seam in Seam}
    refused: dict[tuple[Seam, str], str] = {}
    for distribution, version, entries in sorted(_distributions(), key=lambda found: found[0]):
        for entry in entries:
            seam, name = Seam(entry.group), entry.name
            try:
                offer = _offer(seam, name, entry.value, distribution, version)
                holder = own(seam).get(name) or found[seam].get(name)
                if holder is not None:
                    raise NotOffered(f"cannot have a {seam.label} called {name}, since {holder.label} has one")
                if name in _RESERVED[seam]:
                    raise NotOffered(f"cannot have a {seam.label} called {name}, which means something else")
            except NotOffered as error:
                refused.setdefault((seam, name), display_text(f"{distribution} {version} {error}."))
            else:
                found[seam][name] = offer
    return _Installed(found, refused)


def _distributions() -> Iterator[tuple[str, str, list[importlib.metadata.EntryPoint]]]:
    """Name, version and entry points of each distribution of others that has some for hotfolio."""
    seen = {OWN}
    for distribution in importlib.metadata.distributions():
        try:
            if "[hotfolio." not in (distribution.read_text("entry_points.txt") or ""):
                continue  # before its metadata is read, which takes most of the time
            name, version = str(distribution.metadata["Name"]), str(distribution.version)
            entries = [entry for entry in distribution.entry_points if entry.group in set(Seam)]
        except Exception:  # noqa: BLE001 - whatever is broken about a distribution, it is none that can be used
            continue
        if re.sub(r"[-_.]+", "-", name).lower() not in seen:  # the first on the path is the one that is imported
            seen.add(re.sub(r"[-_.]+", "-", name).lower())
            yield name, version, entries


def _offer(seam: Seam, name: str, value: str, distribution: str, version: str) -> Offer:
    """An entry point's offer; raises `NotOffered` if it cannot be used, with the rest of a sentence about it."""
    what = f"its {seam.label} {display_text(name[:_LONGEST])}"
    if not _NAME.fullmatch(name):
        raise NotOffered(f"has a {seam.label} with a name that cannot be used ({what.rpartition(' ')[2]})")
    found = _VALUE.fullmatch(value)
    if found is None:
        raise NotOffered(f"does not say what is to be loaded for {what}")
    version_fact, *facts = [fact.strip() for fact in (found[2] or "").split(",")]
    if not re.fullmatch(r"v\d+", version_fact):
        raise NotOffered(f"does not say which version of plug-ins {what} is made for, as in [v{VERSION}]")
    if version_fact != f"v{VERSION}":
        raise NotOffered(f"has made {what} for version {version_fact[1:]} of plug-ins, and this is version {VERSION}")
    unknown = [fact for fact in facts if not _FACTS[seam].fullmatch(fact)]
    if unknown:
        raise NotOffered(f"says of {what} what is not known here: {', '.join(unknown)}")
    return Offer(seam, name, found[1], tuple(facts), distribution, version)
