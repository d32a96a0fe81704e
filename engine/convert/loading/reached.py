"""How far this process has come in loading what reads pages."""

from engine.sandbox.stages import Stage

_reached: Stage | None = None


class NotLoaded(BaseException):
    """A page needs what this process has not loaded, so it is for another one.

    It is no `Exception`: it says nothing of the page, and whoever copes with what pages do must not take it for that.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


def need(stage: Stage) -> None:
    """Raise `NotLoaded` unless this process has come so far. One that comes from no fork server loads as it goes."""
    if _reached is not None and _reached < stage:
        raise NotLoaded(stage)


def reached() -> Stage | None:
    """The stage of this process, or of the one that it was forked from; None where nothing was loaded ahead."""
    return _reached


def note(stage: Stage) -> None:
    """Have it known that so much is loaded in this process."""
    global _reached
    _reached = stage
