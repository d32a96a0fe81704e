"""Banners: what needs a person, a line each, only as long as it does."""

from collections.abc import Sequence
from typing import Protocol, cast

from engine.base.safetext import display_text
from engine.job.snapshot import CONNECTION, Banner
from engine.remote.client import TRYING
from tui.dashboard.look import look_of
from tui.dashboard.model import Model
from tui.dashboard.widgets.lines import Lines, Part
from tui.text.formatting import clip

_MOST = 3


class _Begins(Protocol):
    can_begin: bool


class Banners(Lines):
    """Takes no room while there is nothing to tell."""

    DEFAULT_CSS = """
    Banners { height: 0; }
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._shown: tuple[Banner, ...] = ()

    def take(self) -> None:
        """Show the banners of the model."""
        if self._model.banners != self._shown:
            self._shown = self._model.banners
            self.styles.height = min(len(self._shown), _MOST)
            self.update_lines()

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """A line each."""
        look = look_of(self)
        lines = []
        for banner in self._shown[:height]:
            text = " ".join(display_text(banner.message).split())
            if banner.key == CONNECTION and cast(_Begins, self.app).can_begin:
                text = f"{text.removesuffix(TRYING)} {look.keys('app.engine')} starts one here."
            text = clip(f" {look.glyphs.warning} {text}", width - 1, look.glyphs.ellipsis)
            lines.append([(text + " " * width, look.banner)])
        return lines
