"""BesideFrames: what a terminal is sent that is no frame: questions, its window's title, and what calls a person."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from engine.settings.settings import Notify
from tui.dashboard.alerts import Alerts, notification
from tui.dashboard.graphics.negotiation import Negotiation
from tui.dashboard.model import Model
from tui.terminal.tmux import ask_tmux
from tui.terminal.window import Window


class Send(Protocol):
    """Sends the terminal something, whole frames apart."""

    def __call__(self, sequence: str) -> None:
        """Nothing if it is empty."""


class BesideFrames:
    """Of one dashboard, on one terminal."""

    def __init__(self, model: Model, send: Send, *, ascii_only: bool) -> None:
        self.pictures = Negotiation()
        """How the terminal takes real pictures."""
        self._model = model
        self._send = send
        self._ascii_only = ascii_only
        self._window = Window()
        settings = model.engine.settings
        wants_alerts = settings.bell or settings.notify is not Notify.OFF
        self._alerts = Alerts(model.engine, model.clock, model.wall_clock) if wants_alerts else None

    @property
    def has_alerts(self) -> bool:
        """Whether the person is to be called."""
        return self._alerts is not None

    async def hear(self, answer: str) -> None:
        """Take what the terminal has answered, and ask further."""
        self._send(self.pictures.hear(answer, time.monotonic()))
        if self.pictures.asks_tmux:
            self.pictures.hear_tmux(await asyncio.to_thread(ask_tmux))

    def show_window(self) -> None:
        """Keep the title and the progress of the terminal's window up to date."""
        model = self._model
        self._send(self._window.show(model.title, model.percent_done, is_paused=model.is_paused))

    def leave_window(self) -> None:
        """Put back what the window showed."""
        self._send(self._window.leave())

    def alert(self, bell: Callable[[], object], write: Callable[[str], object]) -> None:
        """Call the person to the terminal if there is a reason to."""
        text = self._alerts.look() if self._alerts is not None else None
        if text is None:
            return
        settings = self._model.engine.settings
        if settings.bell:
            bell()
        write(notification(settings.notify, text, ascii_only=self._ascii_only))
