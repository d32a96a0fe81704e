"""`hotfolio show`: all about one job."""

from typing import TYPE_CHECKING, Any

from tui.command.chosen import QUEUE, Json, OneId
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from engine.job.snapshot import JobDetail


@takes_settings(*QUEUE)
def show(id: OneId, load: Load, json: Json = False) -> None:  # noqa: A002
    """Tell all about one job: its pages, its history, where its result is."""

    def work() -> int:
        from tui.command.job_text import job_lines
        from tui.command.reach import OK, engine_or_queue, print_json

        detail = engine_or_queue(load().settings.state_folder).detail(id)
        if json:
            print_json(_fields(detail))
        else:
            print("\n".join(job_lines(detail)))
        return OK

    answer(work)


def _fields(detail: "JobDetail") -> dict[str, Any]:
    from engine.base.safetext import display_name
    from tui.command.reach import job_fields

    job = detail.snapshot.job
    return job_fields(detail.snapshot) | {
        "source": display_name(job.source.file),
        "output": display_name(job.output) if job.output else None,
        "log": display_name(detail.log_file),
        "page_results": [
            {"page": p.page, "state": p.state, "seconds": p.seconds, "via": p.via, "error": p.error}
            for p in detail.pages
        ],
        "history": [{"at": at.isoformat(), "state": state, "cause": cause} for at, state, cause in detail.history],
        "warnings": list(detail.warnings),
    }
