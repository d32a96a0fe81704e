"""Dask's scheduler, as the engine starts it: `python -m engine.cluster.processes.head FOLDER`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from distributed import Scheduler

from engine.cluster.joining import PLAN, Plan
from engine.cluster.processes.daskconfig import complain, security, settle
from engine.cluster.processes.held import hold
from engine.cluster.processes.lifeline import until_alone
from engine.cluster.schedulerprocess import CANNOT_LISTEN


class QuietScheduler(Scheduler):  # type: ignore[misc]
    """Dask's, less the web server that it would start whatever it is told."""

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Serve nothing."""


async def serve(folder: Path, plan: Plan) -> int:
    """Until whoever has started this is gone; returns the status."""
    try:
        scheduler = await QuietScheduler(
            host=plan.host, port=plan.port, protocol="tls", security=security(folder), dashboard=False
        )
    except (OSError, RuntimeError) as error:  # Dask has the one as the cause of the other
        complain(f"The scheduler cannot listen at {plan.scheduler}: {error.__cause__ or error}")
        return CANNOT_LISTEN
    try:
        await until_alone()
    finally:
        await scheduler.close()
    return 0


def main() -> None:
    """Entry point."""
    folder = Path(sys.argv[1])
    plan = Plan.model_validate_json((folder / PLAN).read_text())
    settle(folder)
    hold(folder, plan, listens=True)
    sys.exit(asyncio.run(serve(folder, plan)))


if __name__ == "__main__":
    main()
