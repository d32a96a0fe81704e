"""`hotfolio log`: what the libraries have printed about one job."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tui.command.chosen import QUEUE, Json, OneId
from tui.command.flags import Load, answer, takes_settings


@takes_settings(*QUEUE)
def log(
    id: OneId,  # noqa: A002
    load: Load,
    lines: Annotated[int | None, typer.Option("-n", "--lines", metavar="N", min=0, help="The last N lines.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the job is finished.")] = False,
    json: Json = False,
) -> None:
    """Print what the libraries have printed about one job."""
    answer(lambda: _print_log(load().settings.state_folder, id, lines, follows=follow, as_json=json))


def _print_log(folder: Path, job_id: int, lines: int | None, *, follows: bool, as_json: bool) -> int:
    from tui.command.reach import LOOK_S, OK, engine_or_queue, print_json
    from tui.text.textfiles import read_on, read_tail

    reader = engine_or_queue(folder)
    detail = reader.detail(job_id)
    if as_json:
        print_json({"job_id": job_id, "log": read_tail(detail.log_file)})
        return OK
    if not follows:
        _print_lines(read_tail(detail.log_file).splitlines(), lines)
        return OK
    found, place = read_on(detail.log_file, None)
    _print_lines(found, lines)
    while not detail.snapshot.job.state.is_finished:
        time.sleep(LOOK_S)
        detail = reader.detail(job_id)
        found, place = read_on(detail.log_file, place)
        _print_lines(found, None)
    return OK


def _print_lines(found: Sequence[str], last: int | None) -> None:
    for line in found if last is None else found[max(len(found) - last, 0) :]:
        print(line, flush=True)
