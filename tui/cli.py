"""The `hotfolio` command."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

USAGE_ERROR = 2

app = typer.Typer(
    name="hotfolio",
    help="A hot folder that turns PDFs into Markdown, with a keyboard-driven terminal dashboard.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Input = Annotated[Path | None, typer.Option("-i", "--input", metavar="DIR", help="The hot folder.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where results appear.")]
State = Annotated[Path | None, typer.Option("--state", metavar="DIR", help="Queue, checkpoints and logs.")]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file instead of hotfolio.toml.")
]
Formats = Annotated[
    str | None, typer.Option("-f", "--formats", metavar="LIST", help="Any of md,txt,json,png,jpg,webp.")
]
Workers = Annotated[str | None, typer.Option("-w", "--workers", metavar="N", help="Conversions at once, or 'auto'.")]
Ocr = Annotated[str | None, typer.Option("--ocr", metavar="WHEN", help="auto, never or force.")]
NoImages = Annotated[bool, typer.Option("--no-images", help="Drop the pictures of the pages from the Markdown.")]
NoRefine = Annotated[bool, typer.Option("--no-refine", help="Write what the converting library itself would.")]
StructureFrom = Annotated[
    str | None, typer.Option("--structure", metavar="FROM", help="auto, tags or layout: what pages are read by.")
]
SkipSteps = Annotated[
    str | None, typer.Option("--skip-steps", metavar="LIST", help="Steps of refinement to leave out, by name.")
]
PageTimeout = Annotated[
    float | None, typer.Option("--page-timeout", metavar="S", help="Redo a page as plain text after S seconds.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines instead of text.")]


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    input: Input = None,  # noqa: A002
    output: Output = None,
    state: State = None,
    config: Config = None,
    formats: Formats = None,
    workers: Workers = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the dashboard on the hot folder; without a terminal, do as `hotfolio run` does."""
    if version:
        from importlib.metadata import version as version_of

        print(f"hotfolio {version_of('hotfolio')}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    loaded = _settings(config, input=input, output=output, state=state, formats=formats, num_workers=workers)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from tui.runner import Runner

        _exit(Runner(loaded.settings, once=False, json_lines=False).run)
    from tui.dashboard import run_dashboard

    _exit(lambda: run_dashboard(loaded))


@app.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="End when everything present is finished.")] = False,
    input: Input = None,  # noqa: A002
    output: Output = None,
    state: State = None,
    config: Config = None,
    formats: Formats = None,
    workers: Workers = None,
    ocr: Ocr = None,
    no_images: NoImages = False,
    no_refine: NoRefine = False,
    structure: StructureFrom = None,
    skip_steps: SkipSteps = None,
    page_timeout: PageTimeout = None,
    json: Json = False,
) -> None:
    """Convert what is and what comes into the hot folder, until stopped.

    Exit status: 0 all done, 1 something failed or is partial, 2 usage, 130 interrupted.
    """
    from tui.runner import Runner

    settings = _settings(
        config,
        input=input,
        output=output,
        state=state,
        formats=formats,
        num_workers=workers,
        ocr=ocr,
        images=False if no_images else None,
        refine=False if no_refine else None,
        structure=structure,
        skip_steps=skip_steps,
        page_timeout=page_timeout,
    ).settings
    _exit(Runner(settings, once=once, json_lines=json).run)


@app.command()
def convert(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The PDFs to convert.", show_default=False)],
    output: Output = None,
    state: State = None,
    config: Config = None,
    formats: Formats = None,
    workers: Workers = None,
    ocr: Ocr = None,
    no_images: NoImages = False,
    no_refine: NoRefine = False,
    structure: StructureFrom = None,
    skip_steps: SkipSteps = None,
    page_timeout: PageTimeout = None,
    json: Json = False,
) -> None:
    """Convert the files named, without a hot folder. Exit status as for `run`."""
    from tui.runner import Runner

    settings = _settings(
        config,
        output=output,
        state=state,
        formats=formats,
        num_workers=workers,
        ocr=ocr,
        images=False if no_images else None,
        refine=False if no_refine else None,
        structure=structure,
        skip_steps=skip_steps,
        page_timeout=page_timeout,
    ).settings
    temporary = None
    if settings.state is None:
        # A queue of its own, so that a running hot folder is not disturbed; it is kept only if work is left.
        temporary = settings.state_folder / "convert"
        settings = settings.model_copy(update={"state": temporary})
    runner = Runner(settings, once=True, json_lines=json, files=files)

    def work() -> int:
        code = runner.run()
        if temporary is not None and not runner.is_work_left:
            shutil.rmtree(temporary, ignore_errors=True)
            _remove_if_empty(temporary.parent)
        return code

    _exit(work)


@app.command(name="config")
def show_config(
    input: Input = None,  # noqa: A002
    output: Output = None,
    state: State = None,
    config: Config = None,
) -> None:
    """Print the effective settings, and where each came from."""
    from engine.display import display_name
    from engine.settings import Settings

    loaded = _settings(config, input=input, output=output, state=state)
    settings = loaded.settings
    shown: dict[str, Any] = {name: getattr(settings, name) for name in Settings.model_fields}
    shown |= {"state": settings.state_folder, "archive": settings.archive_folder}
    width = max(map(len, shown))
    for name, value in shown.items():
        print(f"{name:{width}}  {display_name(_plain(value)):32}  # {loaded.origins.get(name, 'default')}")


@app.command()
def doctor(
    input: Input = None,  # noqa: A002
    output: Output = None,
    state: State = None,
    config: Config = None,
) -> None:
    """Check what hotfolio needs on this machine; a line each, with what to do. Exit status 1 on a problem."""
    from engine.doctor import Verdict, examine

    settings = _settings(config, input=input, output=output, state=state).settings
    worst = Verdict.OK
    for check in examine(settings):
        print(f"{check.verdict:8} {check.name:12} {check.finding}" + (f" {check.advice}" if check.advice else ""))
        worst = max(worst, check.verdict, key=list(Verdict).index)
    raise typer.Exit(1 if worst is Verdict.PROBLEM else 0)


def main() -> None:
    """Run the command, with usage errors as one sentence."""
    app()


def _settings(config: Path | None, **overrides: Any) -> Any:
    from engine.errors import SettingsError
    from engine.settings import load_settings

    try:
        return load_settings(overrides, config)
    except SettingsError as error:
        _usage_error(str(error))


def _exit(work: Any) -> NoReturn:
    """Run and leave with its exit status; what cannot even start is one sentence."""
    from engine.errors import HotfolioError

    try:
        code = work()
    except HotfolioError as error:
        _usage_error(str(error))
    sys.stdout.flush()
    raise typer.Exit(code)


def _usage_error(message: str) -> NoReturn:
    print(f"hotfolio: {message}", file=sys.stderr)
    raise typer.Exit(USAGE_ERROR)


def _plain(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value))
    return os.fspath(value) if isinstance(value, Path) else str(value)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
