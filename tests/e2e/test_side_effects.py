"""What the program and all its libraries do besides converting: nothing on the network, nothing outside its folders."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pymupdf
import pytest

from tests.e2e.service import HOTFOLIO, environment
from tests.engine.convert.scans import photographed, printed, prose, scan

_FOLDERS = {"HOME": "home", "TMPDIR": "tmp", "XDG_RUNTIME_DIR": "run"}
_OF_THE_USER = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
"""Below HOME where they are not set."""
_TRACE = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-e", "signal=none")
_FAMILY = re.compile(r"\bsa_family=(AF_\w+)")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a hot folder's worth of work: text, and a scan for the OCR engine; and homes to leave alone."""
    for name in ("input", "canary", *_FOLDERS.values()):
        (tmp_path / name).mkdir(mode=0o700)
    document = pymupdf.open()
    document.new_page().insert_text((72, 100), "A page of text.")
    document.save(tmp_path / "input" / "text.pdf")
    scan(photographed(printed(prose(30)))).save(tmp_path / "input" / "scan.pdf")
    (tmp_path / "canary" / "kept.txt").write_text("as it was")
    return tmp_path


def convert(place: Path, *before: str) -> None:
    """Convert all that is there, by `hotfolio run --once` behind another command."""
    homes = {variable: str(place / name) for variable, name in _FOLDERS.items()}
    env = {name: value for name, value in environment().items() if name not in _OF_THE_USER}
    command = [*before, *HOTFOLIO, "run", "--once", "-i", "input", "-o", "output", "-f", "md,pdf,png"]
    done = subprocess.run(
        command, cwd=place, env=env | homes | {"HOTFOLIO_OCR": "auto"}, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place / "output" / "text" / "text.md").read_text().strip()
    assert (place / "output" / "scan" / "scan.md").read_text().strip()


def left_in(*folders: Path) -> set[Path]:
    return {file for folder in folders for file in folder.rglob("*") if not file.is_dir()}


def no_network() -> list[str]:
    """What has a command run where there is no network at all, not even a loopback interface that is up."""
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    return command


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_a_conversion_needs_no_network_and_leaves_nothing_outside_its_folders(place: Path) -> None:
    convert(place, *no_network())
    assert left_in(*(place / name for name in _FOLDERS.values())) == set()
    assert {path.name for path in place.iterdir()} == {"input", "output", "canary", *_FOLDERS.values()}
    assert {file.name for file in left_in(place / "input", place / "canary")} == {"text.pdf", "scan.pdf", "kept.txt"}
    assert (place / "canary" / "kept.txt").read_text() == "as it was"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_library_calls_anybody(place: Path) -> None:
    trace = place / "trace"
    convert(place, *_TRACE, "-o", str(trace))
    called = trace.read_text()
    assert "sendmsg(" in called, "the engine has spoken to its own processes, so this has looked"
    # A netlink socket asks the kernel which addresses the machine has; nothing leaves it.
    assert set(_FAMILY.findall(called)) <= {"AF_UNIX", "AF_NETLINK"}
