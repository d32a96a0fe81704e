"""How a setting's value is shown: in the dashboard and by `hotfolio config`, safe to show."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ByteSize

from engine.base.safetext import display_name
from engine.settings.profiles import FolderSettings
from engine.settings.settings import Settings

_FIRST = ("input", "output", "state", "num_workers", "profiles", "folders")


def setting_texts(settings: Settings) -> dict[str, str]:
    """Every setting by its name, where and how much first, with the folders it stands for where it is not set."""
    names = dict.fromkeys([*_FIRST, *Settings.model_fields])
    shown = {name: getattr(settings, name) for name in names}
    shown |= {"state": settings.state_folder, "archive": settings.archive_folder}
    return {name: display_name(_text(value)) for name, value in shown.items()}


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
