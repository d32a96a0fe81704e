"""Takes from a process what no conversion needs, for good: others' files, the network, other programs and processes.

By what Linux gives to every user: Landlock (kernel documentation, userspace-api/landlock), rlimits and PR_* flags;
system calls are left to `engine.sandbox.syscalls`. Where the kernel lacks one, the others hold, and `Confinement` says
which.
"""

import ctypes
import errno
import json
import os
import resource
import stat
import struct
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from engine.sandbox import syscalls

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # prctl(2)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_RULESET_VERSION, _PATH_BENEATH, _NET_PORT = 1, 1, 2
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_SPECIAL = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
"""To make devices, sockets, named pipes and symbolic links."""
_RIGHTS_BY_VERSION = (0, 13, 14, 15, 15, 16)
"""How many rights over files each version of Landlock knows, and every later one as many as the last."""
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
"""The rights that there are over a file; all others are over folders."""
_CONNECT_TCP, _BIND_TCP = 1 << 1, 1 << 0
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_SCOPES = 1 << 0 | 1 << 1
"""No abstract Unix socket of, and no signal to, a process outside."""
_MOST_FILES = 512
_LEAST_MEMORY = 128 << 20
"""A process can do something with so much more than it begins with, whatever the limit is."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds for a process from now on, and for all that it starts."""

    landlock: int = 0
    """The version of Landlock by which files are kept from it; 0 where the kernel has none."""
    filters_calls: bool = False
    """Whether system calls that no conversion needs are refused."""
    limits: bool = False
    """Whether it may have no more memory and descriptors than it was given, and leaves no core."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What does not hold of all that there is, in words."""
        missing = {
            "Landlock (Linux 5.13), which keeps files from it": not self.landlock,
            "Landlock's scopes (Linux 6.12), which keep signals from others": 0 < self.landlock < _SCOPES_SINCE,
            "a filter of system calls": not self.filters_calls,
            "limits": not self.limits,
        }
        return tuple(words for words, is_missing in missing.items() if is_missing)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is left to a process. Paths that do not exist are passed over."""

    read: tuple[Path, ...] = ()
    """Files, and folders with all that is in them, to read; and to run, if programs may be run at all."""
    write: tuple[Path, ...] = ()
    """Files and folders to read and to change; nothing but files and folders can be made there."""
    ports: tuple[int, ...] = ()
    """TCP ports that it may connect to; without any, it has no sockets at all."""
    programs: bool = False
    """Whether it may start other programs."""
    memory: int | None = None
    """Bytes that it may have allocated in all, with what it has now; if that is nearly as much, a little more."""
    listens: tuple[int, ...] = ()
    """TCP ports that it may listen on."""


def look() -> Confinement:
    """What holds on this machine, tried by a process that ends with it. Raises `OSError` if it cannot be tried."""
    done = subprocess.run([sys.executable, "-P", "-m", __spec__.name], capture_output=True, timeout=60, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise OSError(errno.EPERM, "".join(last) or f"exit status {done.returncode}")
    return Confinement(**json.loads(done.stdout))


def landlock_version() -> int:
    """Which version of Landlock the kernel has; 0 for none, or where it is switched off."""
    if sys.platform != "linux":
        return 0
    found: int = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_RULESET_VERSION))
    return max(found, 0)


def hide_from_others() -> None:
    """Keep the memory and environment of this process from others of the same user: no /proc, no tracing, no core."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def confine(allowed: Allowed) -> Confinement:
    """Hold this process, its threads to come and what it starts to what is `allowed`. Nothing undoes it.

    Call it while the process has one thread. Raises `OSError` if the kernel has something and refuses it.
    """
    if sys.platform != "linux":
        return Confinement()
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _failure("PR_SET_NO_NEW_PRIVS")
    hide_from_others()
    _set_limits(allowed)
    version = landlock_version()
    if version:
        _restrict_files(allowed, version)
    filters = syscalls.refuse_needless(network=bool(allowed.ports or allowed.listens), programs=allowed.programs)
    return Confinement(version, filters, limits=True)


def _set_limits(allowed: Allowed) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_NOFILE, _MOST_FILES)
    if allowed.memory is not None:
        # RLIMIT_DATA counts what is allocated and private (getrlimit(2)), also what has not been written to. Mapped
        # libraries do not count, but are no more than what is never written to: so no process outgrows its limit.
        _lower(resource.RLIMIT_DATA, max(allowed.memory, _allocated() + _LEAST_MEMORY))


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (most, most))


def _allocated() -> int:
    """Bytes of private memory that this process has allocated (VmData in proc(5))."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    return 0


def _restrict_files(allowed: Allowed, version: int) -> None:
    rights = (1 << _RIGHTS_BY_VERSION[min(version, len(_RIGHTS_BY_VERSION) - 1)]) - 1
    network = (_BIND_TCP | _CONNECT_TCP) if version >= _NETWORK_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _NETWORK_SINCE else 8
    attributes = struct.pack("=QQQ", rights, network, scopes)[:size]
    ruleset = _libc().syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        raise _failure("landlock_create_ruleset")
    try:
        reading = _READ_FILE | _READ_DIR | (_EXECUTE if allowed.programs else 0)
        _add_paths(ruleset, allowed.read, reading)
        _add_paths(ruleset, allowed.write, rights & ~_EXECUTE & ~_MAKE_SPECIAL)
        rules = [(_CONNECT_TCP, port) for port in allowed.ports] + [(_BIND_TCP, port) for port in allowed.listens]
        for right, port in rules if network else ():
            if _libc().syscall(_ADD_RULE, ruleset, _NET_PORT, struct.pack("=QQ", right, port), 0):
                raise _failure("landlock_add_rule")
        if _libc().syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
            raise _failure("landlock_restrict_self")
    finally:
        os.close(ruleset)


def _add_paths(ruleset: int, paths: Iterable[Path], rights: int) -> None:
    for path in paths:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        try:
            granted = rights if stat.S_ISDIR(os.fstat(handle).st_mode) else rights & _OF_FILES
            if _libc().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", granted, handle), 0):
                raise _failure("landlock_add_rule")
        finally:
            os.close(handle)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _failure(call: str) -> OSError:
    number = ctypes.get_errno() or errno.EINVAL
    return OSError(number, f"{call}: {os.strerror(number)}")


if __name__ == "__main__":
    print(json.dumps(asdict(confine(Allowed()))))
