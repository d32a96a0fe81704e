"""`hotfolio mcp`: assistants that speak the Model Context Protocol have documents converted, and read results."""

from typing import TYPE_CHECKING, Any

from tui.command.chosen import QUEUE
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from tui.command.assistant import Assistant

_MISSING = "`hotfolio mcp` needs the library mcp: install hotfolio[mcp]."


@takes_settings(*QUEUE)
def mcp(load: Load) -> None:
    """Answer an assistant by the Model Context Protocol on standard input and output; an engine has to run."""

    def work() -> int:
        from engine.base.errors import HotfolioError
        from tui.command.assistant import Assistant
        from tui.command.reach import OK, running_engine

        try:
            import mcp.server  # noqa: F401 - an extra
        except ImportError:
            raise HotfolioError(_MISSING) from None
        engine = running_engine(load().settings.state_folder)
        with engine:
            serve(Assistant(engine)).run()
        return OK

    answer(work)


def serve(assistant: "Assistant") -> Any:
    """A server with a tool for each thing that an assistant can have done."""
    from anyio import to_thread
    from mcp.server import MCPServer
    from mcp.server.mcpserver import Image
    from mcp.server.mcpserver.exceptions import ToolError

    from engine.base.errors import HotfolioError

    server = MCPServer("hotfolio")

    async def done(act: Any, *arguments: Any) -> Any:
        try:
            return await to_thread.run_sync(act, *arguments)
        except HotfolioError as error:
            raise ToolError(str(error)) from None

    async def convert(file: str) -> str:
        return str(await done(assistant.convert, file))

    async def status(job: int | None = None) -> str:
        return str(await done(assistant.status, job))

    async def search(text: str) -> str:
        return str(await done(assistant.search, text))

    async def page_picture(job: int, page: int = 1) -> Any:
        return Image(data=await done(assistant.page_picture, job, page), format="png")

    for tool in (convert, status, search, page_picture):
        described = getattr(assistant, tool.__name__).__doc__
        server.add_tool(tool, description=described, structured_output=False)
    return server
