"""The façade for hotfolio's own front ends, on the Unix socket alone; see `engine.remote.wire`."""

import asyncio
import hashlib
import logging
import os
import time
import uuid
from collections.abc import Mapping
from importlib.metadata import version

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.base.errors import HotfolioError
from engine.remote.wire import CALLS, Call, Greeting, Refusal, Update, UpdateRequest, decode, encode
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings

log = logging.getLogger(__name__)

_LOOK_S = 0.1
"""How often an answer that waits looks whether there is something to tell."""
_REFUSED = 409


class StopRequest(msgspec.Struct):
    """How to stop."""

    now: bool


class Rpc:
    """Answers what can be called of an engine, and what is about its process."""

    def __init__(self, service: Service, calls: Mapping[str, Call] = CALLS) -> None:
        """`calls` are those of a contract that the engine keeps."""
        self._service = service
        self._calls = calls
        self._life = uuid.uuid4().hex

    @property
    def routes(self) -> list[Route]:
        """One route for all calls."""
        return [Route("/rpc/{call}", self._answer, methods=["POST"])]

    async def _answer(self, request: Request) -> Response:
        name, body = request.path_params["call"], await request.body()
        try:
            match name:
                case "greet":
                    return _json(self._greeting())
                case "update":
                    return _json(await self._update(decode(body, UpdateRequest)))
                case "stop":
                    self._service.request_stop(decode(body, StopRequest).now)
                    return _json(None)
                case "let_live":
                    self._service.outlives = True
                    return _json(None)
            call = self._calls.get(name)
            if call is None:
                return _json(Refusal("HotfolioError", f"There is no call {name!r}."), 404)
            arguments = call.decode_arguments(body)
            return _json(await run_in_threadpool(getattr(self._service.engine, name), **arguments))
        except HotfolioError as error:
            return _json(Refusal.of(error), _REFUSED)
        except OSError as error:
            log.warning("%s has failed: %s", name, error)
            return _json(Refusal("HotfolioError", f"The engine cannot do that: {error.strerror or error}."), _REFUSED)
        except msgspec.MsgspecError as error:
            return _json(Refusal("HotfolioError", f"{name} was asked for in a way that is not known: {error}."), 400)

    def _greeting(self) -> Greeting:
        engine = self._service.engine
        revision = engine.settings_revision  # first, so that what has changed meanwhile is asked for once more
        return Greeting(
            version("hotfolio"),
            os.getpid(),
            self._service.outlives,
            _absolute(engine.settings),
            dict(engine.origins),
            engine.outputs,
            revision,
        )

    async def _update(self, request: UpdateRequest) -> Update:
        """What is new; waits while there is nothing, but not for long."""
        deadline = time.monotonic() + request.wait_s
        since = request.since if request.life == self._life else 0
        while True:
            update = self._look(since)
            is_new = update.snapshot.changed or update.snapshot.removed or update.rest != request.rest
            # Nobody is to wait for an answer that waits when the process is to end.
            if is_new or time.monotonic() >= deadline or self._service.engine.is_stopping:
                return update
            await asyncio.sleep(_LOOK_S)

    def _look(self, since: int) -> Update:
        engine = self._service.engine
        snapshot = engine.snapshot(since)
        page_maps = dict(engine.page_maps())
        rest = (
            snapshot.workers,
            snapshot.totals,
            snapshot.banners,
            snapshot.is_paused,
            page_maps,
            engine.discovered,
            engine.unsettled,
            engine.is_scanning,
            engine.is_paused,
            engine.is_stopping,
            engine.settings_revision,
        )
        return Update(
            self._life,
            since,
            snapshot,
            page_maps,
            engine.discovered,
            engine.unsettled,
            engine.is_scanning,
            engine.is_paused,
            engine.is_stopping,
            engine.settings_revision,
            hashlib.blake2b(encode(rest), digest_size=8).hexdigest(),
        )


def _json(value: object, status: int = 200) -> Response:
    return Response(encode(value), status, media_type="application/json")


def _absolute(settings: Settings) -> Settings:
    """The same for a process in another working directory."""
    return settings.model_copy(
        update={
            "input": settings.input.absolute(),
            "output": settings.output.absolute(),
            "state": settings.state_folder.absolute(),
            "archive": settings.archive_folder.absolute(),
        }
    )
