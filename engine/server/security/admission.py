"""Who asks, and whether one more submission is taken in: so many per client and second, and a bound on the queue."""

import time
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from fastapi import HTTPException, Request
from starlette.requests import HTTPConnection

from engine.base.safetext import display_name
from engine.server.dependencies.rates import Rates
from engine.server.dependencies.schemas import problem
from engine.server.dependencies.service import Service

LOCAL = "local"
"""The client that all programs on the Unix socket are together."""
_UNKNOWN = "unknown"
_FULL_RETRY_S = 30
"""After which to come back when the queue is full."""
_MAX_NAME = 64
_HEADERS = {
    "Retry-After": {"description": "Whole seconds until it is worth trying again.", "schema": {"type": "integer"}}
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    429: problem("The client submits too much in too short a time.", headers=_HEADERS),
    503: problem("Too many jobs wait already, or nothing can be written right now.", headers=_HEADERS),
}
"""For the `responses=` of a route with `admission`."""


def client_of(connection: HTTPConnection) -> str:
    """Who asks, by a short name: `local` on the Unix socket, else the peer's address.

    An IPv6 address stands for its /64, of which one machine may use all. What a header says about it, such as
    `X-Forwarded-For`, does not count: anybody can send one.
    """
    client, server = connection.scope.get("client"), connection.scope.get("server")
    if client is None:
        return LOCAL if server is not None and server[1] is None else _UNKNOWN
    try:
        address = ip_address(client[0])
    except ValueError:
        return display_name(client[0])[:_MAX_NAME] or _UNKNOWN
    if not isinstance(address, IPv6Address) or address.is_loopback:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


def admission(service: Service) -> Callable[[Request], Awaitable[str]]:
    """A dependency for routes that submit something: refuses with 429 or 503, else gives the client's name.

    All routes count together, whichever dependency of the same service they have::

        admit = admission(service)

        @routes.post("/convert", status_code=202, responses=REFUSALS)
        def convert(client: Annotated[str, Depends(admit)], ...) -> Accepted:
            jobs = service.engine.submit_many([file], client=client)

    It counts one submission, however many files are in the request, and never waits. FastAPI reads a body that is
    declared (`Form`, `File`, a model) before it asks any dependency; a route for large ones takes the `Request` and
    reads `request.stream()` itself, so that what is refused is not received first.
    """
    if service.rates is None:
        service.rates = Rates(service.engine.settings.max_submissions, time.monotonic)
    rates = service.rates

    async def admit(request: Request) -> str:
        client = client_of(request)
        wait_s = rates.wait_s(client)
        if wait_s:
            problem = f"Too many submissions: at most {rates.rule} by one client. Try again in {wait_s} s."
            raise HTTPException(429, problem, {"Retry-After": str(wait_s)})
        most = service.engine.settings.max_queue
        if service.engine.overview().totals.queue_depth >= most:
            problem = f"The queue is full: {most:,} jobs wait. Try again later."
            raise HTTPException(503, problem, {"Retry-After": str(_FULL_RETRY_S)})
        return client

    return admit
