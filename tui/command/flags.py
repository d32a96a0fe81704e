"""The options by which the command line sets settings, each declared once."""

import contextlib
import functools
import gc
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from engine.settings.loading import LoadedSettings

USAGE_ERROR = 2
Load = Callable[[], "LoadedSettings"]


@dataclass(frozen=True, slots=True)
class _Option:
    """An option, and the setting it stands for."""

    kind: Any
    default: Any
    setting: str
    inverts: bool = False
    """Whether giving the flag turns the setting off."""
    gives: Any = None
    """What the setting is once the flag is given, if that is not the flag's own value."""


def _folder(*names: str, help: str) -> Any:  # noqa: A002
    return Annotated[Path | None, typer.Option(*names, metavar="DIR", help=help)]


def _text(*names: str, metavar: str, help: str) -> Any:  # noqa: A002
    return Annotated[str | None, typer.Option(*names, metavar=metavar, help=help)]


def _flag(name: str, *, help: str) -> Any:  # noqa: A002
    return Annotated[bool, typer.Option(name, help=help)]


_OPTIONS = {
    "input": _Option(_folder("-i", "--input", help="The hot folder."), None, "input"),
    "output": _Option(_folder("-o", "--output", help="Where results appear."), None, "output"),
    "state": _Option(_folder("--state", "--state-folder", help="Queue, checkpoints and logs."), None, "state"),
    # Where `--state` chooses jobs.
    "state_folder": _Option(_folder("--state-folder", help="Queue, checkpoints and logs."), None, "state"),
    "formats": _Option(
        _text("-f", "--formats", metavar="LIST", help="Any of md,txt,json,html,chunks,pdf,png and more."),
        None,
        "formats",
    ),
    "accept": _Option(
        _text("--accept", metavar="LIST", help="Kinds of documents to take in, such as pdf,epub,png."), None, "accept"
    ),
    "pages": _Option(_text("--pages", metavar="LIST", help="Pages to convert, as in 1-10,15,20-."), None, "pages"),
    "converter": _Option(
        _text("--converter", metavar="NAME", help="local, or vlm: a vision model reads the pages."), None, "converter"
    ),
    "prompt_mode": _Option(
        _text("--prompt-mode", metavar="MODE", help="What a vision model is asked for, such as prompt_ocr."),
        None,
        "prompt_mode",
    ),
    "vlm_url": _Option(_text("--vlm-url", metavar="URL", help="Where its API begins."), None, "vlm_url"),
    "vlm_model": _Option(_text("--vlm-model", metavar="NAME", help="Its name there."), None, "vlm_model"),
    "ocr_languages": _Option(
        _text("--ocr-languages", metavar="LIST", help="Languages of scans, such as eng,deu."), None, "ocr_languages"
    ),
    "workers": _Option(
        _text("-w", "--workers", metavar="N", help="Conversions at once, or 'auto'."), None, "num_workers"
    ),
    "ocr": _Option(_text("--ocr", metavar="WHEN", help="auto, never or force."), None, "ocr"),
    "no_images": _Option(
        _flag("--no-images", help="Drop the pictures of the pages from the Markdown."), False, "images", inverts=True
    ),
    "no_refine": _Option(
        _flag("--no-refine", help="Write what the converting library itself would."), False, "refine", inverts=True
    ),
    "structure": _Option(
        _text("--structure", metavar="FROM", help="auto, tags or layout: what pages are read by."), None, "structure"
    ),
    "layout": _Option(
        _text("--layout", metavar="WHEN", help="auto or always: whether text alone takes the layout model."),
        None,
        "layout",
    ),
    "layout_effort": _Option(
        _text("--layout-effort", metavar="HOW", help="full, or fast: pages without tags are laid out by no model."),
        None,
        "layout_effort",
    ),
    "hidden_text": _Option(
        _text("--hidden-text", metavar="WHAT", help="drop, keep or mark text that nobody can see."),
        None,
        "hidden_text",
    ),
    "annotations": _Option(
        _text("--annotations", metavar="WHERE", help="json, or notes: reviewers' comments in Markdown too."),
        None,
        "annotations",
    ),
    "attachments": _Option(
        _text("--attachments", metavar="WHAT", help="list, or convert: what is attached to a PDF, too."),
        None,
        "attachments",
    ),
    "skip_steps": _Option(
        _text("--skip-steps", metavar="LIST", help="Steps of refinement to leave out, by name."), None, "skip_steps"
    ),
    "page_timeout": _Option(
        Annotated[
            float | None,
            typer.Option("--page-timeout", metavar="S", help="Redo a page as plain text after S seconds."),
        ],
        None,
        "page_timeout",
    ),
    "cluster": _Option(
        _flag("--cluster", help="Convert pages on the machines that have joined, too."),
        False,
        "backend",
        gives="cluster",
    ),
    "host": _Option(_text("--host", metavar="ADDRESS", help="Where to listen on TCP."), None, "api_host"),
    "port": _Option(
        Annotated[int | None, typer.Option("--port", metavar="N", help="The port to listen on; 0 takes a free one.")],
        None,
        "api_port",
    ),
}
FOLDERS = ("input", "output", "state")
JOB = (
    "formats",
    "accept",
    "pages",
    "ocr",
    "ocr_languages",
    "converter",
    "prompt_mode",
    "vlm_url",
    "vlm_model",
    "no_images",
    "no_refine",
    "structure",
    "layout",
    "layout_effort",
    "hidden_text",
    "annotations",
    "attachments",
    "skip_steps",
)
"""How a document is converted."""
CONVERSION = (*JOB, "workers", "page_timeout")
"""How all of them are."""
Profile = Annotated[str, typer.Option("--profile", metavar="NAME", help="Convert by a profile of the settings.")]
_Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings file instead of hotfolio.toml.")
]


def takes_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options and `--config`; its parameter `load` gives the settings that come of them.

    Its other parameters stay its own. A setting that cannot be used ends the program with a sentence.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapped(**arguments: Any) -> None:
            overrides = {_OPTIONS[name].setting: _value(_OPTIONS[name], arguments.pop(name)) for name in names}
            command(load=functools.partial(_load, arguments.pop("config"), overrides), **arguments)

        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "load"]
        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=_OPTIONS[name].default, annotation=_OPTIONS[name].kind
            )
            for name in names
        ]
        added.append(
            inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_Config),
        )
        parameters = [*(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *added]
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapped

    return decorate


def finish(work: Callable[[], int]) -> NoReturn:
    """Do the work and end with its exit status; what cannot even start is one sentence."""
    from engine.base.errors import HotfolioError, StateLost

    if not gc.isenabled():  # as `tui.command.entry` leaves it
        gc.freeze()
        gc.enable()
    try:
        code = work()
    except StateLost as lost:
        from tui.command.background import STATE_LOST

        print(f"hotfolio: {lost}", file=sys.stderr)
        code = STATE_LOST
    except HotfolioError as error:
        refuse(str(error))
    sys.stdout.flush()
    raise typer.Exit(code)


def answer(work: Callable[[], int]) -> NoReturn:
    """The same for a command that only asks or tells something: it leaves without taking the interpreter down.

    That alone would take a sixth of the time that such a command takes.
    """
    code = 0
    try:
        finish(work)
    except typer.Exit as ended:
        code = ended.exit_code
    except BrokenPipeError:  # whoever reads has gone, as `head` does
        code = 1
    except OSError as error:
        code = 1
        print(f"hotfolio: The answer cannot be given: {(error.strerror or str(error)).lower()}.", file=sys.stderr)
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def refuse(message: str) -> NoReturn:
    """End the program with a sentence."""
    print(f"hotfolio: {message}", file=sys.stderr)
    raise typer.Exit(USAGE_ERROR)


def _load(config: Path | None, overrides: dict[str, Any]) -> "LoadedSettings":
    """The settings; what cannot be used ends the program with a sentence."""
    from engine.base.errors import SettingsError
    from engine.settings.loading import load_settings

    try:
        return load_settings(overrides, config)
    except SettingsError as error:
        refuse(str(error))


def _value(option: _Option, given: Any) -> Any:
    if option.gives is not None:
        return option.gives if given else None
    if option.inverts:
        return False if given else None
    return given
