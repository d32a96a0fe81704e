"""Reloader: has an engine follow its settings file while it runs."""

import logging
import time
from collections.abc import Callable

from engine.base.errors import HotfolioError
from engine.settings.live import LiveSettings
from engine.settings.settings import Settings
from engine.settings.statefolder import check_folders, make_folders

log = logging.getLogger(__name__)

BANNER = "settings"
"""The key of the banner that says what is wrong with the settings file, or what in it waits for a start."""


_AGAIN_S = 5.0
"""What is wrong may be mended elsewhere than in the file, as when a share is away."""


class Reloader:
    """For one thread. What cannot be used as a whole changes nothing: the settings before it stay in force."""

    def __init__(
        self,
        live: LiveSettings,
        set_banner: Callable[[str, str | None], None],
        on_change: Callable[[Settings, Settings], None],
        *,
        watch: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`set_banner` shows what needs a person, or no longer; `on_change` is told the old and the new settings.

        `watch` is whether there are hot folders.

        `clock` is monotonic, in seconds.
        """
        self._live = live
        self._set_banner = set_banner
        self._on_change = on_change
        self._watches = watch
        self._clock = clock
        self._complaint = ""
        self._again_at = 0.0

    def look(self) -> None:
        """Take what the settings file says now, if it has changed; what could not be used is tried again and again."""
        if self._complaint and self._clock() >= self._again_at:
            self._again_at = self._clock() + _AGAIN_S
            self._live.look_again()
        try:
            found = self._live.look()
            if found is None:
                return
            loaded, late = self._live.changed_by(found)
            check_folders(loaded.settings, watch=self._watches)
            make_folders(loaded.settings, watch=self._watches)
        except HotfolioError as error:
            self._complain(f"The settings stay as they are. {error}")
            return
        self._complaint = ""
        old = self._live.current
        self._live.replace(loaded)
        self._on_change(old, loaded.settings)
        log.info("The settings file has changed: %s", ", ".join(_changed(old, loaded.settings)) or "nothing in it")
        waits = f"{', '.join(late)}: changed in the settings file, and taken at the engine's next start."
        self._set_banner(BANNER, waits if late else None)

    def _complain(self, message: str) -> None:
        if message != self._complaint:
            log.warning("%s", message)
            self._complaint = message
            self._again_at = self._clock() + _AGAIN_S
            self._set_banner(BANNER, message)


def _changed(old: Settings, new: Settings) -> list[str]:
    return [name for name in Settings.model_fields if getattr(old, name) != getattr(new, name)]
