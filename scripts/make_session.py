"""Does what a person does in the first hour, in tmux at three sizes, and keeps pictures of it: see `make session`."""

import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.e2e.session import SIZES, first_hour, tmux  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
SHOWN = (120, 40)
"""The size that pictures are kept of."""
_PLACE, _SHOWN_AS = f"{tempfile.gettempdir()}/hour-", "/home/ada/invoices"
_DARK = TerminalTheme((23, 22, 29), (221, 216, 208), [(0, 0, 0)] * 8)


def keep(name: str, screen: str, size: tuple[int, int]) -> None:
    """Draw a screen as tmux captures it."""
    console = Console(record=True, width=size[0], file=io.StringIO(), force_terminal=True, color_system="truecolor")
    # The place it was done at is another one each time.
    screen = re.sub(rf"{re.escape(_PLACE)}\w{{0,8}}", lambda match: _SHOWN_AS[: len(match[0])], screen)
    lines = screen.rstrip("\n").split("\n")[: size[1]]
    for line in Text.from_ansi("\n".join(lines)).split("\n"):
        console.print(line, no_wrap=True, crop=True, overflow="crop")
    file = FOLDER / f"session-{name}.svg"
    file.write_text(console.export_svg(title="hotfolio", theme=_DARK, unique_id=f"session-{name}"), encoding="utf-8")
    print(file)


def main() -> None:
    """All sizes; whatever does not go as it should ends it."""
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix=Path(_PLACE).name, dir=Path(_PLACE).parent) as folder:

            def look(name: str, screen: str, size: tuple[int, int] = size) -> None:
                if size == SHOWN:
                    keep(name, screen, size)

            with tmux(Path(folder), size, look) as pane:
                first_hour(pane, Path(folder))
        print(f"{size[0]}x{size[1]}: everything was done")


if __name__ == "__main__":
    main()
