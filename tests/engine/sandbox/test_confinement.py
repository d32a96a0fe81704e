"""A process that is held tries everything that a document's code might, and is refused; its own work goes on."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.sandbox.confinement import Confinement, landlock_version, look
from tests.places import ROOT

PROGRAM = """
import ctypes, errno, json, os, resource, signal, socket, subprocess, sys, threading, urllib.request
from pathlib import Path
from engine.sandbox.confinement import Allowed, confine

given = json.loads(sys.argv[1])
job, outside, other = Path(given["job"]), Path(given["outside"]), given["other"]
code = (Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib"), Path("/lib64"), Path(given["code"]))
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
ports = (port,) if given["network"] else ()
held = confine(Allowed(code, (job,), ports, given["programs"], 200 << 20))
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def threaded():
    thread = threading.Thread(target=lambda: (job / "by-a-thread").write_text("x"))
    thread.start()
    thread.join()

def connected(where):
    with socket.create_connection(("127.0.0.1", where), timeout=5):
        pass

attempts = {
    "work": lambda: (job / "out.txt").write_text((job / "source.pdf").read_text()),
    "rename within": lambda: (job / "out.txt").rename(job / "renamed.txt"),
    "late import": lambda: __import__("wave"),
    "thread": threaded,
    "read outside": lambda: (outside / "secret.txt").read_text(),
    "list outside": lambda: os.listdir(outside),
    "by a link": lambda: (job / "link").read_text(),
    "write outside": lambda: (outside / "new.txt").write_text("x"),
    "cut outside": lambda: os.truncate(outside / "secret.txt", 0),
    "delete outside": lambda: (outside / "secret.txt").unlink(),
    "move out": lambda: (job / "source.pdf").rename(outside / "taken.pdf"),
    "symbolic link": lambda: (job / "new-link").symlink_to(outside / "secret.txt"),
    "hard link": lambda: (job / "second").hardlink_to(job / "source.pdf"),
    "named pipe": lambda: os.mkfifo(job / "pipe"),
    "memory of another": lambda: Path(f"/proc/{other}/mem").open("rb"),
    "environment of another": lambda: Path(f"/proc/{other}/environ").read_bytes(),
    "signal another": lambda: os.kill(other, signal.SIGUSR1),
    "internet": lambda: connected(port),
    "another port": lambda: connected(given["port"]),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "program": lambda: subprocess.run(["/bin/true"], check=True),
    "trace": lambda: call(given["ptrace"], 16, other, 0, 0),
    "mount": lambda: call(given["mount"], b"none", str(job).encode(), b"tmpfs", 0, None),
    "namespace": lambda: call(given["unshare"], 0x10000000),
    "keys": lambda: call(given["keyctl"], 0, -3, 0, 0, 0),
    "bpf": lambda: call(given["bpf"], 0, None, 0),
    "memory": lambda: bytearray(600 << 20),
    "descriptors": lambda: [os.dup(0) for _ in range(2000)],
}
said = {}
for name, attempt in attempts.items():
    try:
        attempt()
        said[name] = "done"
    except OSError as error:
        said[name] = errno.errorcode.get(error.errno, str(error))
    except MemoryError:
        said[name] = "MemoryError"
print(json.dumps({"held": [held.landlock, held.filters_calls, held.limits], "said": said}))
"""
X86 = {"ptrace": 101, "mount": 165, "unshare": 272, "keyctl": 250, "bpf": 321}
ARM = {"ptrace": 117, "mount": 40, "unshare": 97, "keyctl": 219, "bpf": 280}
ALWAYS = {"work", "rename within", "late import", "thread"}
"""What a conversion does, and is never refused."""
NETWORK = {"internet"}
PROGRAMS = {"program"}
FILES = {"read outside", "list outside", "by a link", "write outside", "cut outside", "delete outside", "move out"}
BY_LANDLOCK = FILES | {"signal another", "another port"}
LINKS = {"symbolic link", "hard link", "named pipe"}
BY_FILTER = {"unix socket", "trace", "mount", "namespace", "keys", "bpf"} | LINKS
BY_LIMITS = {"memory", "descriptors"}
OF_OTHERS = {"memory of another", "environment of another"}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="made of what Linux gives"),
    pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="its system calls have other numbers"),
]


class Outcome:
    """What came of each attempt."""

    def __init__(self, answer: str) -> None:
        told = json.loads(answer)
        self.held = Confinement(*told["held"])
        self.said: dict[str, str] = told["said"]

    def refused(self) -> set[str]:
        return {name for name, how in self.said.items() if how != "done"}


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user, as the engine is to a conversion process."""
    code = "from engine.sandbox.confinement import hide_from_others as h; h(); print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "KEY": "s3cret"}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


@pytest.fixture
def service() -> Iterator[int]:
    """The port of a service on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def attempt(
    tmp_path: Path, victim: subprocess.Popen[bytes], service: int, *, network: bool = False, programs: bool = False
) -> Outcome:
    """Have a process that is held try it all."""
    job, outside = tmp_path / "job", tmp_path / "outside"
    for folder in (job, outside):
        folder.mkdir()
    (job / "source.pdf").write_text("the document")
    (outside / "secret.txt").write_text("a secret")
    (job / "link").symlink_to(outside / "secret.txt")
    numbers = X86 if os.uname().machine == "x86_64" else ARM
    given = {"job": str(job), "outside": str(outside), "other": victim.pid, "port": service, "code": str(ROOT)}
    given |= {"network": network, "programs": programs, **numbers}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(given)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (outside / "secret.txt").read_text() == "a secret"
    assert {path.name for path in outside.iterdir()} == {"secret.txt"}
    assert victim.poll() is None
    return Outcome(done.stdout)


@pytest.mark.parametrize(("network", "programs"), [(False, False), (True, False), (False, True)])
def test_whatever_a_hostile_document_tries_its_process_is_refused_and_its_own_work_goes_on(
    tmp_path: Path, victim: subprocess.Popen[bytes], service: int, network: bool, programs: bool
) -> None:
    outcome = attempt(tmp_path, victim, service, network=network, programs=programs)
    wanted = BY_LIMITS | (set() if network else NETWORK) | (set() if programs else PROGRAMS)
    if outcome.held.filters_calls:
        wanted |= BY_FILTER
    if outcome.held.landlock >= 6:
        wanted |= BY_LANDLOCK
    if os.geteuid() != 0 or outcome.held.landlock:
        wanted |= OF_OTHERS
    assert outcome.refused() >= wanted
    assert not outcome.refused() & ALWAYS, outcome.said
    assert outcome.refused() <= BY_LANDLOCK | BY_FILTER | BY_LIMITS | OF_OTHERS | NETWORK | PROGRAMS
    if network:
        assert outcome.said["internet"] == "done"
    if programs:
        assert outcome.said["program"] == "done"


def test_what_the_kernel_has_is_what_is_said_to_hold(
    tmp_path: Path, victim: subprocess.Popen[bytes], service: int
) -> None:
    held = attempt(tmp_path, victim, service).held
    assert held.landlock == landlock_version()
    assert held == look()
    assert (held.lacks == ()) == (held.landlock >= 6 and held.filters_calls)


def test_a_kernel_without_landlock_leaves_what_else_there_is() -> None:
    assert "Landlock" in Confinement(0, True, True).lacks[0]
    code = (
        "import engine.sandbox.confinement as c; c.landlock_version = lambda: 0\n"
        "from engine.sandbox.confinement import Allowed, confine\n"
        "held = confine(Allowed())\n"
        "import socket\n"
        "try: socket.socket()\n"
        "except PermissionError: print(held.landlock, held.filters_calls, held.limits)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["0", "True", "True"]
