"""`hotfolio mcp`: assistants that speak the Model Context Protocol have documents converted, and read results."""

from tui.command.chosen import QUEUE
from tui.command.flags import Load, answer, takes_settings

_MISSING = "`hotfolio mcp` needs the library mcp: install hotfolio[mcp]."


@takes_settings(*QUEUE)
def mcp(load: Load) -> None:
    """Answer an assistant by the Model Context Protocol on standard input and output; an engine has to run."""

    def work() -> int:
        from engine.base.errors import HotfolioError
        from engine.remote.toolserver import is_there
        from tui.command.reach import OK, running_engine

        if not is_there():
            raise HotfolioError(_MISSING)
        engine = running_engine(load().settings.state_folder)
        with engine:
            import anyio

            from tui.command.localassistant import serve

            anyio.run(serve, engine)
        return OK

    answer(work)
