"""Hands: what a person does to jobs and to the engine, one after the other, and how it is taken back."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from engine.base.errors import HotfolioError, NoSuchJob
from engine.base.safetext import display_text
from engine.job.job import Standing
from engine.remote.contract import EngineLike
from tui.dashboard.history import Deed, History, Step
from tui.dashboard.keys import Keys
from tui.dashboard.model import Model
from tui.text.actions import Action
from tui.text.formatting import number, plural

_CHUNK = 50
"""So many jobs are changed between two looks at whether to go on, and at the progress to tell."""

T = TypeVar("T")


class Say(Protocol):
    """Tells the person something."""

    def __call__(self, text: str, *, is_problem: bool = False) -> None:
        """In a sentence."""


class Hands:
    """Acts in threads, so that neither a slow disk nor 10,000 jobs stop the screen."""

    def __init__(self, model: Model, keys: Callable[[], Keys], say: Say, look_again: Callable[..., None]) -> None:
        """`look_again` has the screens show what was done; with `settle=True`, rows go where they belong."""
        self.history = History()
        self._model = model
        self._keys = keys
        self._say = say
        self._look_again = look_again
        self._acting = asyncio.Lock()
        self._marks: frozenset[int] = frozenset()

    # --- doing ---

    async def act(self, action: Action, job_ids: list[int]) -> list[int]:
        """Do something to jobs; returns those that it has changed."""
        portion = max(len(job_ids), 1) if action.at_once else _CHUNK
        async with self._acting:
            before = {standing.job_id: standing for standing in self._standings(job_ids)}
            marks = frozenset(self._model.marks)
            if action.makes_anew:
                await asyncio.to_thread(self._model.earlier.keep, self._model.engine, job_ids)
            try:
                changed = await self._in_portions(action.change, job_ids, portion)
            except HotfolioError as error:
                self._say(display_text(str(error)), is_problem=True)
                return []
            self._look_again(settle=True)
            if not changed:
                self._say(action.unfit, is_problem=True)
                return []
            which = f"#{changed[0]}" if len(changed) == 1 else plural(len(changed), "job")
            standings = [before[job_id] for job_id in changed if job_id in before]
            self._add(
                f"{which} {action.past}",
                undo=partial(self._in_portions, action.undo, standings, portion),
                redo=partial(self._in_portions, action.change, changed, portion),
                marks=(marks, frozenset(self._model.marks)),
            )
            self._say(f"{which} {action.past}. Press {self._keys()('job.undo')} to undo.")
            return changed

    async def steer(self, what: str, told: str, act: Callable[[], None], undo: Callable[[], None]) -> None:
        """Have the engine do something that has to do with no job; it may be out of reach just then."""
        async with self._acting:
            try:
                await asyncio.to_thread(act)
            except HotfolioError as error:
                self._say(display_text(str(error)), is_problem=True)
                return
            self._look_again()
            self._add(what, undo=partial(asyncio.to_thread, undo), redo=partial(asyncio.to_thread, act))
            self._say(told)

    async def begin(self, start_engine: Callable[[], None]) -> bool:
        """Start an engine where there is none; returns whether that went well."""
        self._say("Starting an engine …")
        try:
            await asyncio.to_thread(start_engine)
        except HotfolioError as error:
            self._say(display_text(str(error)), is_problem=True)
            return False
        self._say("An engine of this dashboard's own goes on with the queue.")
        return True

    def marked(self) -> None:
        """Other jobs are marked than before, by hand."""
        before, self._marks = self._marks, frozenset(self._model.marks)
        if toggled := before ^ self._marks:
            what = f"{plural(len(self._marks), 'mark')}" if self._marks else "marks cleared"
            self._add(what, undo=_nothing, redo=_nothing, marks=(before, self._marks), is_one_mark=len(toggled) == 1)

    # --- taking back ---

    async def undo(self) -> Sequence[int]:
        """Take back what was done last; returns the jobs that this has changed."""
        async with self._acting:
            if not self.history.done:
                self._say("Nothing to undo.")
                return ()
            deed = self.history.done[-1]
            changed = await self._return(deed, deed.undo, deed.marks[1], deed.marks[0])
            if changed is None:
                return ()
            self.history.took_back()
            self._look_again(settle=True)
            self._say(f"Undone: {deed.what}. Press {self._keys()('job.redo')} to do it again.")
            return changed

    async def redo(self) -> Sequence[int]:
        """Do again what was taken back last; returns the jobs that this has changed."""
        async with self._acting:
            if not self.history.undone:
                self._say("Nothing to do again.")
                return ()
            deed = self.history.undone[-1]
            changed = await self._return(deed, deed.redo, deed.marks[0], deed.marks[1])
            if changed is None:
                return ()
            self.history.did_again()
            self._look_again(settle=True)
            self._say(f"Done again: {deed.what}.")
            return changed

    async def _return(self, deed: Deed, step: Step, old: frozenset[int], new: frozenset[int]) -> Sequence[int] | None:
        """Go from one side of a deed to the other; None if there is no way back, of which the person is told."""
        try:
            changed = await step()
        except HotfolioError as error:
            self._say(display_text(str(error)), is_problem=True)
            return None
        if changed is not None and not changed:
            self.history.forget(deed)
            self._say(f"It is too late to change this: {deed.what}.", is_problem=True)
            return None
        self._look_again(settle=True)  # what is to be marked may be back only now
        marks = self._model.marks
        marks -= old - new
        marks |= {job_id for job_id in new - old if job_id in self._model.jobs.entries}
        self._marks = frozenset(marks)
        return changed or ()

    # --- below ---

    def _add(
        self,
        what: str,
        *,
        undo: Step,
        redo: Step,
        marks: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset()),
        is_one_mark: bool = False,
    ) -> None:
        self._marks = frozenset(self._model.marks)
        self.history.add(Deed(what, self._model.wall_clock(), undo, redo, marks, is_one_mark))

    def _standings(self, job_ids: Sequence[int]) -> list[Standing]:
        """How jobs stand, as the engine knows it: the list may be frozen."""
        found = []
        for job_id in job_ids:
            try:
                found.append(self._model.engine.job(job_id).job.standing)
            except NoSuchJob:
                continue
        return found

    async def _in_portions(
        self, change: Callable[[EngineLike, list[T]], list[int]], things: Sequence[T], portion: int
    ) -> list[int]:
        """Change jobs, a portion at a time, and say how far it is; returns which have been changed."""
        changed: list[int] = []
        for start in range(0, len(things), portion):
            if start:
                self._say(f"{number(start)} of {plural(len(things), 'job')} …")
            changed += await asyncio.to_thread(change, self._model.engine, list(things[start : start + portion]))
        return changed


async def _nothing() -> None:
    """Marks are the dashboard's own."""
