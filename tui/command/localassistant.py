"""What an assistant that runs on this machine, as its user, can have done: files are named by their paths."""

import time
from inspect import getdoc
from pathlib import Path
from typing import Any

from anyio import to_thread
from pydantic import Field

from engine.base.errors import HotfolioError
from engine.remote.assistant import Assistant, line_of, takes_longer
from engine.remote.contract import EngineLike
from engine.remote.toolserver import Arguments, Tool, tool_server, tools_of

_LOOK_S = 0.1
_LONGEST_WAIT_S = 600.0


class FileArguments(Arguments):
    """For `convert`."""

    file: str = Field(min_length=1, max_length=4096, description="The document's whole path, from the root.")


class LocalAssistant(Assistant):
    """Changes nothing but the queue."""

    def __init__(self, engine: EngineLike, longest_wait_s: float = _LONGEST_WAIT_S) -> None:
        super().__init__(engine)
        self._longest_wait_s = longest_wait_s

    def convert(self, file: str) -> str:
        """Convert a document on this machine, by its path, and give its Markdown. No file is converted twice."""
        path = Path(file).expanduser()
        if not path.is_absolute():
            raise HotfolioError(f"{file}: give the whole path, from the root.")
        (job,) = self._engine.submit_many([path], client="mcp")
        deadline = time.monotonic() + self._longest_wait_s
        while not (entry := self._engine.job(job.id)).job.state.is_finished:
            if time.monotonic() >= deadline:
                return takes_longer(entry)
            time.sleep(_LOOK_S)
        if not entry.job.state.is_published:
            raise HotfolioError(line_of(entry))
        return self.read(job.id)


async def serve(engine: EngineLike) -> None:
    """Answer on standard input and output until the assistant closes them."""
    from mcp.server.stdio import stdio_server

    assistant = LocalAssistant(engine)

    async def convert(said: FileArguments, _: Any) -> str:
        return await to_thread.run_sync(assistant.convert, said.file, abandon_on_cancel=True)

    described = getdoc(LocalAssistant.convert) or ""
    server = tool_server([Tool("convert", described, FileArguments, convert), *tools_of(assistant)])
    async with stdio_server() as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())
