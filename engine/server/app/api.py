"""Puts the routes together that any program may call, on the Unix socket and on TCP."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from engine.server.assistants import mcproute
from engine.server.dependencies.heads import Heads
from engine.server.dependencies.schemas import Problem
from engine.server.dependencies.service import Service
from engine.server.docling import routes as docling
from engine.server.loader import processroute
from engine.server.mineru import mineruroutes
from engine.server.mistral import mistralroutes
from engine.server.routers import conversions, health, metrics, nodelist, outputs, reference, submission
from engine.server.routers import websockets as live
from engine.server.security.problems import MISFITS, handle_problems
from engine.server.tika import tikaroutes
from engine.settings.servicesettings import DoorName

_DOORS = {
    DoorName.DOCLING: docling.router,
    DoorName.LOADER: processroute.router,
    DoorName.TIKA: tikaroutes.router,
    DoorName.MISTRAL: mistralroutes.router,
    DoorName.MINERU: mineruroutes.router,
    DoorName.MCP: mcproute.router,
}


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The document, with what `problem` refers to."""
        document = super().openapi()
        document["components"]["schemas"].setdefault(Problem.__name__, Problem.model_json_schema())
        return document


def create_api(service: Service) -> FastAPI:
    """What any program may ask for."""
    api = _Api(
        title="hotfolio",
        version=version("hotfolio"),
        summary="A hot folder that turns PDFs into Markdown.",
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        docs_url=None,  # these load scripts from another host; see `reference`
        redoc_url=None,
        responses=MISFITS,
    )
    handle_problems(api)
    api.add_middleware(Heads)
    for family in (submission, live, conversions, outputs, health, metrics, nodelist):
        api.include_router(family.router(service))
    for name, door in _DOORS.items():
        if name in service.engine.settings.doors:
            api.include_router(door(service))
    if service.dashboard:
        from engine.server.browser import browserdoor  # which needs an extra

        api.include_router(browserdoor.router(service))
    api.include_router(reference.router())
    return api
