"""Runs `hotfolio` commands in forks of a process that has their code loaded already.

Most of the time that a command takes goes into loading its code, and tests give some hundred of them.
"""

import atexit
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.remote import client, offline
from engine.settings import settings
from tui.command import cli, job_text, reach

_TIMEOUT_S = 100.0
_LOADED = (client, job_text, offline, reach, settings)
"""What commands import late."""


def run_forked(folder: Path, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` to its end."""
    return _server().run(folder, arguments, env)


class _Server:
    """The process with the code; it ends when this one does."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_TIMEOUT_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._close)

    def run(self, folder: Path, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        request = json.dumps({"folder": str(folder), "arguments": arguments, "env": dict(env)}).encode() + b"\n"
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            socket.send_fds(self._channel, [request], [out.fileno(), err.fileno()])
            status = int(self._channel.recv(16))
            printed = [os.pread(stream.fileno(), 1 << 22, 0).decode() for stream in (out, err)]
        return subprocess.CompletedProcess(arguments, status, *printed)

    def _close(self) -> None:
        self._channel.close()
        self._process.wait()


@functools.cache
def _server() -> _Server:
    return _Server()


def _serve(channel: socket.socket) -> None:
    """Answer each request with the exit status of its command; in the process of a command, return."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 2)
        while data and not data.endswith(b"\n"):
            data += channel.recv(1 << 20)
        if not data:
            raise SystemExit
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become(json.loads(data), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        channel.sendall(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def _become(request: dict, descriptors: Sequence[int]) -> None:
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["arguments"]
    for stream, descriptor in enumerate(descriptors, 1):
        os.dup2(descriptor, stream)
        os.close(descriptor)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    cli.main()
