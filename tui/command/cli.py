"""The `hotfolio` command."""

import contextlib
import shutil
import sys
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from engine.base.safetext import display_name
from tui.command.chosen import QUEUE, Json
from tui.command.flags import CONVERSION, FOLDERS, Load, Profile, answer, finish, takes_settings
from tui.command.mcpserver import mcp
from tui.command.verbs.add import add
from tui.command.verbs.cancel import cancel
from tui.command.verbs.clear import clear
from tui.command.verbs.cluster import cluster
from tui.command.verbs.drain import drain
from tui.command.verbs.hold import hold
from tui.command.verbs.log import log
from tui.command.verbs.ls import ls
from tui.command.verbs.move import move
from tui.command.verbs.nodes import nodes
from tui.command.verbs.pause import pause
from tui.command.verbs.priority import priority
from tui.command.verbs.release import release
from tui.command.verbs.remove import remove
from tui.command.verbs.resume import resume
from tui.command.verbs.retry import retry
from tui.command.verbs.show import show
from tui.command.verbs.status import status
from tui.command.verbs.stop import stop
from tui.command.verbs.wait import wait
from tui.command.verbs.worker import worker
from tui.command.verbs.workers import workers
from tui.terminal.streams import mend_streams

app = typer.Typer(
    name="hotfolio",
    help="A hot folder that turns PDFs into Markdown, with a keyboard-driven terminal dashboard.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
JsonLines = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of text.")]


@app.callback(invoke_without_command=True)
@takes_settings(*FOLDERS, *CONVERSION)
def dashboard(
    context: typer.Context,
    load: Load,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the dashboard on the hot folder; without a terminal, do as `hotfolio run` does."""
    if version:
        from importlib.metadata import version as version_of

        print(f"hotfolio {version_of('hotfolio')}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    loaded = load()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from tui.command.runner import Runner

        finish(Runner(loaded, once=False, json_lines=False).run)

    def work() -> int:
        from tui.terminal.first_frame import first_frame
        from tui.terminal.terminal import check_terminal

        check_terminal()
        with first_frame(loaded.settings.output):
            from tui.command.opening import run_dashboard

            return run_dashboard(loaded)

    finish(work)


@app.command()
@takes_settings(*FOLDERS, *CONVERSION)
def run(
    load: Load,
    once: Annotated[bool, typer.Option("--once", help="End when everything present is finished.")] = False,
    json: JsonLines = False,
) -> None:
    """Convert what is and what comes into the hot folder, until stopped.

    Exit status: 0 all done, 1 something failed or is partial, 2 usage, 4 state folder lost, 130 interrupted.
    """
    from tui.command.runner import Runner

    finish(Runner(load(), once=once, json_lines=json).run)


@app.command()
@takes_settings("output", "state", *CONVERSION)
def convert(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The PDFs to convert.", show_default=False)],
    load: Load,
    profile: Profile = "",
    json: JsonLines = False,
) -> None:
    """Convert the files named, without a hot folder. Exit status as for `run`."""
    from tui.command.runner import Runner

    loaded = load()
    temporary = None
    if loaded.settings.state is None:
        # A queue of its own, so that a running hot folder is not disturbed; it is kept only if work is left.
        temporary = loaded.settings.state_folder / "convert"
        loaded = replace(loaded, settings=loaded.settings.model_copy(update={"state": temporary}))
    runner = Runner(loaded, once=True, json_lines=json, files=files, profile=profile)

    def work() -> int:
        code = runner.run()
        if temporary is not None and not runner.is_work_left:
            shutil.rmtree(temporary, ignore_errors=True)
            _remove_if_empty(temporary.parent)
        if runner.undelivered:
            _tell_undelivered(runner.undelivered, loaded.settings.state_folder)
        return code

    finish(work)


@app.command()
@takes_settings(*FOLDERS, *CONVERSION, "cluster", "host", "port")
def serve(
    load: Load,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background, and return.")] = False,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Ask for no token; only where nobody but this machine can connect.")
    ] = False,
    web: Annotated[bool, typer.Option("--web", help="Show the dashboard in browsers, too.")] = False,
) -> None:
    """Run the engine without a screen, for dashboards, commands and other programs to join."""
    from tui.command.serve import serve as serve_here
    from tui.command.serve import serve_detached

    loaded = load()
    finish(lambda: (serve_detached if detach else serve_here)(loaded, no_auth=no_auth, web=web))


@app.command(name="config")
@takes_settings(*FOLDERS)
def show_config(load: Load, json: Json = False) -> None:
    """Print the effective settings, and where each came from."""
    from tui.text.setting_text import setting_texts, setting_values

    loaded = load()
    if json:
        from tui.command.reach import print_json

        values = setting_values(loaded.settings)
        print_json(
            {name: {"value": value, "from": loaded.origins.get(name, "default")} for name, value in values.items()}
        )
        return
    shown = setting_texts(loaded.settings)
    width = max(map(len, shown))
    for name, value in shown.items():
        print(f"{name:{width}}  {value:32}  # {loaded.origins.get(name, 'default')}")


@app.command()
@takes_settings(*FOLDERS)
def doctor(load: Load, json: Json = False) -> None:
    """Check what hotfolio needs on this machine; a line each, with what to do. Exit status 1 on a problem."""
    from engine.facade.doctor import CLUSTER, Verdict, examine
    from tui.command.verbs.nodes import reached

    settings = load().settings
    worst, checks = Verdict.OK, []
    for check in chain(examine(settings), reached(settings) if settings.backend == CLUSTER else ()):
        worst = max(worst, check.verdict, key=list(Verdict).index)
        if json:
            checks.append(asdict(check))
        else:
            print(f"{check.verdict:8} {check.name:12} {check.finding}" + (f" {check.advice}" if check.advice else ""))
    if json:
        from tui.command.reach import print_json

        print_json(checks)
    raise typer.Exit(1 if worst is Verdict.PROBLEM else 0)


for _command in (add, ls, show, log, cancel, retry, hold, release):
    app.command()(_command)
app.command(context_settings={"ignore_unknown_options": True})(priority)  # -1 is a number, not an option
for _command in (move, pause, resume, workers, clear, wait, status, stop, nodes, drain, remove, worker, mcp):
    app.command()(_command)
app.add_typer(cluster, name="cluster")


@app.command()
@takes_settings(*QUEUE)
def token(load: Load, json: Json = False) -> None:
    """Print the token that programs need over TCP, and make it if there is none."""

    def work() -> int:
        from engine.server.security.token import ensure_token
        from engine.settings.statefolder import make_folders

        settings = load().settings
        make_folders(settings, watch=False)
        found = ensure_token(settings.state_folder)
        if json:
            from tui.command.reach import print_json

            print_json({"token": found})
        else:
            print(found)
        return 0

    answer(work)


def main() -> None:
    """Run the command, with usage errors as one sentence."""
    mend_streams()
    if any("-completion" in argument for argument in sys.argv[1:]):
        from tui.command.completion import mend_zsh

        mend_zsh()
    app()


def _tell_undelivered(count: int, state: Path) -> None:
    what = "1 delivery is" if count == 1 else f"{count} deliveries are"
    with contextlib.suppress(OSError):
        print(
            f"hotfolio: {what} kept in {display_name(state)}; what is due of that is tried with the next"
            " `hotfolio convert` that has the same output and state folders.",
            file=sys.stderr,
        )


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
