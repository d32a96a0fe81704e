"""NodesScreen: the machines of a cluster, a line each, with keys that hold them or have them leave."""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.base.errors import HotfolioError
from engine.base.safetext import display_name, display_text
from engine.job.machines import GIVEN, NodeSnapshot, NodeState
from tui.dashboard.look import Look, look_of
from tui.dashboard.model import Model, Update
from tui.dashboard.screens.choice_dialog import Choice, ChoiceDialog
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lines import Part
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.text.formatting import clip, number, pad, plural, size

_NAME_CELLS = (16, 28)
_STATE_CELLS = 9
_WIDE = 100
_HINTS = (
    (("screen.leave",), "back", 0),
    (("node.hold",), "hold", 1),
    (("node.drain",), "drain", 2),
    (("node.remove",), "remove", 3),
    (("scroll.down", "scroll.up"), "move", 4),
    (("app.help",), "help", 5),
)
_HEAD = 4
"""Lines above the first machine."""


class _NodeLines(ScrollLines):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._name = ""

    @property
    def chosen(self) -> NodeSnapshot | None:
        """The machine under the cursor, which stays on it when others come and go."""
        nodes = self._model.nodes
        return next((node for node in nodes if node.name == self._name), nodes[0] if nodes else None)

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """What all do together, the titles, and a line a machine with what it says below the one under the cursor."""
        look, nodes = look_of(self), self._model.nodes
        trouble = next((banner.message for banner in self._model.banners if banner.key == "cluster"), "")
        if not nodes:
            told = (
                trouble or "No other machine has joined. `hotfolio cluster init` makes a cluster, `invite` asks one in."
            )
            return [[(f" {clip(display_text(told), width - 2, look.glyphs.ellipsis)}", look.text)]]
        is_wide = width >= _WIDE
        name_cells = _NAME_CELLS[is_wide]
        lines: list[list[Part]] = [self._together(nodes, look)]
        lines.append([(f" {clip(display_text(trouble), width - 2, look.glyphs.ellipsis)}", look.warning)])
        head = (
            f"   {pad('NODE', name_cells)} {pad('STATE', _STATE_CELLS)}{'BUSY':>8}{'PAGES':>9}{'PER S':>7}{'SENT':>6}"
        )
        lines.append([(head + (f"{'MEMORY':>8}{'CACHE':>7}{'TRIP':>8}" if is_wide else ""), look.muted)])
        lines.append([(look.glyphs.rule * width, look.line)])
        chosen = self.chosen
        lines += [self._node(node, name_cells, width, look, is_chosen=node is chosen) for node in nodes]
        if chosen is not None and chosen.why:
            why = clip(f"{display_name(chosen.name)}: {display_text(chosen.why)}", width - 4, look.glyphs.ellipsis)
            lines += [[], [(f"   {why}", look.text)]]
        return lines

    def _together(self, nodes: Sequence[NodeSnapshot], look: Look) -> list[Part]:
        given = [node for node in nodes if node.state in GIVEN]
        slots, busy = sum(node.slots for node in given), sum(node.busy for node in nodes)
        rates = [rate for node in given if (rate := self._model.node_rates.of(node.name)) is not None]
        told = f" {plural(len(given), 'machine')} at work with {plural(slots, 'slot')}, {number(busy)} busy"
        return [(told, look.text), (f"   {sum(rates):.1f} pages/s", look.strong)]

    def _node(self, node: NodeSnapshot, name_cells: int, width: int, look: Look, *, is_chosen: bool) -> list[Part]:
        rate = self._model.node_rates.of(node.name)
        style = _style(node.state, look)
        sign = look.glyphs.busy if node.busy else look.glyphs.idle
        text = look.text if node.state in GIVEN else look.faint
        parts: list[Part] = [
            (f" {sign} ", style),
            (pad(display_name(node.name), name_cells) + " ", text),
            (pad(node.state.value, _STATE_CELLS), style),
            (f"{f'{number(node.busy)}/{number(node.slots)}':>8}{number(node.pages):>9}", text),
            (
                f"{'' if rate is None or node.state not in GIVEN else f'{rate:.1f}':>7}{size(node.shipped_bytes):>6}",
                text,
            ),
        ]
        if width >= _WIDE:
            trip = f"{node.round_trip_s * 1000:.0f} ms"
            parts.append((f"{size(node.rss_bytes):>8}{size(node.cached_bytes):>7}{trip:>8}", look.muted))
        if is_chosen:
            cells = sum(len(part) for part, _ in parts)
            parts.append((" " * max(width - cells, 0), Style()))
            parts = [(part, look.cursor if look.cursor_is_plain else style + look.cursor) for part, style in parts]
        return parts

    def action_scroll(self, by: int) -> None:
        """Move to another machine."""
        self._go(by)

    def action_scroll_home(self) -> None:
        """To the first one."""
        self._go(-len(self._model.nodes))

    def action_scroll_end(self) -> None:
        """To the last one."""
        self._go(len(self._model.nodes))

    def action_scroll_page(self, share: float) -> None:
        """By so many screens of them."""
        self._go(round(self.size.height * share))

    def _go(self, by: int) -> None:
        nodes, chosen = self._model.nodes, self.chosen
        if chosen is None:
            return
        place = min(max(nodes.index(chosen) + by, 0), len(nodes) - 1)
        self._name = nodes[place].name
        self.update_lines()
        line, height = place + _HEAD, self.size.height
        if place == 0:
            self.scroll_to(y=0, animate=False)
        elif not self._top <= line < self._top + height:
            self.scroll_to(y=line - (height - 1 if by > 0 else 0), animate=False)


def _style(state: NodeState, look: Look) -> Style:
    match state:
        case NodeState.READY:
            return look.accent
        case NodeState.REFUSED:
            return look.error
        case NodeState.LEFT:
            return look.faint
        case _:
            return look.warning


class NodesScreen(DashboardScreen):
    """Follows the engine. What a key does is done to the machine under the cursor, by its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,W", "leave", "Back", id="screen.leave"),
        Binding("p", "hold", "Give it nothing more, or use it again", id="node.hold"),
        Binding("d", "drain", "Have it leave once it is done; asks", id="node.drain"),
        Binding("x", "remove", "Have it leave at once; asks", id="node.remove"),
    ]

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._lines = _NodeLines(model)

    def compose(self) -> ComposeResult:
        """The machines and the keys."""
        yield Frame(TitleLine("Machines"), self._lines, title_needs_edge=True)
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Move with the keys."""
        self._lines.focus()

    def take(self, update: Update) -> None:
        """Show what has changed."""
        if self.is_attached and update.rest_changed:
            self._lines.update_lines()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    def action_hold(self) -> None:
        """Hold it, or release it: what is done so is taken back by the same key, so nothing is asked."""
        if (node := self._there()) is None:
            return
        engine, name = self.model.engine, display_name(node.name)
        if node.state is NodeState.HELD:
            self._order(engine.release_node, node, f"{name} is used again.")
        else:
            self._order(engine.hold_node, node, f"{name} is given nothing more; it ends what it has.")

    def action_drain(self) -> None:
        """Ask, and have it leave once it is done."""
        if (node := self._there()) is not None:
            left = (
                f"It ends what it has in {plural(node.busy, 'slot')}, and leaves."
                if node.busy
                else "It has nothing to do."
            )
            told = f"{left} Started again over there, it comes back."
            self._ask(
                node, "Have it leave once it is done?", told, self.model.engine.drain_node, "leaves once it is done."
            )

    def action_remove(self) -> None:
        """Ask, and have it leave at once."""
        if (node := self._there()) is not None:
            lost = f"What it has in {plural(node.busy, 'slot')} is begun again elsewhere." if node.busy else ""
            told = f"{lost} Finished pages are kept. Started again over there, it comes back.".strip()
            self._ask(node, "Have it leave at once?", told, self.model.engine.remove_node, "has left.")

    def _there(self) -> NodeSnapshot | None:
        node = self._lines.chosen
        if node is None or node.state is NodeState.LEFT:
            self.say("It has left already." if node is not None else "There is no other machine.")
            return None
        return node

    def _ask(self, node: NodeSnapshot, what: str, told: str, order: Callable[[str], bool], past: str) -> None:
        name = display_name(node.name)
        choices: list[Choice[bool | None]] = [
            Choice("n", "Leave it as it is", None),
            Choice("y", what.rstrip("?"), True),
        ]

        def answered(choice: bool | None) -> None:
            if choice:
                self._order(order, node, f"{name} {past}")

        self.app.push_screen(ChoiceDialog(f"{name}: {what[0].lower()}{what[1:]}", told, choices), answered)

    def _order(self, order: Callable[[str], bool], node: NodeSnapshot, told: str) -> None:
        async def give() -> None:
            try:
                is_done = await asyncio.to_thread(order, node.name)
            except HotfolioError as error:
                self.say(display_text(str(error)), is_problem=True)
                return
            missed = f"{display_name(node.name)} is not there any more, or not used at all."
            self.say(told if is_done else missed, is_problem=not is_done)

        self.run_worker(give())
