"""The plug-ins that docs/extending.md shows: installed as they stand there, and used on the whole way of a document."""

import os
import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from engine.facade.doctor import Verdict, _plugins
from engine.facade.engine import Engine
from engine.job.formats import media_types
from engine.job.job import JobState
from engine.job.options import ConvertOptions
from engine.publish.publisher import read_manifest
from engine.settings.loading import load_settings
from engine.settings.settings import Settings
from tests import pdfs
from tests.places import DOCS
from tests.plugins.installing import install
from tests.plugins.installing import site as site

PAGE = (DOCS / "extending.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"`(hotfolio_house/\w+\.py)`\..*?```python\n(.*?)```", PAGE, re.DOTALL))
TELLER = """#!{python}
import sys
head, _, pixels = sys.stdin.buffer.read().partition(b"\\n")
width, height = map(int, head.split()[1:3])
print(width // 8, height // 8, width // 2, height // 6, "HARBOUR", *sys.argv[1:])
"""
BROKEN = {
    "hotfolio_broken/__init__.py": "",
    "hotfolio_broken/absent.py": "import no_such_module_anywhere",
    "hotfolio_broken/leaves.py": "import sys\nsys.exit(3)",
    "hotfolio_broken/crashes.py": "import os\nos._exit(3)",
    "hotfolio_broken/threads.py": """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
from engine.convert.open.context import Writer
class File(Writer):
    def __init__(self, document):
        pass
    def page(self, model):
        return f"page {model.number};"
class Trips(File):
    def page(self, model):
        raise RuntimeError("it tripped")
""",
    "hotfolio_broken/trips.py": "def read(page):\n    raise RuntimeError('it tripped')",
}
BROKEN_ENTRIES = {
    "hotfolio.format": {
        "absent": "hotfolio_broken.absent:File [v1]",
        "threads": "hotfolio_broken.threads:File [v1]",
        "half": "hotfolio_broken.threads:Trips [v1]",
    },
    "hotfolio.reader": {
        "trips": "hotfolio_broken.trips:read [v1]",
        "crashes": "hotfolio_broken.crashes:read [v1]",
        "leaves": "hotfolio_broken.leaves:read [v1]",
    },
    "hotfolio.ocr": {"nothing": "hotfolio_broken.absent:Engine [v1]"},
}


@pytest.fixture
def house(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page shows, installed."""
    (project,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    entry_points = tomllib.loads(project)["project"]["entry-points"]
    install(site, "hotfolio-house", entry_points, {"hotfolio_house/__init__.py": "", **EXAMPLES})
    teller = site / "teller"
    teller.write_text(TELLER.format(python=sys.executable))
    teller.chmod(0o755)
    monkeypatch.setenv("TELLER", str(teller))


@pytest.fixture
def broken(site: Path) -> None:
    install(site, "hotfolio-broken", BROKEN_ENTRIES, BROKEN, "2.0")


def test_the_examples_are_short() -> None:
    assert sorted(EXAMPLES) == [f"hotfolio_house/{name}.py" for name in ("raw", "rst", "teller")]
    assert all(len(text.splitlines()) < 40 for text in EXAMPLES.values())


@pytest.mark.usefixtures("house")
def test_a_format_a_reader_and_an_ocr_engine_are_used_by_name(tmp_path: Path) -> None:
    printed, scanned = tmp_path / "printed.pdf", tmp_path / "scanned.pdf"
    printed.write_bytes(pdfs.text_pages(2))
    scanned.write_bytes(pdfs.scanned(["Nobody reads this"]))
    loaded = load_settings({"formats": "md,rst", "reader": "raw", "ocr_engine": "teller", "ocr_languages": "eng"})
    settings = loaded.settings.model_copy(update={"output": tmp_path / "out", "num_workers": 1})
    with Engine(settings, watch=False) as engine:
        jobs = [engine.submit(file) for file in (printed, scanned)]
        assert engine.wait_until_idle(90)
        ended = [engine.job(job.id).job for job in jobs]
    assert [(job.state, job.reason) for job in ended] == [(JobState.DONE, None)] * 2
    places = [Path(os.fsdecode(job.output or b"")) for job in ended]
    manifests = [read_manifest(place) for place in places]
    assert [manifest["pages"][0]["via"] for manifest in manifests if manifest] == ["raw", "ocr"]
    assert [manifest["versions"]["hotfolio-house"] for manifest in manifests if manifest] == ["0.1", "0.1"]
    assert (places[0] / "printed.rst").read_text().startswith(".. printed\n\n")
    assert "HARBOUR eng" in (places[1] / "scanned.rst").read_text()
    assert "HARBOUR eng" in (places[1] / "scanned.md").read_text()
    assert media_types()[".rst"] == "text/x-rst; charset=utf-8"
    assert not [name for name in sys.modules if name.startswith("hotfolio_house")]


@pytest.mark.usefixtures("broken")
def test_what_is_broken_costs_a_sentence_and_never_the_engine(tmp_path: Path) -> None:
    # All of them are set, so that the fork server meets them too.
    profiles = {
        name: {"options": options}
        for name, options in {
            "absent": {"formats": ["md", "absent"]},
            "threads": {"formats": ["md", "threads"]},
            "half": {"formats": ["md", "half"]},
            "trips": {"reader": "trips"},
            "crashes": {"reader": "crashes"},
            "leaves": {"reader": "leaves"},
            "nothing": {"ocr_engine": "nothing"},
        }.items()
    }
    settings = Settings(output=tmp_path / "out", num_workers=1, profiles=profiles)
    files = {name: tmp_path / f"{name}.pdf" for name in (*profiles, "gone")}
    for name, file in files.items():
        file.write_bytes(pdfs.scanned(["Nobody reads this"]) if name == "nothing" else pdfs.text_pages(1))
    with Engine(settings, watch=False) as engine:
        jobs = {name: engine.submit(files[name], options=settings.options_of(name)) for name in profiles}
        gone = engine.submit(files["gone"], options=ConvertOptions(formats=("rst",)))
        assert engine.wait_until_idle(90)
        ended = {name: engine.job(job.id).job for name, job in jobs.items()}
        gone = engine.job(gone.id).job
    assert (gone.state, gone.reason) == (
        JobState.FAILED,
        "The format rst is not there: install its plug-in, or ask for another.",
    )
    assert (ended["absent"].state, ended["absent"].reason) == (
        JobState.FAILED,
        (
            "hotfolio-broken 2.0: its format absent cannot be loaded (No module named 'no_such_module_anywhere'): "
            "install it again."
        ),
    )
    assert (ended["leaves"].state, ended["leaves"].reason) == (
        JobState.FAILED,
        "hotfolio-broken 2.0: its reader leaves cannot be loaded (3): install it again.",
    )
    assert ended["crashes"].state is JobState.FAILED
    assert {name for name, job in ended.items() if job.output} == {"threads", "half", "trips", "nothing"}
    places = {name: Path(os.fsdecode(job.output)) for name, job in ended.items() if job.output}
    manifests = {name: read_manifest(place) or {} for name, place in places.items()}
    assert (places["threads"] / "threads.threads").read_text() == "page 1;"
    assert manifests["half"]["warnings"] == [
        "hotfolio-broken 2.0: its format half is missing, since it has failed (it tripped)."
    ]
    assert sorted(file.name for file in places["half"].iterdir()) == ["half.md", "manifest.json"]
    assert manifests["trips"]["warnings"] == ["Page 1 was read without trips, which has failed (it tripped)."]
    assert "hotfolio-broken 2.0: its OCR engine nothing cannot be loaded" in manifests["nothing"]["pages"][0]["error"]


def test_the_doctor_lists_plug_ins_and_says_which_cannot_be_loaded(site: Path) -> None:
    # One of each kind, since each is loaded by a process of its own.
    install(site, "hotfolio-house", {"hotfolio.format": {"rst": "hotfolio_house.rst:RstFile [v1, blocks]"}}, EXAMPLES)
    entries = {
        "hotfolio.reader": {"crashes": BROKEN_ENTRIES["hotfolio.reader"]["crashes"]},
        "hotfolio.ocr": BROKEN_ENTRIES["hotfolio.ocr"],
    }
    install(site, "hotfolio-broken", entries, BROKEN, "2.0")
    install(site, "hotfolio-late", {"hotfolio.format": {"md": "late:File [v1]", "new": "late:File [v2]"}})
    found = {check.finding: check.verdict for check in _plugins()}
    assert found["hotfolio-house 0.1 has the format rst."] is Verdict.OK
    assert found["hotfolio-broken 2.0: its reader crashes ends the process that loads it."] is Verdict.PROBLEM
    assert any(
        "its OCR engine nothing cannot be loaded" in finding and verdict is Verdict.PROBLEM
        for finding, verdict in found.items()
    )
    own = f"hotfolio {version('hotfolio')}"
    assert found[f"hotfolio-late 0.1 cannot have a format called md, since {own} has one."] is Verdict.WARNING
    assert (
        found["hotfolio-late 0.1 has made its format new for version 2 of plug-ins, and this is version 1."]
        is Verdict.WARNING
    )
    assert not [name for name in sys.modules if name.startswith(("hotfolio_house", "hotfolio_broken"))]
