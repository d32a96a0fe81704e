"""What systemd tells a service, and is told by it; nothing happens where it does not run.

The protocols are those of sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3).
"""

import contextlib
import os
import socket
from dataclasses import dataclass

_FIRST_DESCRIPTOR = 3
_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service manager that has started this process, if there is one."""

    notify_socket: str | None = None
    watchdog_s: float | None = None
    """It expects a sign of life at least this often."""
    listening: tuple[socket.socket, ...] = ()
    """Sockets that it has bound for this process."""

    def notify(self, *lines: str) -> None:
        """Tell it something, such as `READY=1`."""
        if self.notify_socket is None:
            return
        address = "\0" + self.notify_socket[1:] if self.notify_socket.startswith("@") else self.notify_socket
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto("\n".join(lines).encode(), address)


def take_over() -> Systemd:
    """Read what it has left in the environment, and take it out, so that no child process takes it for its own."""
    found = {name: os.environ.pop(name, "") for name in _VARIABLES}
    is_watched = found["WATCHDOG_USEC"].isdecimal() and found["WATCHDOG_PID"] in ("", str(os.getpid()))
    count = int(found["LISTEN_FDS"]) if found["LISTEN_FDS"].isdecimal() and _is_me(found["LISTEN_PID"]) else 0
    listening = []
    for descriptor in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + count):
        os.set_inheritable(descriptor, False)
        listening.append(socket.socket(fileno=descriptor))
    return Systemd(
        found["NOTIFY_SOCKET"] or None,
        int(found["WATCHDOG_USEC"]) / 1e6 if is_watched else None,
        tuple(listening),
    )


def _is_me(pid: str) -> bool:
    return pid == str(os.getpid())
