"""What hotfolio stands on is listed whole, with a licence that somebody has looked at."""

import json
import tomllib
from importlib.util import find_spec

import pytest
from license_expression import get_spdx_licensing

from scripts import licences
from scripts.licences import EXTRAS, ROOT, SEEN, Part, Verdict, installed, judge
from scripts.sbom import sbom
from tests import places


@pytest.fixture(scope="module")
def parts() -> dict[str, Part]:
    # Without a cluster's, an assistant's and a browser's: `make test` installs none of it, and `make sbom` all.
    library = {"cluster": "distributed", "mcp": "mcp", "web": "textual_serve"}
    return installed(tuple(extra for extra in EXTRAS if extra not in library or find_spec(library[extra])))


def test_every_dependency_has_a_licence_that_fits(parts: dict[str, Part]) -> None:
    assert {name: part.licence for name, part in parts.items() if part.verdict is not Verdict.FITS} == {}
    assert {"hotfolio", "pymupdf", "textual", "rapidocr", "h11"} <= parts.keys()  # needed by what is needed too
    assert not {"pytest", "ruff", "hypothesis"} & parts.keys()


def test_what_is_looked_at_is_all_that_users_can_install() -> None:
    project = tomllib.loads((places.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["optional-dependencies"]) - {"dev", "fuzz", "mutants", "release"} == set(EXTRAS)


def test_what_was_looked_at_has_names_that_spdx_knows() -> None:
    spdx = get_spdx_licensing()
    inside = [licence for found in SEEN["inside"].values() for licence in found.values()]
    named = [*SEEN["fits"], *SEEN["unfit"], *SEEN["packages"].values(), *inside]
    assert [licence for licence in named if spdx.validate(licence).errors] == []
    assert not set(SEEN["fits"]) & set(SEEN["unfit"])


@pytest.mark.parametrize(
    ("licence", "verdict"),
    [
        ("MIT", Verdict.FITS),
        ("MIT AND (Apache-2.0 OR GPL-2.0-only)", Verdict.FITS),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", Verdict.FITS),
        ("MIT AND GPL-2.0-only", Verdict.UNFIT),
        ("OpenSSL", Verdict.UNFIT),
        ("MIT AND Watcom-1.0", Verdict.UNKNOWN),
        ("MIT License", Verdict.UNKNOWN),
        ("MIT AND", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
    ],
)
def test_a_licence_is_judged(licence: str, verdict: Verdict) -> None:
    assert judge(licence) is verdict


@pytest.mark.parametrize(
    ("part", "status", "sentence"),
    [
        (Part("a", "1", "MIT"), 0, "a 1  MIT"),
        (Part("a", "1", ""), 1, "a: nobody has looked at its licence."),
        (Part("a", "1", "Watcom-1.0"), 1, "a: nobody has looked at Watcom-1.0."),
        (Part("a", "1", "SSPL-1.0"), 1, "a: SSPL-1.0 does not fit."),
        (Part("a", "1", "MIT", inside=(Part("b", "2", "OpenSSL"),)), 1, "b in a: OpenSSL does not fit."),
        (Part("known", "1", "MIT", inside=(Part("b", "2", "OpenSSL"),)), 0, "does not fit: known is elsewhere."),
    ],
)
def test_what_does_not_fit_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], part: Part, status: int, sentence: str
) -> None:
    monkeypatch.setitem(SEEN, "accepted", {"known": "is elsewhere."})
    monkeypatch.setattr(licences, "installed", lambda: {part.name: part})
    assert licences.main() == status
    assert sentence in capsys.readouterr().out


def test_the_list_has_every_package_and_who_needs_it(monkeypatch: pytest.MonkeyPatch, parts: dict[str, Part]) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    text = sbom(parts)
    assert sbom(parts) == text
    bom = json.loads(text)
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert bom["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    components = {component["name"]: component for component in [bom["metadata"]["component"], *bom["components"]]}
    assert components.keys() == parts.keys()
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in bom["dependencies"]}
    for name, part in parts.items():
        component = components[name]
        assert component["purl"].endswith(f"/{name}@{part.version}")
        assert component["licenses"]
        assert len(component.get("components", [])) == len(part.inside)
        assert sorted(needs[component["bom-ref"]]) == sorted(components[other]["bom-ref"] for other in part.requires)
    assert bom["metadata"]["component"]["name"] == ROOT
