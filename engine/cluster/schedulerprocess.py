"""Dask's scheduler as a process of the engine's own: started again whenever it ends, and ended with the engine."""

from pathlib import Path

from engine.cluster.backoff import Backoff
from engine.cluster.bridgeprocess import LOG
from engine.cluster.joining import Plan, cluster_folder
from engine.cluster.ownprocess import OwnProcess, environment

PROGRAM = "engine.cluster.processes.head"
CANNOT_LISTEN = 4
"""The status of one whose port is another program's, or whose address is not this machine's."""
_FIRST_S, _LONGEST_S = 0.5, 30.0


def scheduler_process(state_folder: Path, plan: Plan) -> OwnProcess:
    """The one of the cluster in this state folder, of which this is the plan."""
    folder = cluster_folder(state_folder)
    cannot = f"The cluster's scheduler could not listen at {plan.scheduler}, which another program may use"
    return OwnProcess(
        "cluster's scheduler",
        [PROGRAM, str(folder)],
        environment(folder),
        state_folder / LOG,
        Backoff(_FIRST_S, _LONGEST_S),
        explain=lambda status: cannot if status == CANNOT_LISTEN else None,
    )
