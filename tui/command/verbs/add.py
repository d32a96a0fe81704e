"""`hotfolio add`: files are queued."""

from pathlib import Path
from typing import Annotated

import typer

from tui.command.chosen import QUEUE, Json
from tui.command.flags import JOB, Load, Profile, answer, takes_settings


@takes_settings(*QUEUE, *JOB)
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="PDFs, wherever they are.", show_default=False)
    ],
    load: Load,
    priority: Annotated[int | None, typer.Option("--priority", metavar="N", help="Higher runs first.")] = None,
    profile: Profile = "",
    again: Annotated[bool, typer.Option("--again", help="Convert anew what is finished already.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Return when they are finished, as `wait` does.")] = False,
    json: Json = False,
) -> None:
    """Queue files."""
    answer(lambda: submit(load, files, priority, profile, again=again, waits=wait, as_json=json))


def submit(
    load: Load,
    files: list[Path],
    priority: int | None,
    profile: str,
    *,
    again: bool,
    waits: bool,
    as_json: bool,
) -> int:
    """Queue files, to be converted as the engine's profile or settings say, but for what the command line says.

    Returns the exit status. Raises `HotfolioError`.
    """
    from engine.job.snapshot import JobSnapshot
    from tui.command.reach import OK, job_fields, print_json, running_engine
    from tui.command.verbs.priority import check_priority
    from tui.command.verbs.wait import wait_for

    check_priority(priority or 0)
    loaded = load()
    folder = loaded.settings.state_folder
    engine = running_engine(folder)
    # With nothing said, each is converted by the rule of the hot folder it is in.
    options = loaded.options_of(profile, engine.settings) if profile or loaded.says_options else None
    jobs = engine.submit_many(files, options=options, priority=priority, profile=profile, again=again)
    if waits:
        return wait_for(folder, {job.id for job in jobs}, None, as_json=as_json)
    if as_json:
        print_json([job_fields(JobSnapshot.of(job)) for job in jobs])
    else:
        for job in jobs:
            print(f"#{job.id} {job.name} is {job.state}" + (f": {job.reason}" if job.reason else ""))
    return OK
