"""Writes the manual page from what `--help` says: `python scripts/make_manpage.py`, or `make manpage`.

The wheel brings it as share/man/man1/hotfolio.1. Its form is groff's man(7), with what its part on portability allows.
"""

import re
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import typer.main
from typer import Context
from typer.core import TyperArgument, TyperGroup, TyperOption

from tui.command.cli import app, dashboard

PAGE = Path(__file__).parents[1] / "docs" / "hotfolio.1"
_SHOWN_BY_ALL = frozenset({"help", "install_completion", "show_completion"})
_LINKS = re.compile(r"`([^`]+)`")


def page() -> str:
    """The whole page, as groff reads it."""
    about = metadata("hotfolio")
    context = Context(typer.main.get_group(app), info_name="hotfolio")
    lines = [
        f'.TH HOTFOLIO 1 "" "hotfolio {about["Version"]}" "User Commands"',
        ".SH NAME",
        _text(f"hotfolio - {about['Summary'].removesuffix('.')}"),
        ".SH SYNOPSIS",
        r".B hotfolio",
        r"[\fIOPTIONS\fR] [\fICOMMAND\fR [\fIARGS\fR]...]",
        ".SH DESCRIPTION",
        *_paragraphs(context.command.help),
        ".PP",
        _text("Without a command:"),
        *_paragraphs(dashboard.__doc__),
        ".SH OPTIONS",
        *_options(context),
        ".SH COMMANDS",
        *_commands(context),
        ".SH FILES",
        *_entry(r"\fIhotfolio.toml\fR", "Settings, in the folder in which the program is started."),
        *_entry(r"\fIinput\fR, \fIoutput\fR", "The hot folder, and where results appear, unless the settings differ."),
        *_entry(r"\fIoutput/.hotfolio\fR", "Queue, checkpoints and logs, unless the settings differ."),
    ]
    return "\n".join(lines) + "\n"


def _commands(context: Context) -> Iterator[str]:
    """Each command, and each of a group, with its options."""
    assert isinstance(context.command, TyperGroup)
    for name, command in context.command.commands.items():
        inner = Context(command, info_name=name, parent=context)
        if isinstance(command, TyperGroup):
            yield from _commands(inner)
            continue
        words = " ".join([*inner.command_path.split()[1:], *_arguments(inner)])
        yield f".SS {_text(words)}"
        yield from _paragraphs(command.help)
        yield from _options(inner)


def _options(context: Context) -> Iterator[str]:
    for parameter in context.command.params:
        if isinstance(parameter, TyperOption) and parameter.name not in _SHOWN_BY_ALL and not parameter.hidden:
            yield from _entry(_names(parameter, context), parameter.help or "")


def _names(option: TyperOption, context: Context) -> str:
    names = ", ".join(rf"\fB{_escaped(name)}\fR" for name in sorted(option.opts, key=len))
    return names if option.is_flag else rf"{names} \fI{_escaped(option.make_metavar(context))}\fR"


def _arguments(context: Context) -> list[str]:
    return [each.make_metavar(context) for each in context.command.params if isinstance(each, TyperArgument)]


def _entry(head: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield head
    yield _text(text)


def _paragraphs(text: Any) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", (text or "").strip())):
        if number:
            yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    """A line of prose; what is code in the docstrings is bold."""
    shown = _LINKS.sub(r"\\fB\1\\fR", _escaped(text))
    return rf"\&{shown}" if shown.startswith((".", "'")) else shown


def _escaped(text: str) -> str:
    """Backslashes as themselves, and hyphens as what can be typed again."""
    return text.replace("\\", r"\e").replace("-", r"\-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
