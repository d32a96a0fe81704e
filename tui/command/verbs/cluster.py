"""`hotfolio cluster`: makes a cluster, and what other machines need to join it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui.command.chosen import QUEUE, Json
from tui.command.flags import FOLDERS, Load, answer, finish, takes_settings
from tui.command.verbs.nodes import lines, trouble_of
from tui.text.formatting import plural

if TYPE_CHECKING:
    from engine.job.vitals import Vitals

cluster = typer.Typer(
    help="Make a cluster of machines that convert pages, and have others join it.", no_args_is_help=True
)
_PORT = 8786


@cluster.command()
@takes_settings(*FOLDERS)
def init(
    load: Load,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where other machines reach this one.")] = "",
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65_535, help="The port there.")] = _PORT,
    at: Annotated[
        str, typer.Option("--at", metavar="URL", help="A scheduler of Dask's that runs: tls://HOST:PORT.")
    ] = "",
) -> None:
    """Make a cluster of which this machine is the head, with certificates of its own."""

    def work() -> int:
        from pydantic import ValidationError

        from engine.base.errors import SettingsError
        from engine.base.safetext import display_name
        from engine.cluster.joining import Plan, make_cluster, own_address
        from engine.cluster.supervisor import needs
        from engine.settings.statefolder import make_folders

        needs()
        from engine.cluster.authority import make_authority, sign

        settings = load().settings
        make_folders(settings, watch=False)
        address = host or own_address()
        try:
            plan = Plan(scheduler=at or f"tls://{f'[{address}]' if ':' in address else address}:{port}", own=not at)
        except ValidationError:
            raise SettingsError(f"{display_name(at or address)} is no address of a cluster.") from None
        authority = make_authority()
        folder = make_cluster(settings.state_folder, plan, authority, sign(authority, "head"))
        print(
            f"The cluster is in {display_name(folder)}; its scheduler listens at {plan.scheduler}.\n"
            "`hotfolio cluster invite NAME` writes what another machine needs to join, and\n"
            '`hotfolio serve --cluster` (or `backend = "cluster"`) has its pages converted there.'
        )
        return 0

    finish(work)


@cluster.command()
@takes_settings(*FOLDERS)
def invite(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the machine is called.", show_default=False)],
    load: Load,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Where to write it; NAME.join unless given.")
    ] = None,
) -> None:
    """Write the file by which one other machine joins. It has a private key: whoever has it is part of the cluster."""

    def work() -> int:
        from engine.base.safetext import display_name
        from engine.cluster.joining import invite as write_invitation
        from engine.cluster.supervisor import needs

        needs()
        from engine.cluster.authority import Pair, sign

        place = file or Path(f"{name}.join")
        write_invitation(load().settings.state_folder, name, place, lambda ca, key, node: sign(Pair(ca, key), node))
        print(
            f"{display_name(place)} is for {display_name(name)} alone. Bring it there by a way that nobody else can"
            f" read (scp), and start there:\n  hotfolio worker --join {display_name(place.name)}"
        )
        return 0

    finish(work)


@cluster.command()
@takes_settings(*QUEUE)
def status(load: Load, json: Json = False) -> None:
    """Tell where the cluster is reached, and which machines have joined. Exit status 3 if no engine is running."""

    def work() -> int:
        from dataclasses import asdict

        from engine.base.errors import EngineUnreachable, SettingsError
        from engine.cluster.joining import read_plan
        from tui.command.reach import NO_ENGINE, OK, print_json, running_engine

        folder = load().settings.state_folder
        plan = read_plan(folder)
        if plan is None:
            raise SettingsError("There is no cluster: `hotfolio cluster init` makes one.")
        try:
            engine = running_engine(folder)
        except EngineUnreachable as error:
            known, standing, code = [], str(error), NO_ENGINE
        else:
            vitals, code = engine.vitals(), OK
            known, standing = (
                [*vitals.nodes],
                standing_of(vitals, uses_it=engine.greeting.settings.backend == "cluster"),
            )
        if json:
            nodes = [asdict(node) for node in known]
            print_json({"scheduler": plan.scheduler, "own": plan.own, "standing": standing, "nodes": nodes})
        else:
            print(plan.scheduler, standing, *(lines(tuple(known)) if known else ()), sep="\n")
        return code

    answer(work)


def standing_of(vitals: "Vitals", *, uses_it: bool) -> str:
    """How things are with it, in a sentence."""
    if not uses_it:
        return "The engine that runs does without it: start one with `hotfolio serve --cluster`."
    count = len(vitals.nodes)
    return trouble_of(vitals) or (f"{plural(count, 'node')} joined." if count else "No node has joined.")
