"""The processes that have the code of hotfolio's programs loaded, and fork: `python -m tests.e2e.forkers`.

One has the command's, the dashboard's and the engine's, the other what the fork server loads first. Whatever a program
of theirs starts by itself, the engine in the background and the fork server, comes from the two as well.
"""

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from engine.sandbox import forkserver
from engine.sandbox.stages import Stage
from tests.e2e import forked
from tests.e2e.patience import slow_down

_LIFELINE = 0
_STREAMS = 3
"""Input, output and errors."""


def _load_command() -> None:
    """With what it imports late."""
    from engine.remote import client, offline  # noqa: F401
    from engine.server.app import listener  # noqa: F401
    from engine.settings import settings  # noqa: F401
    from tui.command import cli, job_text, reach, runner, serve  # noqa: F401
    from tui.dashboard import app  # noqa: F401


def _load_converter() -> None:
    from engine.convert.process import runtime

    runtime.load(Stage.BARE)


_LOAD = {"command": _load_command, "converter": _load_converter}


def serve(name: str, orders: socket.socket, channels: Mapping[str, int]) -> str:
    """Fork what is asked for, one after the other; in the process of a program, return which it is."""
    for channel in channels.values():
        os.set_inheritable(channel, False)
    _LOAD[name]()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    poll = select.poll()
    poll.register(orders, select.POLLIN)
    poll.register(_LIFELINE, select.POLLIN)
    while True:
        if any(number == _LIFELINE for number, _ in poll.poll()):
            os._exit(0)
        order, descriptors, _, _ = socket.recv_fds(orders, 1 << 20, 16)
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            request = json.loads(order)
            _start(request, descriptors, channels)
            return str(request["program"])
        for descriptor in descriptors:
            os.close(descriptor)


def _start(request: Mapping[str, Any], descriptors: Sequence[int], channels: Mapping[str, int]) -> None:
    """Fork once more and wait for the program to end; in its process, return."""
    status, *others = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _become(request, others, channels)
        return
    for descriptor in (*others, *channels.values()):
        os.close(descriptor)
    with contextlib.suppress(BrokenPipeError):
        os.write(status, pid.to_bytes(4, "little", signed=True))
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(status, ended.to_bytes(4, "little", signed=True))
    os._exit(0)


def _become(request: Mapping[str, Any], descriptors: Sequence[int], channels: Mapping[str, int]) -> None:
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv[1:] = request["arguments"]
    wanted = [*range(_STREAMS), *request["pass_fds"]]
    # First out of the way of all numbers that are wanted.
    kept = {name: _move(channel, wanted) for name, channel in channels.items()}
    apart = [_move(descriptor, wanted) for descriptor in descriptors]
    for number, descriptor in zip(wanted, apart, strict=True):
        os.dup2(descriptor, number)
    for descriptor in apart:
        os.close(descriptor)
    if request["program"] == forkserver.PROGRAM:  # which starts none of these, and lets nothing pass to its own
        for channel in kept.values():
            os.close(channel)
        slow_down(os.environ)
    else:
        forked.use(kept)
    if request["terminal"]:
        # The first that a leader of a session opens becomes the one that controls it: it is what can hang up.
        os.close(os.open(request["terminal"], os.O_RDWR))
        sys.stdout.reconfigure(line_buffering=True)


def _move(descriptor: int, wanted: Sequence[int]) -> int:
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(wanted) + 1)
    os.close(descriptor)
    return moved


if __name__ == "__main__":
    program = serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])), json.loads(sys.argv[3]))
    import_module(program).main()
