"""Dashboard: composes the screens, binds the keys that work everywhere, and holds the timer that asks the engine."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from tui.terminal.terminal import can_show_unicode, draws_sextants, has_few_colours

# isort: split
from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.events import Event, Key
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.widgets import Input

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.remote.contract import EngineLike
from engine.settings.settings import OnHangup, PictureCells
from tui.dashboard.ascii_only import AsciiOnly
from tui.dashboard.besideframes import BesideFrames
from tui.dashboard.commands import Commands
from tui.dashboard.graphics.negotiation import Negotiation
from tui.dashboard.graphics.replies import TerminalReplied, take_replies
from tui.dashboard.guide.tour import Tour
from tui.dashboard.hands import Hands
from tui.dashboard.jobfilter import remember_names
from tui.dashboard.keymap import build_keymap
from tui.dashboard.look import THEME, THEME_LIGHT, Look
from tui.dashboard.messages import ActionChosen, JobOpened, MarksChanged, PasswordGiven, ProgramChosen, QuitChoice
from tui.dashboard.meter import read_meter
from tui.dashboard.model import Model
from tui.dashboard.page.page_picture import PagePicture
from tui.dashboard.reader.otherprograms import run_outside
from tui.dashboard.screens.choice_dialog import Choice, ChoiceDialog
from tui.dashboard.screens.detail import DetailScreen
from tui.dashboard.screens.full_screen import DashboardScreen
from tui.dashboard.screens.help import HelpScreen, help_entries
from tui.dashboard.screens.history_screen import HistoryScreen
from tui.dashboard.screens.main import MainScreen
from tui.dashboard.screens.quit_dialog import quit_dialog
from tui.dashboard.screens.settings_screen import SettingsScreen
from tui.dashboard.viewstate import ViewState, load_view_state, save_view_state
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.workers.nodes_screen import NodesScreen
from tui.dashboard.workers.workers_screen import WorkersScreen
from tui.text.actions import ACTIONS, LEAVING, Action
from tui.text.formatting import plural
from tui.text.glyphs import ASCII, UNICODE, Glyphs

_METER_S = 2.0
_ALERT_S = 1.0
_WINDOW_S = 1.0
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Dashboard(App[QuitChoice], inherit_bindings=False):
    """Shows a started engine until the person leaves; `run()` returns how. It neither starts nor stops the engine."""

    TITLE = "hotfolio"
    ENABLE_COMMAND_PALETTE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "This help", id="app.help"),
        Binding("P", "pause", "Pause or resume all", id="app.pause"),
        Binding("left_square_bracket", "workers(-1)", "One worker less", id="workers.fewer"),
        Binding("right_square_bracket", "workers(1)", "One worker more", id="workers.more"),
        Binding("w", "show('workers')", "What each worker has done", id="workers.show"),
        Binding("W", "show('nodes')", "The machines of the cluster", id="workers.nodes"),
        Binding("z", "undo", "Undo, as often as there was something", id="job.undo"),
        Binding("Z", "redo", "Do again what was undone", id="job.redo"),
        Binding("H", "history", "History: what can be undone", id="app.history"),
        Binding("colon,ctrl+p", "palette", "All commands", id="app.palette"),
        Binding("B", "begin", "Begin: start an engine where none is running", id="app.engine"),
        Binding("comma", "settings", "Settings", id="app.settings"),
        Binding("q,ctrl+c", "leave", "Quit", id="app.quit"),
    ]

    def __init__(
        self,
        engine: EngineLike,
        *,
        glyphs: Glyphs | None = None,
        few_colours: bool | None = None,
        on_signal: Callable[[int], None] = lambda _: None,
        is_owner: bool = True,
        start_engine: Callable[[], None] | None = None,
        remarks: Sequence[str] = (),
        has_tour: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`engine` is started already; symbols and colours are those the terminal can show unless given.

        `remarks` about the settings are told at the start. The tour is had at the first start, unless `has_tour` says.
        `on_signal` is called with the number of a signal that asks the dashboard to leave. Unless `is_owner`, the
        engine goes on when the dashboard is left. `start_engine` starts one where there is none any more, which then is
        this dashboard's own; it takes a while, and raises `HotfolioError`.
        """
        take_replies()
        super().__init__()
        self._on_signal = on_signal
        self._is_owner = is_owner
        self._start_engine = start_engine
        self.model = Model(engine, clock, wall_clock)
        self._engine = engine
        self._hands = Hands(self.model, lambda: self.look.keys, self.say, self.look_again)
        self._is_leaving = False
        self._is_outside = False
        """Another program has the terminal."""
        self.glyphs = glyphs or (UNICODE if can_show_unicode() else ASCII)
        self._beside = BesideFrames(self.model, self.send, ascii_only=self.glyphs is ASCII)
        self._own_filters: list[LineFilter] = [AsciiOnly()] if self.glyphs is ASCII else []
        self._has_few_colours = has_few_colours() if few_colours is None else few_colours
        self.register_theme(THEME)
        self.register_theme(THEME_LIGHT)
        self._state_file = engine.settings.state_folder / "view.json"
        self._has_tour = not self._state_file.exists() if has_tour is None else has_tour
        state = load_view_state(self._state_file)
        state.apply(self.model.jobs)
        self._usual_theme = "ansi-dark" if self._has_few_colours else THEME.name
        self._keymap_built = build_keymap(engine.settings.keys, type(self))
        self._problems = [*self._keymap_built.problems, *remarks]
        chosen = engine.settings.theme
        if chosen is not None and chosen not in self.available_themes:
            self._problems.append(f"There is no theme “{display_text(chosen)}”.")
        wanted = (theme for theme in (chosen, state.theme) if theme in self.available_themes and not self.no_color)
        self.theme = next(wanted, None) or self._usual_theme
        self.set_keymap(self._keymap_built.bindings)
        self.look = self._new_look()

    # --- life ---

    def get_default_screen(self) -> Screen[None]:
        """The queue."""
        return MainScreen(self.model, has_tour=self._has_tour)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through on its way to the terminal."""
        # Textual (8.2) decides by the theme that it begins with how NO_COLOR is kept. That has colours, which it makes
        # grey, and the terminal's own among them black: of a theme with these alone, black on black is left.
        usual = (NoColor() if isinstance(each, Monochrome) else each for each in super().get_line_filters())
        return [*usual, *self._own_filters]

    def on_load(self) -> None:
        """Be ready with all jobs before the first frame."""
        self.model.pull(settle=True)
        loop = asyncio.get_running_loop()

        def leave(number_: int, _: object) -> None:
            self._is_leaving = True
            self._on_signal(number_)
            goes_on = number_ == signal.SIGHUP and self._engine.settings.on_hangup is OnHangup.BACKGROUND
            with contextlib.suppress(RuntimeError):  # the loop is closed: it is leaving already
                loop.call_soon_threadsafe(self.exit, QuitChoice.BACKGROUND if goes_on else QuitChoice.STOP)

        for number_ in _SIGNALS:
            # By `signal`, not by the loop, which stands still while the terminal takes nothing. Not in the main thread,
            # as in some tests, there are no signals to handle.
            with contextlib.suppress(ValueError):
                signal.signal(number_, leave)

    def on_mount(self) -> None:
        """Begin to ask the engine."""
        self.set_interval(1 / self._engine.settings.refresh_rate, self.look_again)
        self.set_interval(_METER_S, self._read_meter)
        self.set_interval(_WINDOW_S, self._beside.show_window)
        if self._beside.has_alerts:
            self.set_interval(_ALERT_S, self.alert)
        self.call_after_refresh(self._remember_names)
        if self._has_tour:  # and never again, however this start ends
            self.run_worker(asyncio.to_thread(save_view_state, self._state_file, self._view_state))
        if self._problems:
            self.call_after_refresh(self._tell_problems)

    def _remember_names(self) -> None:
        self.run_worker(asyncio.to_thread(remember_names, list(self.model.jobs.entries.values())))

    async def on_event(self, event: Event) -> None:
        """What was shown until the next key goes with it."""
        if isinstance(event, Key):
            for tour in self._main.query(Tour):
                tour.end()
            for key_bar in self.screen.query(KeyBar):
                key_bar.next_key()
            # Textual (8.2) has a key come back from what has the focus, by three queues, before it is looked up. The
            # next one may have put the focus elsewhere by then: of `1/` typed at once, the first was lost.
            if not (event.is_forwarded or isinstance(self.focused, Input)) and (
                await self._check_bindings(event.key, priority=True) or await self._check_bindings(event.key)
            ):
                return
        await super().on_event(event)

    def on_unmount(self) -> None:
        """Keep how the list was looked at, and put back what the window showed."""
        self._beside.leave_window()
        save_view_state(self._state_file, self._view_state)

    @property
    def _view_state(self) -> ViewState:
        jobs = self.model.jobs
        theme = None if self.theme == self._usual_theme else self.theme
        return ViewState(jobs.view.name, jobs.sort, jobs.is_reversed, theme)

    def look_again(self, *, settle: bool = False) -> None:
        """Ask the engine what has changed, and have the screens show it."""
        update = self.model.pull(settle=settle)
        for screen in self.screen_stack:
            if isinstance(screen, DashboardScreen):
                screen.take(update)

    @property
    def pictures(self) -> Negotiation:
        """How the terminal takes real pictures."""
        return self._beside.pictures

    @on(TerminalReplied)
    def _terminal_replied(self, event: TerminalReplied) -> None:
        self.run_worker(self._hear(event.answer))

    async def _hear(self, answer: str) -> None:
        """Have a page shown in the way that is known then."""
        await self._beside.hear(answer)
        if self.pictures.way is not None:
            for picture in self.screen.query(PagePicture):
                picture.show_again()

    def send(self, sequence: str) -> None:
        """Send the terminal something that is no frame."""
        # By way of the driver, as whole frames go, so that it lands in none of them.
        if sequence and self._driver is not None and not self.is_headless and not self._is_outside:
            self._driver.write(sequence)

    def alert(self) -> None:
        """Call the person to the terminal if there is a reason to, and the terminal is not gone."""
        if self._driver is not None and not (self._is_leaving or self._is_outside):
            self._beside.alert(self.bell, self._driver.write)

    async def _read_meter(self) -> None:
        if self.model.totals.active or self.model.reading is None:
            self.model.reading = await asyncio.to_thread(read_meter, self._engine.settings.output)

    def _watch_theme(self, theme_name: str) -> None:
        super()._watch_theme(theme_name)
        self.look = self._new_look()

    def _new_look(self) -> Look:
        # Pictures in colours are made of half blocks.
        few = self._has_few_colours or self.glyphs is ASCII
        cells = self._engine.settings.picture_cells
        if cells is PictureCells.AUTO:
            cells = PictureCells.SEXTANTS if draws_sextants() else PictureCells.QUADRANTS
        return Look.of(self, self.glyphs, self._keymap_built.keys, cells, has_few_colours=few)

    def _tell_problems(self) -> None:
        choices: list[Choice[bool | None]] = [Choice("g", "Go on without", True)]
        self.push_screen(ChoiceDialog("Not all settings can be used", "\n".join(self._problems), choices))

    # --- jobs ---

    @on(ActionChosen)
    def _action_chosen(self, event: ActionChosen) -> None:
        self.run_worker(self._act(ACTIONS[event.name], event.job_ids, leaves=event.name in LEAVING))

    @on(PasswordGiven)
    def _password_given(self, event: PasswordGiven) -> None:
        def unlock(engine: EngineLike, job_ids: list[int]) -> list[int]:
            return engine.unlock(job_ids, event.password)

        action = Action("Unlock", "queued again", unlock, "It is no longer waiting for a password.")
        self.run_worker(self._act(action, event.job_ids, leaves=True))

    async def _act(self, action: Action, job_ids: list[int], *, leaves: bool) -> None:
        """Do something to jobs; `leaves` tells whether they go elsewhere by it, so that the cursor does not follow."""
        place = self._main.cursor_place
        self._main.show_done(await self._hands.act(action, job_ids), place if leaves else None)

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        self._hands.marked()

    def action_undo(self) -> None:
        """Take back what was done last."""
        self.run_worker(self._go_back(self._hands.undo()))

    def action_redo(self) -> None:
        """Do again what was taken back last."""
        self.run_worker(self._go_back(self._hands.redo()))

    def action_history(self) -> None:
        """Show what was done, and what of it was taken back."""
        self.push_screen(HistoryScreen(self.model, self._hands.history))

    async def _go_back(self, step: Awaitable[Sequence[int]]) -> None:
        self._main.show_returned(await step)

    @property
    def _main(self) -> MainScreen:
        main = self.screen_stack[0]
        assert isinstance(main, MainScreen)
        return main

    # --- the engine ---

    async def action_pause(self) -> None:
        """Start no more page batches, or go on."""
        pause, resume = self._engine.pause, self._engine.resume
        if self._engine.is_paused:
            await self._hands.steer("resumed", "Going on.", resume, pause)
        else:
            told = "Paused: page batches that run are finished, none is begun."
            await self._hands.steer("paused", told, pause, resume)

    async def action_workers(self, by: int) -> None:
        """Have more or fewer workers."""
        before = self._engine.workers
        count = max(1, before + by)
        told = f"{plural(count, 'worker')}." + (" The last one ends after its page batch." if by < 0 else "")
        set_workers = self._engine.set_workers
        await self._hands.steer(plural(count, "worker"), told, lambda: set_workers(count), lambda: set_workers(before))

    @property
    def can_begin(self) -> bool:
        """Whether no engine answers, and one can be started from here."""
        return self.model.is_lost and self._start_engine is not None

    async def action_begin(self) -> None:
        """Start an engine in place of one that has ended."""
        if self.can_begin and self._start_engine is not None:
            self._is_owner = await self._hands.begin(self._start_engine) or self._is_owner
        else:
            self.say("No engine can be started from here." if self.model.is_lost else "The engine is there already.")

    def action_show(self, what: str) -> None:
        """Show what each worker has done in the last minutes, or the machines of the cluster."""
        screen = {"workers": WorkersScreen, "nodes": NodesScreen}[what]
        if not isinstance(self.screen, screen):
            self.push_screen(screen(self.model))

    # --- other programs ---

    @on(ProgramChosen)
    def _program_chosen(self, event: ProgramChosen) -> None:
        self.run_worker(self._leave_to(event))

    async def _leave_to(self, event: ProgramChosen) -> None:
        self._is_outside = True
        try:
            await run_outside(self, event.command)
        except HotfolioError as error:
            self.say(display_text(str(error)), is_problem=True)
        finally:
            self._is_outside = False
            event.done()

    # --- screens ---

    @on(JobOpened)
    def _job_opened(self, event: JobOpened) -> None:
        self.push_screen(DetailScreen(self.model, event.job_id))

    def action_help(self) -> None:
        """Show the keys of the screen one is on."""
        self.push_screen(HelpScreen(help_entries(self.screen)))

    def action_palette(self) -> None:
        """Find a command by its name."""
        self.push_screen(CommandPalette([Commands], placeholder="What to do?"))

    def action_settings(self) -> None:
        """Show the settings in force."""
        self.push_screen(SettingsScreen(self.model))

    def action_leave(self) -> None:
        """Quit, after asking if there is work."""
        if not self._is_owner or not self.model.is_busy:
            self.exit(QuitChoice.STOP)
            return

        def answered(choice: QuitChoice | None) -> None:
            if choice is not None:
                self.exit(choice)

        self.push_screen(quit_dialog(self.model), answered)

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a message at the bottom of the screen one is on."""
        if isinstance(self.screen, DashboardScreen):
            self.screen.say(text, is_problem=is_problem)
