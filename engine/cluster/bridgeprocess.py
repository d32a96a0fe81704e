"""BridgeProcess: the one process that speaks with nodes for the engine, started anew whenever that is asked for."""

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

from engine.cluster.joining import cluster_folder, engine_id
from engine.cluster.ownprocess import environment

PROGRAM = "engine.cluster.processes.bridge"
LOG = "cluster.log"
"""In the state folder: what the processes of the cluster say."""
_END_S = 5.0


class BridgeProcess:
    """At most one at a time. `_lock` guards which processes there are."""

    def __init__(self, state_folder: Path) -> None:
        self._state_folder = state_folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def connect(self) -> socket.socket:
        """Start the bridge anew, and give the socket that it is spoken to by; raises `OSError`."""
        with self._lock:
            if self._closed:
                raise OSError("The engine is stopping.")
            self._end()
            folder = cluster_folder(self._state_folder)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                with (self._state_folder / LOG).open("ab") as output:
                    self._process = subprocess.Popen(
                        [
                            sys.executable,
                            "-P",
                            "-m",
                            PROGRAM,
                            str(theirs.fileno()),
                            str(folder),
                            engine_id(self._state_folder),
                        ],
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        env=environment(folder),
                        pass_fds=[theirs.fileno()],
                        start_new_session=True,
                    )
            except BaseException:
                ours.close()
                raise
            finally:
                theirs.close()
            return ours

    @property
    def pid(self) -> int | None:
        """Of the bridge; None while there is none."""
        process = self._process
        return process.pid if process is not None else None

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._closed = True
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
