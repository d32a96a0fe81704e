"""What the processes on the engine's machine are held to: the code they run on, the cluster's certificates, its ports.

A node can have code of its own run in both: Dask unpickles what it is sent. So neither has anything that a node must
not have, and neither is more than the network to it.
"""

import sys
from pathlib import Path

import engine
from engine.cluster.joining import CA, CERTIFICATE, KEY, Plan
from engine.sandbox.confinement import Allowed, confine

_SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/services",
    "/run/systemd/resolve",
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys",
    "/proc/vmstat",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
)


def hold(folder: Path, plan: Plan, *, listens: bool) -> None:
    """Hold this process, before it has threads, to what it needs of the cluster in this folder."""
    own = Path(engine.__file__).resolve().parent
    scratch = folder / "dask"
    scratch.mkdir(mode=0o700, exist_ok=True)
    places = {Path(sys.prefix), Path(sys.base_prefix), own, *map(Path, _SYSTEM)}
    places |= {Path(place) for place in sys.path if place and Path(place).resolve() != own.parent}
    files = {folder / name for name in (CA, CERTIFICATE, KEY)}
    first, last = plan.node_ports
    try:
        confine(
            Allowed(
                read=tuple(sorted(places | files)),
                write=(scratch, Path("/dev/null")),
                ports=(plan.port, *range(first, last + 1)),
                listens=(plan.port,) if listens else (),
            )
        )
    except OSError as error:  # `hotfolio doctor` says what holds on this machine
        print(f"This process is not held to its cluster: {error}", file=sys.stderr)
