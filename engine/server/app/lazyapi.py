"""LazyApi: the HTTP API, loaded when somebody asks for it first.

Dashboards and commands only call the façade. So an engine that is run for one starts without what takes longest to
load, the API's routes.
"""

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.server.dependencies.service import Service
from engine.server.routers.rpc import Rpc

_CALLS = "/rpc/"


class LazyApi:
    """An ASGI application. The loop's alone."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._api: ASGIApp | None = None
        self._loading = asyncio.Lock()

    def load(self) -> None:
        """Load it now, before anybody waits for it."""
        from engine.server.app.api import create_api
        from engine.server.app.housekeeping import keep_house

        keep_house(self._service)
        self._api = create_api(self._service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, after loading the API if that has not been done."""
        if self._api is None:
            async with self._loading:
                if self._api is None:
                    await run_in_threadpool(self.load)
        assert self._api is not None
        await self._api(scope, receive, send)


class LocalApi:
    """The calls of hotfolio's own front ends, and for everything else the API."""

    def __init__(self, service: Service, api: LazyApi) -> None:
        self._calls = Router(Rpc(service).routes)
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        is_call = scope["type"] == "http" and scope["path"].startswith(_CALLS)
        await (self._calls if is_call else self._api)(scope, receive, send)
