"""Hot folders that an engine has watched: kept in the state folder, since jobs outlive the settings they came by."""

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from engine.settings.profiles import WatchedFolder

log = logging.getLogger(__name__)

FILE = "folders.json"
_FOLDERS = TypeAdapter(list[WatchedFolder])


def read_folders(state: Path) -> list[WatchedFolder]:
    """Those that were kept last; none if nothing can be read of them, which the log says."""
    try:
        return _FOLDERS.validate_python(json.loads((state / FILE).read_text(encoding="ascii")))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, ValidationError) as error:
        log.warning("The hot folders of earlier settings are not known: %s", type(error).__name__)
        return []


def keep_folders(state: Path, folders: Iterable[WatchedFolder]) -> None:
    """Keep these for the next start, durably; raises `OSError`."""
    part = state / f".{FILE}.part"
    # As ASCII: a path need be no text.
    text = json.dumps(_FOLDERS.dump_python(list(folders), mode="json"))
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(state / FILE)
