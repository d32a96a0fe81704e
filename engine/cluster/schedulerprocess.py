"""Dask's scheduler as a process of the engine's own: started again whenever it ends, and ended with the engine."""

from pathlib import Path

from engine.cluster.bridgeprocess import LOG
from engine.cluster.joining import cluster_folder
from engine.cluster.ownprocess import OwnProcess, environment

PROGRAM = "engine.cluster.processes.head"
_AGAIN_S = (0.2, 1.0, 2.0, 5.0)


def scheduler_process(state_folder: Path) -> OwnProcess:
    """Where the plan of the cluster in this state folder says that it listens."""
    folder = cluster_folder(state_folder)
    return OwnProcess(
        "scheduler",
        [PROGRAM, str(folder)],
        environment(folder),
        state_folder / LOG,
        lambda failures: _AGAIN_S[min(failures, len(_AGAIN_S)) - 1],
    )
