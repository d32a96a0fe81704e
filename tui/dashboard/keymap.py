"""The dashboard's bindings as a whole: which there are, and whether a person's own keys fit together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

from engine.base.safetext import display_text
from tui.dashboard.keys import Keys, key_name
from tui.dashboard.reader.ask_line import AskLine
from tui.dashboard.reader.changes_screen import ChangesScreen
from tui.dashboard.reader.reader_lines import ReaderLines
from tui.dashboard.reader.reader_screen import ReaderScreen
from tui.dashboard.screens.detail import DetailScreen
from tui.dashboard.screens.main import MainScreen
from tui.dashboard.screens.peek import PeekScreen
from tui.dashboard.screens.settings_screen import SettingsScreen
from tui.dashboard.screens.text_screen import TextScreen
from tui.dashboard.widgets.filter_bar import FilterBar
from tui.dashboard.widgets.job_view import JobView
from tui.dashboard.widgets.queue_list import QueueList
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.dashboard.workers.nodes_screen import NodesScreen
from tui.dashboard.workers.workers_screen import WorkersScreen


@dataclass(frozen=True, slots=True)
class Keymap:
    """What is to be given to Textual, and what is to be told."""

    bindings: Mapping[str, str]
    """Binding id to keys, separated by commas, for ids that exist."""
    keys: Keys
    problems: tuple[str, ...]
    """A sentence each; safe to show."""


def build_keymap(wanted: Mapping[str, str], app: type[App[Any]]) -> Keymap:
    """The keymap of a person's `[keys]` over the defaults of an app."""
    known = {binding.id: binding for chain in _chains(app) for binding in _bindings(chain) if binding.id}
    problems = []
    usable = {}
    for binding_id, keys in wanted.items():
        named = [key for key in map(str.strip, keys.split(",")) if key]
        if binding_id not in known:
            close = get_close_matches(binding_id, known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            problems.append(f"There is no binding “{display_text(binding_id)}”.{hint}")
        elif not named:
            problems.append(f"“{binding_id}” names no key.")
        else:
            usable[binding_id] = ",".join(named)
    usable = dict(App._normalize_keymap(usable))
    problems += _clashes(usable, app)
    every = [binding for chain in _chains(app) for binding in _bindings(chain)]
    return Keymap(usable, Keys(every, usable), tuple(problems))


def _chains(app: type[App[Any]]) -> list[Sequence[type[DOMNode]]]:
    """What has the keys together, the innermost first."""
    return [
        (QueueList, MainScreen, app),
        (JobView, MainScreen, app),
        (JobView, DetailScreen, app),
        (ScrollLines, TextScreen, app),
        (FilterBar,),
        (ReaderLines, ReaderScreen, app),
        (AskLine,),
        (ScrollLines, ChangesScreen, app),
        (ScrollLines, PeekScreen, app),
        (ScrollLines, SettingsScreen, app),
        (ScrollLines, WorkersScreen, app),
        (ScrollLines, NodesScreen, app),
    ]


def _bindings(chain: Sequence[type[DOMNode]]) -> Iterator[Binding]:
    """All bindings of a chain, one key each."""
    for node in chain:
        for cls in node.__mro__:
            if cls.__module__.startswith("tui."):
                yield from Binding.make_bindings(vars(cls).get("BINDINGS", ()))


def _clashes(keymap: Mapping[str, str], app: type[App[Any]]) -> list[str]:
    """Keys that a person has given to something although they mean something else too."""
    found: dict[str, set[str]] = {}
    for chain in _chains(app):
        meanings: dict[str, set[str]] = {}
        for binding in _bindings(chain):
            if binding.id:
                for key in keymap.get(binding.id, binding.key).split(","):
                    meanings.setdefault(key, set()).add(binding.id)
        for key, ids in meanings.items():
            if len(ids) > 1 and any(key in keymap.get(binding_id, "").split(",") for binding_id in ids):
                found.setdefault(key, set()).update(ids)
    return [f"{key_name(key)} means {' and '.join(sorted(ids))}." for key, ids in sorted(found.items())]
