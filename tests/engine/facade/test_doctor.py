"""What the doctor says of the backend, of what holds its processes, and of a vision model documents are sent to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cluster import supervisor
from engine.facade import doctor
from engine.facade.doctor import Check, Verdict, _cluster, _confinement, _layout_model, _office, _vision_models, examine
from engine.job.options import VLM_KEY
from engine.sandbox import confinement
from engine.sandbox.backend import MakeBackend, Workplace
from engine.sandbox.confinement import Confinement
from engine.sandbox.local import LocalBackend
from engine.sandbox.officetools import OfficeTools
from engine.settings.profiles import Profile
from engine.settings.settings import Settings
from tests.backends import local_backend
from tests.engine.convert.vlm_server import KEY, MODEL, VisionServer


@pytest.fixture
def server() -> Iterator[VisionServer]:
    server = VisionServer()
    yield server
    server.close()


def only(settings: Settings) -> Check:
    (check,) = _vision_models(settings)
    return check


def test_it_is_said_what_libreoffice_lacks_of_what_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed_office", lambda: OfficeTools(None))
    nothing = _office()
    assert nothing.verdict is Verdict.WARNING
    assert nothing.advice.count("LibreOffice is not installed") == 1
    for name in ("libswlo.so", "libsclo.so", "libsdlo.so"):
        (tmp_path / name).touch()
    monkeypatch.setattr(doctor, "installed_office", lambda: OfficeTools(tmp_path))
    assert _office() == Check("office", Verdict.OK, "LibreOffice opens DOCX, XLSX, PPTX, ODT.")


def test_nothing_is_said_where_no_document_is_sent_to_one(server: VisionServer) -> None:
    assert not list(_vision_models(Settings(vlm_url=server.url)))
    assert not list(_vision_models(Settings(vlm_url=server.url, converter="vlm", formats=["png"])))


def test_a_server_with_the_model_is_fine(server: VisionServer) -> None:
    check = only(Settings(vlm_url=server.url, converter="vlm", vlm_model=MODEL))
    assert (check.verdict, check.finding) == (Verdict.OK, f"{MODEL} at {server.url}.")


def test_the_model_of_a_profile_is_looked_at_too(server: VisionServer) -> None:
    profile = Profile(options={"converter": "vlm", "vlm_url": server.url, "vlm_model": "other"})
    check = only(Settings(profiles={"scans": profile}))
    assert check.verdict is Verdict.PROBLEM
    assert (check.finding, check.advice) == (f"{server.url} has no model other.", f"Set vlm_model; there is {MODEL}.")


def test_a_server_that_is_not_there_or_is_another_is_a_problem(server: VisionServer) -> None:
    other = only(Settings(vlm_url=f"{server.url}/v2", converter="vlm"))
    assert (other.verdict, "not with a list of models (404)" in other.finding) == (Verdict.WARNING, True)
    server.close()
    gone = only(Settings(vlm_url=server.url, converter="vlm"))
    assert gone.verdict is Verdict.PROBLEM
    assert "refused" in gone.finding


def test_a_key_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch, server: VisionServer) -> None:
    monkeypatch.setenv(VLM_KEY, f"{KEY}ü")
    check = only(Settings(vlm_url=server.url, converter="vlm"))
    assert check.verdict is Verdict.PROBLEM
    assert KEY not in json.dumps([check.finding, check.advice])


def test_prompts_that_are_not_there_are_a_problem(tmp_path: Path, server: VisionServer) -> None:
    check = only(Settings(vlm_url=server.url, converter="vlm", vlm_prompts=tmp_path / "none.toml"))
    assert (check.verdict, check.advice) == (Verdict.PROBLEM, "Set vlm_prompts.")


# --- what converts ---


def conversion(settings: Settings, backend: MakeBackend | None = None) -> Check:
    (check,) = [check for check in examine(settings, backend) if check.name == "conversion"]
    return check


def test_a_backend_that_starts_is_fine(tmp_path: Path) -> None:
    assert conversion(Settings(output=tmp_path), local_backend).verdict is Verdict.OK


def test_what_a_backend_does_not_hold_to_is_told(tmp_path: Path) -> None:
    check = conversion(Settings(output=tmp_path, backend="in-memory"))
    assert (check.verdict, check.advice) == (Verdict.WARNING, "Set backend to local.")
    assert "isolation" in check.finding
    assert "memory limit" in check.finding


def test_a_backend_that_is_not_installed_is_a_problem(tmp_path: Path) -> None:
    check = conversion(Settings(output=tmp_path, backend="nowhere"))
    assert check.verdict is Verdict.PROBLEM
    assert check.finding.startswith("There is no backend nowhere; there is ")


def test_the_head_of_a_cluster_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "needs", lambda: None)
    settings = Settings(output=tmp_path / "output", state=tmp_path, backend="cluster")
    check = _cluster(settings)
    assert (check.verdict, check.advice) == (Verdict.PROBLEM, "Make one with hotfolio cluster init.")
    place = tmp_path / "cluster" / "cluster.json"
    place.parent.mkdir()
    place.touch(0o600)
    place.write_text('{"scheduler": "tls://127.0.0.1:8786"}')
    check = _cluster(settings)
    assert (check.verdict, "tls://127.0.0.1:8786" in check.finding) == (Verdict.OK, True)
    place.write_text('{"scheduler": "tls://192.0.2.1:8786"}')  # RFC 5737: nobody's
    check = _cluster(settings)
    assert (check.verdict, "cannot listen at 192.0.2.1" in check.finding) == (Verdict.PROBLEM, True)
    place.write_text('{"scheduler": "tls://192.0.2.1:8786", "own": false}')
    assert _cluster(settings).verdict is Verdict.OK
    place.write_text("{}")
    assert _cluster(settings).verdict is Verdict.PROBLEM


def test_a_backend_that_does_not_start_is_a_problem(tmp_path: Path) -> None:
    def broken(workplace: Workplace) -> LocalBackend:
        return LocalBackend(workplace, program="engine.no_such_module")

    check = conversion(Settings(output=tmp_path), broken)
    assert check.verdict is Verdict.PROBLEM
    assert check.finding.startswith("No conversion process starts: ")
    assert "No module named engine.no_such_module" in check.finding


def test_what_holds_conversion_processes_is_said_with_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(held: Confinement) -> Check:
        monkeypatch.setattr(confinement, "look", lambda: held)
        return _confinement()

    assert said(Confinement(7, True, True)).verdict is Verdict.OK
    older = said(Confinement(4, True, True))
    assert older.verdict is Verdict.WARNING
    assert "scopes (Linux 6.12)" in older.finding
    assert "a filter of system calls" not in older.finding
    assert "a filter of system calls" in said(Confinement(0, False, True)).finding


def test_a_machine_that_refuses_to_hold_processes_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> Confinement:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(confinement, "look", look)
    check = _confinement()
    assert check.verdict is Verdict.WARNING
    assert "not here" in check.finding


def test_another_layout_model_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _layout_model().verdict is Verdict.OK

    monkeypatch.setattr(doctor, "known_folder", lambda: None)

    assert _layout_model().verdict is Verdict.WARNING
    assert "later" in _layout_model().finding
