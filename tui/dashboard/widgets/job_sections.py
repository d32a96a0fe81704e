"""The sections in which a job is told in full, as lines."""

from collections.abc import Sequence

from engine.base.safetext import display_name, display_text
from engine.job.job import JobState, PageState
from engine.job.options import STANDARD, ConverterName, ConvertOptions, OcrEngineName
from engine.job.snapshot import MARKS, JobDetail, JobSnapshot, PageMap
from tui.dashboard.advice import advice
from tui.dashboard.look import Look
from tui.dashboard.model import Model
from tui.dashboard.widgets.lines import Part, flow
from tui.dashboard.widgets.list_columns import seconds_of, state_of
from tui.dashboard.widgets.page_map import legend, page_map_lines
from tui.text.formatting import bar, clip, duration, number, plural, shorten, size, wrap

_MAP_LINES = 8
_MESSAGES = 200

_Line = list[Part]


def heading(model: Model, entry: JobSnapshot, width: int, look: Look) -> list[_Line]:
    """Which job it is, how far it is, and what to do if it is not going well."""
    job, glyphs = entry.job, look.glyphs
    symbol, word = state_of(entry, glyphs, model.waiting_word(entry))
    state: list[_Line] = [[(f"{symbol} {word}", look.states[job.state])]]
    took = duration(seconds_of(entry, model.wall_clock()))
    if took:
        state.append([(f"{'for' if entry.step is not None else 'in'} {took}", look.muted)])
    if entry.eta_s is not None and entry.step is not None:
        state.append([(f"ETA {duration(entry.eta_s)}", look.muted)])
    if entry.rate:
        state.append([(f"{entry.rate:.1f} pages/s", look.muted)])
    lines: list[_Line] = [
        [(f"#{job.id} ", look.muted), (shorten(job.name, width - len(f"#{job.id} "), glyphs.ellipsis), look.strong)],
        *flow(state, width),
    ]
    if job.state is JobState.RUNNING and job.pages:
        fraction = entry.pages_done / job.pages
        counted = f"  {entry.pages_done}/{job.pages}  {fraction:.0%}"
        filled, rest = bar(fraction, max(width - len(counted), 4), glyphs)
        lines.append([(filled, look.states[job.state]), (rest, look.bar_rest), (counted, look.text)])
    if job.reason:
        style = look.states[job.state]
        lines += [[(line, style)] for line in wrap(" ".join(display_text(job.reason).split()), width)]
    lines += [[(line, look.muted)] for line in wrap(advice(entry, look.keys), width) if line]
    return lines


def pages_section(
    entry: JobSnapshot, page_map: PageMap, width: int, look: Look, selected: int | None = None
) -> list[_Line]:
    """The page map, what is in it, and which page is selected."""
    if not page_map.marks:
        return []
    counts = [
        f"{number(count)} {word}"
        for count, word in (
            (entry.pages_ocr, "by OCR"),
            (entry.pages_text_only, "text only"),
            (entry.pages_failed, "failed"),
        )
        if count
    ]
    title = f"{number(entry.pages_done)} of {plural(len(page_map.marks), 'page')}"
    head = flow([[("PAGES", look.title)], *([(text, look.text)] for text in [title, *counts])], width, "  ")
    marks: list[list[Part]] = legend(page_map, look)
    if selected is not None:
        marks.append([(f"{look.glyphs.cursor} ", look.accent), (f"page {number(selected)} selected", look.muted)])
    return [*head, *page_map_lines(page_map, width, _MAP_LINES, look, selected), *flow(marks, width, "  ")]


def messages(detail: JobDetail, width: int, look: Look) -> list[_Line]:
    """What the reader should know about single pages, failures first."""
    told = [page for page in detail.pages if page.error]
    told.sort(key=lambda page: (page.state is not PageState.FAILED, page.page))
    lines: list[_Line] = []
    for warning in detail.warnings:
        lines += [[(line, look.warning)] for line in wrap(" ".join(display_text(warning).split()), width)]
    for page in told[:_MESSAGES]:
        mark = MARKS[page.state]
        label = f"{look.glyphs.pages[mark]} page {page.page}  "
        sentence = wrap(" ".join(display_text(page.error or "").split()), max(width - len(label), 10))
        lines.append([(label, look.pages[mark]), (sentence[0], look.text)])
        lines += [[(" " * len(label) + line, look.text)] for line in sentence[1:]]
    if len(told) > _MESSAGES:
        lines.append([(f"and {plural(len(told) - _MESSAGES, 'more page')}", look.muted)])
    slowest = sorted(detail.pages, key=lambda page: -page.seconds)[:3]
    if slowest and slowest[0].seconds >= 1:
        text = ", ".join(f"p{page.page} {page.seconds:.1f} s" for page in slowest)
        lines.append([("slowest  ", look.muted), (text, look.text)])
    return [[("MESSAGES", look.title)], *lines] if lines else []


def _ocr(options: ConvertOptions) -> str:
    """When OCR runs, by which engine and in which languages where that was chosen."""
    chosen = [] if options.ocr_engine == OcrEngineName.AUTO else [str(options.ocr_engine)]
    return " ".join([str(options.ocr), *chosen, *([",".join(options.ocr_languages)] if options.ocr_languages else [])])


def facts(detail: JobDetail, width: int, look: Look) -> list[_Line]:
    """The job's paths and options."""
    job = detail.snapshot.job
    options = job.options
    facts = [
        ("source", display_name(job.source.file)),
        ("output", display_name(job.output) if job.output else ""),
        ("", f"copy: {look.keys('job.copy')} output, {look.keys('job.copy_source')} source"),
        ("size", size(job.source.size)),
        ("profile", job.profile),
        ("formats", ", ".join(options.formats)),
        ("pages", options.pages or ""),
        ("options", _options_text(options)),
        ("priority", f"{job.priority:+}" if job.priority else ""),
        ("attempts", str(job.attempts) if job.attempts else ""),
    ]
    lines: list[_Line] = [[("JOB", look.title)]]
    for name, value in facts:
        if value:
            style = look.text if name else look.faint
            lines.append([(f"{name:9}", look.muted), (shorten(value, width - 9, look.glyphs.ellipsis), style)])
    return lines


def _options_text(options: ConvertOptions) -> str:
    words = [f"ocr {_ocr(options)}", f"images {'yes' if options.images else 'no'}", f"{options.dpi} dpi"]
    if options.reader != STANDARD:
        words.insert(0, f"read by {options.reader}")
    if options.converter is ConverterName.VLM:
        words.insert(0, f"{options.vlm_model} by {options.prompt_mode}")
    return display_text(", ".join(words))


def history(detail: JobDetail, width: int, look: Look) -> list[_Line]:
    """When it entered which state, and why."""
    lines: list[_Line] = [[("HISTORY", look.title)]]
    for when, state, cause in detail.history[-12:]:
        stamp = f"{when.astimezone():%m-%d %H:%M:%S}  "
        label = f"{look.glyphs.states[state]} {state:10}"
        room = width - len(stamp) - len(label)
        text = clip(" ".join(display_text(cause).split()), room, look.glyphs.ellipsis) if room > 5 else ""
        lines.append([(stamp, look.muted), (label, look.states[state]), (text, look.muted)])
    return lines if len(lines) > 1 else []


def log_section(log: Sequence[str], width: int, look: Look) -> list[_Line]:
    """The end of the job's log, safe to show already."""
    if not log:
        return []
    head: _Line = [("LOG", look.title), (f"  {look.keys('job.log')} for all of it", look.muted)]
    return [head, *([(clip(line, width, look.glyphs.ellipsis), look.muted)] for line in log)]
