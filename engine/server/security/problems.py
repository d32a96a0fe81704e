"""Which HTTP status an error of the engine's is, and how a request is refused that does not fit."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from engine.base.errors import EngineBlocked, HotfolioError, IllegalTransition, NoSuchJob, SourceGone, SourceUnreadable
from engine.base.safetext import display_text
from engine.server.dependencies.schemas import problem

_STATUS: dict[type[HotfolioError], int] = {
    NoSuchJob: 404,
    SourceGone: 404,
    SourceUnreadable: 404,
    IllegalTransition: 409,
    EngineBlocked: 503,
}
_MISFIT = 422
_MOST_SHOWN = 3

MISFITS: dict[int | str, dict[str, Any]] = {
    400: problem("The request cannot be read."),
    _MISFIT: problem("Something in the request does not fit."),
}
"""What any route may answer."""


def status_of(error: HotfolioError) -> int:
    """The status that says best what went wrong."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def handle_problems(api: FastAPI) -> None:
    """Answer with the error's sentence."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HotfolioError)
        return JSONResponse({"detail": str(error)}, status_of(error))

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return JSONResponse({"detail": _sentence(error.errors())}, _MISFIT)

    api.add_exception_handler(HotfolioError, answer)
    # FastAPI's own answer repeats the input, and fails on what is no JSON: NaN, half a surrogate pair.
    api.add_exception_handler(RequestValidationError, refuse)


def _sentence(errors: Sequence[Any]) -> str:
    """What does not fit and why, as in `query limit: input should be less than or equal to 1000.`."""
    parts = []
    for error in errors[:_MOST_SHOWN]:
        where = " ".join(display_text(str(part))[:80] for part in error["loc"])
        message = str(error["msg"])
        parts.append(display_text(f"{where}: {message[:1].lower()}{message[1:]}"))
    if len(errors) > _MOST_SHOWN:
        parts.append("and more")
    return f"{'; '.join(parts)}."
