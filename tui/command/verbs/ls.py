"""`hotfolio ls`: the list of jobs."""

import sys

from tui.command.chosen import QUEUE, Ids, Json, States, ranges, states
from tui.command.flags import Load, answer, takes_settings


@takes_settings(*QUEUE)
def ls(load: Load, ids: Ids = [], state: States = None, json: Json = False) -> None:  # noqa: B006
    """List jobs: all of them, or those chosen."""

    def work() -> int:
        from tui.command.job_text import job_rows
        from tui.command.reach import OK, engine_or_queue, job_fields, print_json

        chosen, wanted = ranges(ids), states(state)
        entries = engine_or_queue(load().settings.state_folder).select(chosen, wanted)
        if json:
            print_json([job_fields(entry) for entry in entries])
        else:
            sys.stdout.write("".join(f"{line}\n" for line in job_rows(entries)))
        return OK

    answer(work)
