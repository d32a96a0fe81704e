"""What the command palette offers: every action that has a key, and the themes."""

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from tui.dashboard.keys import key_name

_Command = tuple[str, IgnoreReturnCallbackType, str]


class Commands(Provider):
    """Finds actions by what they do; shows the keys that would have been quicker."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for text, run, help_text in self._actions():
            yield DiscoveryHit(text, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for text, run, help_text in [*self._actions(), *self._themes()]:
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), run, help=help_text)

    def _actions(self) -> Iterator[_Command]:
        keys: dict[str, list[str]] = {}
        commands: dict[str, tuple[str, IgnoreReturnCallbackType]] = {}
        for node, binding, is_enabled, _ in self.screen.active_bindings.values():
            if binding.id and binding.description and is_enabled:
                keys.setdefault(binding.id, []).append(key_name(binding.key))
                commands[binding.id] = (binding.description, partial(self.app.run_action, binding.action, node))
        for binding_id, (text, run) in commands.items():
            if not binding_id.startswith(("move.", "scroll.")):
                yield text, run, " ".join(keys[binding_id])

    def _themes(self) -> Iterator[_Command]:
        for name in sorted(self.app.available_themes):
            yield f"Theme: {name}", partial(setattr, self.app, "theme", name), "colours"
