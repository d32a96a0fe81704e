"""Jobs as plain text, for commands that print them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.base.safetext import display_name
from tui.text.formatting import duration, number, plural

if TYPE_CHECKING:  # loading it takes longer than all the rest of a command
    from engine.job.snapshot import JobDetail, JobSnapshot

_HEAD = ("ID", "PRI", "STATE", "PAGES", "TIME", "NAME")
_LEFT = 2
"""The columns from the state on that are words."""


def job_rows(entries: "Sequence[JobSnapshot]") -> Iterator[str]:
    """A head, and a line a job, in columns; the names last, so that they need not be cut."""
    rows = [_HEAD, *(_cells(entry) for entry in entries)]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for row in rows:
        cells = [
            cell.ljust(width) if number == _LEFT else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield "  ".join([*cells, row[-1]]).rstrip()


def engine_lines(greeting: Any, vitals: Any) -> Iterator[str]:
    """What an engine is doing as a whole, by its `Greeting` and its `Vitals`, or what has their names."""
    totals, settings = vitals.totals, greeting.settings
    yield f"hotfolio {greeting.version}, process {greeting.pid}, {'paused' if vitals.is_paused else 'working'}"
    yield f"{display_name(settings.input)} → {display_name(settings.output)}"
    yield counted(totals.by_state)
    eta = "" if totals.eta_s is None else f", {duration(totals.eta_s)} left"
    yield f"{totals.workers_busy}/{totals.workers} workers busy, {totals.pages_per_second:.1f} pages/s{eta}"
    for banner in vitals.banners:
        yield f"! {banner.message}"


def counted(counts: Mapping[Any, int]) -> str:
    """How many jobs there are in each state."""
    return ", ".join(f"{number(count)} {state}" for state, count in counts.items() if count) or "no jobs"


def told(changed: Sequence[int], past: str) -> str:
    """The sentence that jobs were changed, such as `#3 held.` or `2 jobs held.`."""
    which = f"#{changed[0]}" if len(changed) == 1 else plural(len(changed), "job")
    return f"{which} {past}."


def job_lines(detail: "JobDetail") -> Iterator[str]:
    """All about one job."""
    entry = detail.snapshot
    job = entry.job
    facts = {
        "state": f"{job.state}" + (f": {job.reason}" if job.reason else ""),
        "source": display_name(job.source.file),
        "output": display_name(job.output) if job.output else "",
        "conversion id": job.conversion_id,
        "profile": job.profile,
        "formats": ", ".join(job.options.formats),
        "priority": str(job.priority) if job.priority else "",
        "pages": _pages(entry) + _kinds(entry),
        "time": _time(entry),
        "left": duration(entry.eta_s) if entry.eta_s is not None else "",
        "log": display_name(detail.log_file),
    }
    yield f"#{job.id} {job.name}"
    yield from (f"  {name:14}{value}" for name, value in facts.items() if value)
    yield from _section("warnings", detail.warnings)
    yield from _section("pages with something to tell", _remarks(detail))
    yield from _section(
        "history",
        (f"{at.astimezone():%Y-%m-%d %H:%M:%S}  {state:10} {cause}".rstrip() for at, state, cause in detail.history),
    )


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield title
        yield from (f"  {line}" for line in found)


def _remarks(detail: "JobDetail") -> Iterator[str]:
    return (f"{page.page:5}  {page.state:10} {page.error}" for page in detail.pages if page.error)


def _cells(entry: "JobSnapshot") -> tuple[str, ...]:
    job = entry.job
    return (
        str(job.id),
        f"{job.priority:+}" if job.priority else "",
        str(job.state) + (f" !{job.warnings}" if job.warnings else ""),
        _pages(entry),
        _time(entry),
        job.name + (f"  ({job.reason})" if job.reason else ""),
    )


def _pages(entry: "JobSnapshot") -> str:
    return "" if entry.job.pages is None else f"{entry.pages_done}/{entry.job.pages}"


def _kinds(entry: "JobSnapshot") -> str:
    kinds = {"by OCR": entry.pages_ocr, "as plain text": entry.pages_text_only, "failed": entry.pages_failed}
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    return f" ({told})" if told else ""


def _time(entry: "JobSnapshot") -> str:
    return "" if entry.job.seconds is None else duration(entry.job.seconds)
