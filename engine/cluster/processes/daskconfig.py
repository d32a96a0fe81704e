"""What Dask is told in all of the cluster's processes: nothing is served but what they say to each other, by TLS."""

import sys
from pathlib import Path
from typing import Any

import dask
from distributed.security import Security

from engine.cluster.joining import CA, CERTIFICATE, KEY

CONNECT_S = 10
LOST_S = 20
"""A connection that nothing comes over any more counts as ended."""
_SETTINGS: dict[str, Any] = {
    "distributed.comm.require-encryption": True,
    "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
    "distributed.comm.timeouts.tcp": f"{LOST_S}s",
    "distributed.comm.compression": False,
    "distributed.scheduler.worker-ttl": "60s",
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.preload": [],
    "distributed.worker.profile.enabled": False,
    # Ours hold, which know of the processes that pages are converted in.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.transfer": False,
    "distributed.client.preload": [],
    "distributed.client.scheduler-info-interval": "60s",  # ours asks itself
    "distributed.client.security-loader": None,
    "distributed.diagnostics.nvml": False,
    "distributed.diagnostics.cudf": False,
    "distributed.admin.low-level-log-length": 0,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.interval": "10s",
}


def settle(folder: Path) -> None:
    """Have all that hold for this process, whatever the user's own settings of Dask say; its files go into `folder`."""
    dask.config.set(_SETTINGS | {"temporary-directory": str(folder / "dask")})


def security(folder: Path) -> Security:
    """What this process shows others, and by which it knows them."""
    files = {"cert": str(folder / CERTIFICATE), "key": str(folder / KEY)}
    pairs = {f"tls_{role}_{kind}": file for role in ("scheduler", "worker", "client") for kind, file in files.items()}
    return Security(require_encryption=True, tls_ca_file=str(folder / CA), **pairs)


def complain(message: str) -> None:
    """Say something to whoever looks at the log."""
    print(message, file=sys.stderr, flush=True)
