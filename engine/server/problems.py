"""Which HTTP status an error of the engine's is."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from engine.errors import EngineBlocked, HotfolioError, IllegalTransition, NoSuchJob, SourceGone, SourceUnreadable

_STATUS: dict[type[HotfolioError], int] = {
    NoSuchJob: 404,
    SourceGone: 404,
    SourceUnreadable: 404,
    IllegalTransition: 409,
    EngineBlocked: 503,
}


def status_of(error: HotfolioError) -> int:
    """The status that says best what went wrong."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def handle_problems(api: FastAPI) -> None:
    """Answer with the error's sentence."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HotfolioError)
        return JSONResponse({"detail": str(error)}, status_of(error))

    api.add_exception_handler(HotfolioError, answer)
