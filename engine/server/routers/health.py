"""Whether the service lives, and whether it is of use: for load balancers, containers and monitoring."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from engine.base.safetext import display_name, display_text
from engine.facade.machinery import DRAINING
from engine.intake.hotfolder import GONE
from engine.queue.database import DATABASE
from engine.server.dependencies.service import Service
from engine.work.pool import BLOCKED, NO_PROCESS

_NO_JOBS = 1 << 62
"""A version that no job has changed since."""
_IN_THE_WAY = (BLOCKED, NO_PROCESS, DRAINING, GONE)
"""How the keys of banners begin that mean that work is not taken, or not done."""


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether work is taken and done."""

    status: Literal["ready", "unready"]
    reasons: list[str] = Field(description="Why not, a sentence each.")
    paused: bool = Field(description="Whether somebody has paused the queue: work is taken all the same, and waits.")


_UNREADY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "No work is taken, or done."}}


def router(service: Service) -> APIRouter:
    """Routes that need no token."""
    routes = APIRouter(tags=["Health"])
    database = service.engine.settings.state_folder.absolute() / DATABASE

    @routes.get("/healthz", summary="Whether the process lives")
    async def healthz() -> Health:
        """Always 200 while there is somebody to answer. If this fails, restart the process."""
        return Health()

    @routes.get("/readyz", summary="Whether work is taken and done", responses=_UNREADY)
    def readyz(response: Response) -> Readiness:
        """503 while the engine stops or drains, cannot write, or cannot convert. A restart would not help; waiting may.

        A pause that somebody has asked for does not make it unready.
        """
        engine = service.engine
        reasons = ["The engine is stopping."] if engine.is_stopping else []
        reasons += [
            display_text(banner.message)
            for banner in engine.snapshot(_NO_JOBS).banners
            if banner.key.startswith(_IN_THE_WAY)
        ]
        if not database.is_file():
            reasons.append(
                f"The queue {display_name(database)} is gone: "
                "what is queued, and what is converted already, is forgotten when the engine stops."
            )
        if reasons:
            response.status_code = 503
        return Readiness(status="unready" if reasons else "ready", reasons=reasons, paused=engine.is_paused)

    return routes
