"""Backends that are installed: found by their entry points, and loaded by name."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.sandbox.backend import Workplace
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.local import LocalBackend
from engine.sandbox.registry import known_backends, make_backend
from engine.settings.settings import Settings
from tests.engine.sandbox.conformance import document

OURS = """
from engine.sandbox.inmemory import InMemoryBackend

class Backend(InMemoryBackend):
    slots = 1
"""


def install(folder: Path, name: str, target: str, distribution: str = "acme-backends") -> None:
    """Put a distribution there that has this one entry point."""
    made = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text(f"[hotfolio.backend]\n{name} = {target}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where distributions can be installed."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, tmp_path / "jobs")


def test_the_own_backends_come_in_by_the_same_door(workplace: Workplace) -> None:
    assert {"local": "hotfolio", "in-memory": "hotfolio"}.items() <= known_backends().items()
    assert isinstance(make_backend("local", workplace), LocalBackend)
    assert isinstance(make_backend("in-memory", workplace), InMemoryBackend)


def test_a_backend_is_added_by_its_file_and_one_entry_point(site: Path, tmp_path: Path) -> None:
    (site / "acme_backend.py").write_text(OURS)
    install(site, "acme", "acme_backend:Backend")
    assert known_backends()["acme"] == "acme-backends"
    file = tmp_path / "a.pdf"
    file.write_bytes(document("one"))
    with Engine(Settings(output=tmp_path / "out", num_workers=3, backend="acme"), watch=False) as engine:
        assert len(engine.snapshot().workers) == 1, "it has room for no more"
        job = engine.submit(file)
        assert engine.wait_until_idle(60)
        assert engine.job(job.id).job.state is JobState.DONE
        assert type(engine._machinery.backend).__module__ == "acme_backend"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("raise RuntimeError('no\\x1b licence')", r"no\x1b licence"),
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        ("Other = 1", "module 'broken_backend' has no attribute 'Backend'"),
        ("def Backend(workplace): raise OSError('not today')", "not today"),
    ],
)
def test_one_that_cannot_be_used_costs_one_sentence(
    site: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch, source: str, why: str
) -> None:
    monkeypatch.delitem(sys.modules, "broken_backend", raising=False)
    (site / "broken_backend.py").write_text(source)
    install(site, "broken", "broken_backend:Backend")
    with pytest.raises(SettingsError) as caught:
        make_backend("broken", workplace)
    assert str(caught.value) == f"The backend broken of acme-backends cannot be used: {why}"


def test_a_name_that_is_unknown_or_taken_twice_is_told(site: Path, workplace: Workplace) -> None:
    with pytest.raises(SettingsError, match=r"^There is no backend nowhere; there is .*in-memory, local"):
        make_backend("nowhere", workplace)
    install(site, "local", "elsewhere:Backend")
    with pytest.raises(
        SettingsError,
        match=r"^There is more than one backend local: acme-backends, hotfolio\. Uninstall all but one\.$",
    ):
        make_backend("local", workplace)


def test_a_name_loads_nothing_of_other_backends_and_no_parser() -> None:
    program = """
import sys
from pathlib import Path
from engine.sandbox.backend import Workplace
from engine.sandbox.registry import make_backend
make_backend("in-memory", Workplace(Path("/nowhere"), Path("/nowhere")))
print([name for name in ("engine.sandbox.local", "pymupdf", "PIL", "numpy", "onnxruntime") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
