"""Real pictures, on a terminal that is asked for them: what is sent when it answers nothing, and when it does."""

import base64
import io
import os
import re
from pathlib import Path

from PIL import Image

from tests import pdfs
from tests.e2e.dashboard import IN_MEMORY, Dashboard
from tui.dashboard.graphics.negotiation import ATTRIBUTES, CELL_SIZE, KITTY, NAME

FIRST, THEN = (NAME + CELL_SIZE + ATTRIBUTES).encode(), (KITTY + ATTRIBUTES).encode()
SHOWN = re.compile(rb"\x1b7\x1b\[2;(\d+)H((?:\x1b_G[^\x1b]*\x1b\\)+)\x1b8")


def test_a_page_is_shown_in_cells_until_the_terminal_says_that_it_shows_pictures(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.pdf").write_bytes(pdfs.text_pages(3))
    os.utime(tmp_path / "input" / "a.pdf", (1e9, 1e9))
    with Dashboard(tmp_path, env=IN_MEMORY) as d:
        d.wait_for("1 done")
        assert FIRST not in d.received
        d.see("i", "Page 1 of 3")
        d.wait_until(lambda: FIRST in d.received, "the first questions")
        d.see("right", "Page 2 of 3")  # nobody waits for an answer
        asked = 1
        while THEN not in d.received:  # it takes a slow machine for a slow line, and asks when it is looked at again
            d.type("\x1bP>|kitty(0.39.1)\x1b\\\x1b[6;20;10t\x1b[?62")
            d.type("c")
            d.see("esc", " workers ─")  # no answer was taken for a key, and all are heard
            if THEN not in d.received:
                asked += 1
                assert asked < 30
                d.see("i", "Page 1 of 3")
                d.wait_until(lambda times=asked: d.received.count(FIRST) == times, "the first questions")
        d.type("\x1b_Gi=4712;OK\x1b\\\x1b[?62c")
        d.see("i", "Page 1 of 3")
        d.wait_until(lambda: SHOWN.search(d.received), "a picture")
        d.wait_for("Page 1 of 3")
        parts = re.findall(rb"\x1b_G[^;]*;([^\x1b]*)", SHOWN.search(d.received)[2])  # type: ignore[index]
        with Image.open(io.BytesIO(base64.b64decode(b"".join(parts)))) as image:
            assert image.height > 200
        d.see("esc", " workers ─")
        assert b"\x1b_Ga=d,d=I" in d.received.rpartition(b"\x1b8")[2]
