"""The settings in force, which the settings file may change while an engine runs."""

import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import ValidationError

from engine.base.errors import SettingsError
from engine.job.job import Source
from engine.settings.former import keep_folders, read_folders
from engine.settings.loading import LoadedSettings, SettingsSource, find_config
from engine.settings.profiles import WatchedFolder
from engine.settings.settings import Settings

log = logging.getLogger(__name__)

AT_START = (
    "input",
    "output",
    "state",
    "backend",
    "memory_limit",
    "recycle_pages",
    "recycle_memory",
    "page_timeout",
    "ocr_timeout",
    "open_timeout",
    "api_host",
    "api_port",
    "api_names",
    "trusted_clients",
    "max_upload",
    "max_queue",
    "max_submissions",
    "doors",
    "docling_wait",
    "docling_fetch",
)
"""Settings that an engine takes when it starts; the others may change while it runs."""

_Stamp = tuple[str, int, int, int]
_NEVER: _Stamp = ("", 0, 0, 0)
"""Of no file."""


class LiveSettings:
    """Replaced as a whole, by one thread; others may read at any time, and see the old ones or the new ones."""

    def __init__(
        self, settings: Settings, origins: Mapping[str, str] | None = None, source: SettingsSource | None = None
    ) -> None:
        """`source` tells where they were loaded from, to look there again; without it they stay as they are."""
        self._loaded = LoadedSettings(settings, dict(origins or {}))
        self._source = source
        self._stamp = self._seen = _stamp(source)
        self._former: dict[bytes, WatchedFolder] = {}
        self._watched = _by_root(settings)
        self._state: Path | None = None
        self.revision = 0
        """Grows with every change."""

    @property
    def current(self) -> Settings:
        """The settings in force."""
        return self._loaded.settings

    @property
    def origins(self) -> Mapping[str, str]:
        """Where those come from that are not defaults."""
        return self._loaded.origins

    @property
    def outputs(self) -> tuple[Path, ...]:
        """All output folders there are or have been since the start, absolute."""
        return tuple(dict.fromkeys([*self.current.outputs, *(folder.output for folder in self._former.values())]))

    def folder_of(self, source: Source) -> WatchedFolder | None:
        """The hot folder that a source was found in, also if it is none any more; None if it was named by hand."""
        return self._watched.get(source.root) or self._former.get(source.root)

    def take_up(self, state: Path) -> None:
        """Learn of hot folders that are none any more, whose jobs an earlier engine has left; keep those there are."""
        self._state = state
        self._former.update((os.fsencode(folder.path), folder) for folder in read_folders(state))
        self._keep()

    def forget_former(self, needed: Collection[bytes]) -> None:
        """Forget the hot folders that are none any more, but for those whose paths are `needed`, by their jobs."""
        left = {root: folder for root, folder in self._former.items() if root in needed}
        if left != self._former:
            self._former = left
            self._keep()

    def _keep(self) -> None:
        if self._state is None:
            return
        folders = self._former | self._watched
        try:
            keep_folders(self._state, folders.values())
        except OSError as error:
            log.warning("The hot folders cannot be kept for the next start: %s", error.strerror)

    def look_again(self) -> None:
        """Have the next looks take what is there for changed."""
        self._stamp = _NEVER

    def look(self) -> LoadedSettings | None:
        """What the settings file says now, if it has changed, and has not changed further since the last look.

        Raises `SettingsError` if it cannot be used. For one thread; see `changed_by` for what to do with it.
        """
        if self._source is None:
            return None
        before, self._seen = self._seen, _stamp(self._source)
        if self._seen == self._stamp or self._seen != before:
            return None
        self._stamp = self._seen
        return self._source.load()

    def changed_by(self, loaded: LoadedSettings) -> tuple[LoadedSettings, list[str]]:
        """What may come into force of new settings, and the names of those which have changed and wait for a start."""
        old, new = self.current, loaded.settings
        late = [name for name in AT_START if getattr(old, name) != getattr(new, name)]
        try:
            settings = Settings.model_validate(
                {name: getattr(old if name in late else new, name) for name in Settings.model_fields}
            )
        except ValidationError as error:  # its own text has the values in it
            message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ").rstrip(".")
            raise SettingsError(f"The settings do not go together: {message}.") from None
        return LoadedSettings(settings, loaded.origins), late

    def replace(self, loaded: LoadedSettings) -> None:
        """These are in force from now on."""
        self._former |= self._watched
        self._loaded, self._watched = loaded, _by_root(loaded.settings)
        self.revision += 1
        self._keep()


def _by_root(settings: Settings) -> dict[bytes, WatchedFolder]:
    """The hot folders by their paths, as sources name them: what holds for each is worked out of all settings."""
    return {os.fsencode(folder.path): folder for folder in settings.hot_folders}


def _stamp(source: SettingsSource | None) -> _Stamp | None:
    """What tells one state of the settings file from another; None while there is none."""
    if source is None:
        return None
    try:
        file = Path(source.config) if source.config else find_config()
        if file is None:
            return None
        status = os.stat(file)  # noqa: PTH116 - one name for both kinds of path
    except (OSError, SettingsError):
        return None
    return str(file), status.st_mtime_ns, status.st_size, status.st_ino
