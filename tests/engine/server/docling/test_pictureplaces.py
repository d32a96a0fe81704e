"""Links to pictures become what the reader of an answer can follow, and other text stays as it is."""

import json
from collections.abc import Callable

import pytest

from engine.server.docling import pictureplaces
from engine.server.docling.pictureplaces import EMBEDDED, PLACEHOLDER, REFERENCED, Pictures

ADDRESS = "http://localhost/conversions/1/output/"
NAMES = {"images/a (1).pdf-0001-00.png": b"one", "images/b.png": b"other"}


def places(mode: str) -> Pictures:
    def read(name: str) -> bytes:
        if name not in NAMES:
            raise FileNotFoundError(name)
        return NAMES[name]

    return Pictures(mode, ADDRESS, read)


MARKDOWN = b"![A [cat]](<images/a (1).pdf-0001-00.png>) and ![](images/b.png); [link](<https://x/images/b.png>)"
HTML = b'<img src="images/a%20%281%29.pdf-0001-00.png" alt="x"><img src="https://x/images/b.png">'


def test_pictures_that_are_left_out_change_nothing() -> None:
    found = places(PLACEHOLDER)
    assert (found.in_markdown(MARKDOWN), found.in_html(HTML)) == (MARKDOWN, HTML)


def test_pictures_are_linked_where_they_can_be_fetched() -> None:
    found = places(REFERENCED)
    assert found.in_markdown(MARKDOWN).decode() == (
        f"![A [cat]](<{ADDRESS}images/a%20%281%29.pdf-0001-00.png>) and ![](<{ADDRESS}images/b.png>); "
        "[link](<https://x/images/b.png>)"
    )
    assert found.in_html(HTML).decode().startswith(f'<img src="{ADDRESS}images/a%20%281%29.pdf-0001-00.png" alt="x">')


def test_pictures_are_put_in_each_from_its_file() -> None:
    found = places(EMBEDDED)
    assert found.in_markdown(MARKDOWN).decode() == (
        "![A [cat]](<data:image/png;base64,b25l>) and ![](<data:image/png;base64,b3RoZXI=>); "
        "[link](<https://x/images/b.png>)"
    )
    document = {"pictures": [{"image": {"uri": "images/b.png", "dpi": 72}}, {}, {"image": None}]}
    assert found.in_document(json.dumps(document).encode())["pictures"] == [
        {"image": {"uri": "data:image/png;base64,b3RoZXI=", "dpi": 72}}, {}, {"image": None},
    ]  # fmt: skip
    assert found.has_room


def test_what_does_not_fit_or_is_gone_is_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictureplaces, "MOST_EMBEDDED", 4)
    found = places(EMBEDDED)
    made = found.in_markdown(b"![](<images/b.png>) ![](<images/gone.png>)").decode()
    assert made == f"![](<{ADDRESS}images/b.png>) ![](<{ADDRESS}images/gone.png>)"
    assert not found.has_room


@pytest.mark.parametrize("change", [lambda p, text: p.in_markdown(text), lambda p, text: p.in_html(text)])
def test_bytes_that_are_no_text_stay(change: Callable[[Pictures, bytes], bytes]) -> None:
    assert change(places(REFERENCED), b"\xff\xfe\n![") == b"\xff\xfe\n!["
