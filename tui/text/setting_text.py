"""How a setting's value is shown: in the dashboard and by `hotfolio config`, safe to show."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ByteSize

from engine.base.safetext import display_name
from engine.settings.profiles import FolderSettings
from engine.settings.settings import Settings

_FIRST = ("input", "output", "state", "num_workers", "profiles", "folders")


def setting_texts(settings: Settings) -> dict[str, str]:
    """Every setting by its name, where and how much first, with the folders it stands for where it is not set."""
    shown = {name: getattr(settings, name) for name in _names()} | _folders(settings)
    return {name: display_name(_text(value)) for name, value in shown.items()}


def setting_values(settings: Settings) -> dict[str, Any]:
    """The same for programs, as what JSON has: sizes in bytes, times in seconds, paths as `display_name` shows them."""
    values = settings.model_dump(mode="json") | _folders(settings)
    return {name: _plain(values[name]) for name in _names()}


def _names() -> dict[str, None]:
    return dict.fromkeys([*_FIRST, *Settings.model_fields])


def _folders(settings: Settings) -> dict[str, Path]:
    return {"state": settings.state_folder, "archive": settings.archive_folder}


def _plain(value: Any) -> Any:
    match value:
        case str() | Path():
            return display_name(value)
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [*map(_plain, value)]
    return value


def _text(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case ByteSize():
            return value.human_readable()
        case Path():
            return os.fspath(value)
        case FolderSettings():
            profile = f" ({value.profile})" if value.profile else ""
            return f"{value.path}{profile}"
        case tuple():
            return ", ".join(map(_text, value)) or "-"
        case Mapping():
            return (
                ", ".join(f"{name} = {item}" if isinstance(item, str) else name for name, item in value.items()) or "-"
            )
    return str(value)
