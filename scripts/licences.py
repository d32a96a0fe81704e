"""Whether all that hotfolio stands on may be part of an AGPL work: `python -m scripts.licences`.

Looks at what is installed: hotfolio with its optional parts for users, what they need, what those need, and what the
wheels say is compiled into them. A licence is what the metadata says in SPDX's words, or else what `licences.toml`
says, where somebody has looked. Ends with 1 if there is one that does not fit or that nobody has looked at.
"""

import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from license_expression import AND, OR, ExpressionError, LicenseWithExceptionSymbol, get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT, EXTRAS = "hotfolio", ("ocr", "cluster", "mcp", "web")
"""What is looked at: the package, and its optional parts that are for users."""
SEEN: dict[str, Any] = tomllib.loads(Path(__file__).with_name("licences.toml").read_text(encoding="utf-8"))
_SPDX = get_spdx_licensing()


class Verdict(IntEnum):
    """What becomes of a licence; of several that all hold the highest counts, of a choice the lowest."""

    FITS = 0
    UNKNOWN = 1
    UNFIT = 2


@dataclass(frozen=True)
class Part:
    """A package, or what is compiled into one; `licence` is empty if nobody has said or looked."""

    name: str
    version: str
    licence: str
    stated: bool = True
    """Whether it says so itself, and not we of it."""
    requires: tuple[str, ...] = ()
    inside: tuple["Part", ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What becomes of its own licence."""
        return judge(self.licence)


def judge(licence: str) -> Verdict:
    """What becomes of an SPDX expression, or of what claims to be one."""
    try:
        tree = _SPDX.parse(licence, validate=True)
    except ExpressionError:
        return Verdict.UNKNOWN
    return Verdict.UNKNOWN if tree is None else _judge(tree)


def _judge(tree: Any) -> Verdict:
    if isinstance(tree, AND):
        return max(_judge(part) for part in tree.args)
    if isinstance(tree, OR):
        return min(_judge(part) for part in tree.args)
    if isinstance(tree, LicenseWithExceptionSymbol):  # an exception only ever allows more
        tree = tree.license_symbol
    if tree.key in SEEN["fits"]:
        return Verdict.FITS
    return Verdict.UNFIT if tree.key in SEEN["unfit"] else Verdict.UNKNOWN


def installed(extras: tuple[str, ...] = EXTRAS) -> dict[str, Part]:
    """Every package that `ROOT` with these extras needs, by name; raises PackageNotFoundError if one is missing."""
    needed: dict[str, set[str]] = {}
    waiting = [(ROOT, extra) for extra in ("", *extras)]
    done = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in done:
            continue
        done.add((name, extra))
        requires = needed.setdefault(name, set())
        for line in distribution(name).requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                other = canonicalize_name(requirement.name)
                requires.add(other)
                waiting += [(other, wanted) for wanted in ("", *requirement.extras)]
    return {name: _part(name, needed[name]) for name in sorted(needed)}


def _part(name: str, requires: set[str]) -> Part:
    package = distribution(name)
    said = package.metadata.get("License-Expression") or package.metadata.get("License") or ""
    stated = bool(said) and not _SPDX.validate(said).errors
    licence = said if stated else SEEN["packages"].get(name, "")
    return Part(name, package.version, licence, stated, tuple(sorted(requires)), tuple(_inside(name, package)))


def _inside(name: str, package: Distribution) -> Iterator[Part]:
    """What the SBOMs in a wheel tell of (PEP 770), and what somebody has seen there besides."""
    seen: dict[str, str] = SEEN["inside"].get(name, {})
    told = {}
    for file in package.files or ():
        if "sboms" not in file.parts or file.suffix != ".json":
            continue
        for component in json.loads(file.read_text(encoding="utf-8")).get("components", ()):
            if canonicalize_name(component["name"]) != name and component.get("scope") != "excluded":
                told[component["name"], component.get("version") or ""] = _licence(component)
    for (part, version), licence in sorted(told.items()):
        yield Part(part, version, licence or seen.get(part, ""), bool(licence))
    for part in sorted(seen.keys() - {part for part, _ in told}):
        yield Part(part, "", seen[part], stated=False)


def _licence(component: dict[str, Any]) -> str:
    """The licence of a CycloneDX component as one expression."""
    licences = []
    for choice in component.get("licenses", ()):
        one = choice.get("license", {})
        licences.append(choice.get("expression") or one.get("id") or one.get("name") or "")
    return " AND ".join(f"({licence})" if len(licences) > 1 else licence for licence in licences)


def main() -> int:
    """Print the table and what is wrong; returns the exit status."""
    try:
        parts = installed()
    except PackageNotFoundError as error:
        print(f"{ROOT}[{','.join(EXTRAS)}] needs {error.name}, which is not installed here.", file=sys.stderr)
        return 2
    width = max(len(f"{part.name} {part.version}") for part in parts.values())
    for part in parts.values():
        within = f"  (+{len(part.inside)} inside)" if part.inside else ""
        print(f"{f'{part.name} {part.version}':{width}}  {part.licence or '?'}{'' if part.stated else ' *'}{within}")
    print("* as somebody has read, since its metadata does not say so in SPDX's words")
    return max((_report(part) for part in parts.values()), default=0)


def _report(part: Part) -> int:
    """Print what is wrong with a package and what is inside; returns 1 if that is not accepted."""
    status = 0
    accepted = SEEN["accepted"].get(part.name)
    for one in (part, *part.inside):
        where = "" if one is part else f" in {part.name}"
        if one.verdict is Verdict.UNKNOWN:
            print(f"\n{one.name}{where}: nobody has looked at {one.licence or 'its licence'}.")
            status = 1
        elif one.verdict is Verdict.UNFIT:
            print(f"\n{one.name}{where}: {one.licence} does not fit{f': {part.name} {accepted}' if accepted else '.'}")
            status = status or int(not accepted)
    return status


if __name__ == "__main__":
    sys.exit(main())
