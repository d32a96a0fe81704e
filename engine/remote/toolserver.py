"""A server of the Model Context Protocol: tools that assistants call, by the official library, an extra.

It speaks by no means of its own: `hotfolio mcp` gives it the standard input and output, and the service requests.
"""

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from inspect import getdoc
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.remote.assistant import LONGEST_WORDS, Assistant

_AT_ONCE = 2
"""Tools that read results or show pages at a time, for all assistants together."""
_MOST_NUMBER = 1 << 31

Answer = str | bytes
"""Text, or a picture as PNG."""


class Arguments(BaseModel):
    """What a tool is told; nothing else may be said."""

    model_config = ConfigDict(extra="forbid")


Number = Annotated[int, Field(ge=1, lt=_MOST_NUMBER)]


class StatusArguments(Arguments):
    """For `status`."""

    job: Number | None = Field(None, description="The job's number; all of them without.")


class ReadArguments(Arguments):
    """For `read`."""

    job: Number = Field(description="The job's number.")
    page: Number | None = Field(None, description="From 1; the whole document without.")


class SearchArguments(Arguments):
    """For `search`."""

    text: str = Field(min_length=1, max_length=LONGEST_WORDS, description="Words that follow each other.")


class PictureArguments(Arguments):
    """For `page_picture`."""

    job: Number = Field(description="The job's number.")
    page: Number = Field(1, description="From 1.")


@dataclass(frozen=True, slots=True)
class Tool:
    """Something an assistant can have done."""

    name: str
    description: str
    arguments: type[Arguments]
    act: Callable[[Any, Any], Awaitable[Answer]]
    """Given the arguments, and the HTTP request by which they came, if by one. Raises `HotfolioError`."""


def is_there() -> bool:
    """Whether the library is installed."""
    return find_spec("mcp") is not None


def tools_of(assistant: Assistant) -> list[Tool]:
    """A tool for each thing but taking documents in, which differs with where the assistant is."""
    limiter = CapacityLimiter(_AT_ONCE)

    def tool(act: Callable[..., Answer], arguments: type[Arguments]) -> Tool:
        async def called(said: Arguments, _: Any) -> Answer:
            return await to_thread.run_sync(lambda: act(**dict(said)), limiter=limiter)

        return Tool(act.__name__, getdoc(act) or "", arguments, called)

    return [
        tool(assistant.status, StatusArguments),
        tool(assistant.read, ReadArguments),
        tool(assistant.search, SearchArguments),
        tool(assistant.page_picture, PictureArguments),
    ]


def tool_server(tools: Sequence[Tool]) -> Any:
    """A `Server` of the library's. What cannot be done is told to the assistant in a sentence, as the answer."""
    from mcp.server import Server
    from mcp_types import (
        CallToolRequestParams,
        CallToolResult,
        ImageContent,
        ListToolsResult,
        PaginatedRequestParams,
        TextContent,
        ToolAnnotations,
    )
    from mcp_types import Tool as Listed

    known = {tool.name: tool for tool in tools}
    listed = [
        Listed(
            name=tool.name,
            description=tool.description,
            input_schema=tool.arguments.model_json_schema(),
            annotations=ToolAnnotations(read_only_hint=tool.name != "convert", destructive_hint=False),
        )
        for tool in tools
    ]

    async def show(_: Any, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=listed)

    async def call(context: Any, asked: CallToolRequestParams) -> CallToolResult:
        try:
            answer = await _called(known.get(asked.name), asked.name, asked.arguments or {}, context.request)
        except HotfolioError as error:
            return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
        if isinstance(answer, bytes):
            picture = ImageContent(data=base64.b64encode(answer).decode(), mime_type="image/png")
            return CallToolResult(content=[picture])
        return CallToolResult(content=[TextContent(text=answer)])

    return Server("hotfolio", version=version("hotfolio"), on_list_tools=show, on_call_tool=call)


async def _called(tool: Tool | None, name: str, arguments: dict[str, Any], request: Any) -> Answer:
    if tool is None:
        raise HotfolioError(f"There is no tool {display_text(name[:40])!r}.")
    try:
        said = tool.arguments.model_validate(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the arguments"
        raise HotfolioError(f"{display_text(where[:80])}: {display_text(first['msg'])}.") from None
    return await tool.act(said, request)
