"""Whether the service lives, and whether it is of use: for load balancers, containers and monitoring."""

from importlib.metadata import version
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from engine.server.dependencies.service import Service


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

    @routes.get("/healthz", summary="Whether the process lives")
    async def healthz() -> Health:
        """Always 200 while there is somebody to answer. If this fails, restart the process."""
        return Health()

    @routes.get(
        "/version",
        summary="What answers",
        response_model=dict[str, str],
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def say_version(request: Request) -> Response:
        """Name hotfolio and its version; as plain text, which Tika's clients expect, where `Accept` is `text/plain`."""
        if request.headers.get("accept", "").lower().startswith("text/plain"):
            return PlainTextResponse(f"hotfolio {version('hotfolio')}")
        return JSONResponse({"hotfolio": version("hotfolio")})

    @routes.get("/readyz", summary="Whether work is taken and done", responses=_UNREADY)
    def readyz(response: Response) -> Readiness:
        """503 while the engine stops or drains, cannot write, or cannot convert. A restart would not help; waiting may.

        A pause that somebody has asked for does not make it unready.
        """
        vitals = service.engine.vitals()
        if vitals.hindrances:
            response.status_code = 503
        return Readiness(
            status="unready" if vitals.hindrances else "ready",
            reasons=list(vitals.hindrances),
            paused=vitals.is_paused_by_hand,
        )

    return routes
