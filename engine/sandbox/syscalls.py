"""Refuses system calls that no conversion needs, by a filter in the kernel (seccomp(2), in classic BPF)."""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from functools import cache

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2  # prctl(2)
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # in struct seccomp_data, on little-endian machines
_X32 = 0x40000000
_CLONE_THREAD = 0x00010000
_NEW_NAMESPACES = 0x7E020080  # all CLONE_NEW* flags of clone(2)
_AF_INET, _AF_INET6, _AF_NETLINK = 2, 10, 16

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# fmt: off
_NUMBERS: dict[str, tuple[int, int | None]] = {  # of x86_64 and of aarch64, None where there is no such call
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsmount": (432, 432), "open_tree": (428, 428), "mount_setattr": (442, 442),
    "unshare": (272, 97), "setns": (308, 268), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "quotactl": (179, 60), "acct": (163, 89),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "pidfd_getfd": (438, 438),
    "personality": (135, 92), "settimeofday": (164, 170), "clock_settime": (227, 112), "sethostname": (170, 161),
    "setdomainname": (171, 162), "syslog": (103, 116), "vhangup": (153, 58), "fanotify_init": (300, 262),
    # Links and named pipes would have the engine read or write elsewhere, or wait, where it looks for a file.
    "symlink": (88, None), "symlinkat": (266, 36), "link": (86, None), "linkat": (265, 37), "mknod": (133, None),
    "mknodat": (259, 33),
}
# fmt: on
_SOCKET, _CLONE, _CLONE3 = (41, 198), (56, 220), (435, 435)
_PROGRAMS: tuple[tuple[int, int | None], ...] = ((59, 221), (322, 281))  # execve, execveat
_FORKS: tuple[tuple[int, int | None], ...] = ((57, None), (58, None))  # fork, vfork


def prepare() -> None:
    """Make the filters now, for the processes that are forked from this one."""
    for network in (False, True):
        for programs in (False, True):
            if (machine := platform.machine()) in _ARCHITECTURES:
                _filter(machine, network=network, programs=programs)


def refuse_needless(*, network: bool, programs: bool) -> bool:
    """Have this process refused, with `EPERM`, what no conversion needs; returns False where there is no such filter.

    With `network` it may have internet sockets, else none at all; with `programs` it may start other programs.
    Needs PR_SET_NO_NEW_PRIVS before. Raises `OSError` if the kernel refuses.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        return False
    code = _filter(machine, network=network, programs=programs)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0):
        number = ctypes.get_errno()
        if number == errno.EINVAL:  # a kernel without filters
            return False
        raise OSError(number, f"PR_SET_SECCOMP: {os.strerror(number)}")
    return True


@cache
def _filter(machine: str, *, network: bool, programs: bool) -> bytes:
    """The program: what is not refused in it is allowed. Kept, so that a process that is forked finds it made."""
    column = list(_ARCHITECTURES).index(machine)

    def numbers(calls: Iterable[tuple[int, int | None]]) -> list[int]:
        return [number for call in calls if (number := call[column]) is not None]

    refused = numbers(_NUMBERS.values())
    if not programs:
        refused += numbers((*_PROGRAMS, *_FORKS))
    refusal = _instruction(_RETURN, value=_ERRNO | errno.EPERM)
    code = [
        _instruction(_LOAD, value=_ARCH_AT),
        _instruction(_EQUAL, if_so=1, value=_ARCHITECTURES[machine]),
        _instruction(_RETURN, value=_KILL),
        _instruction(_LOAD, value=_NUMBER_AT),
        # The numbers of x32, which are other ones for the same calls.
        _instruction(_AT_LEAST, if_not=1, value=_X32),
        refusal,
    ]
    for number in refused:
        code += [_instruction(_EQUAL, if_not=1, value=number), refusal]
    # Its flags are in memory, where a filter does not see them: libraries take the older call when there is none.
    code += [_instruction(_EQUAL, if_not=1, value=_CLONE3[column]), _instruction(_RETURN, value=_ERRNO | errno.ENOSYS)]
    families = (_AF_INET, _AF_INET6, _AF_NETLINK) if network else ()
    checks = [_instruction(_LOAD, value=_FIRST_ARGUMENT_AT)]
    for position, family in enumerate(families):
        checks.append(_instruction(_EQUAL, if_so=len(families) - position, value=family))
    checks += [refusal, _instruction(_RETURN, value=_ALLOW)]
    code += [_instruction(_EQUAL, if_not=len(checks), value=_SOCKET[column]), *checks]
    checks = [
        _instruction(_LOAD, value=_FIRST_ARGUMENT_AT),
        _instruction(_ANY_OF, if_not=1, value=_NEW_NAMESPACES),
        refusal,
        *([] if programs else [_instruction(_ANY_OF, if_so=1, value=_CLONE_THREAD), refusal]),
        _instruction(_RETURN, value=_ALLOW),
    ]
    code += [_instruction(_EQUAL, if_not=len(checks), value=_CLONE[column]), *checks]
    return b"".join([*code, _instruction(_RETURN, value=_ALLOW)])


def _instruction(code: int, *, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """One `struct sock_filter`: jumps are over so many instructions."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
