"""Where the pictures of an answer are: in it, at an address of this service, or nowhere.

hotfolio writes links to files that lie beside its texts. An answer that is one text has nothing beside it.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from engine.server.routers.outputs import media_type

PLACEHOLDER, EMBEDDED, REFERENCED = "placeholder", "embedded", "referenced"
"""docling's ways, which its clients name; the first leaves pictures out."""
MODES = (PLACEHOLDER, EMBEDDED, REFERENCED)
MOST_EMBEDDED = 64 << 20
"""Bytes of pictures in one answer."""

_IN_MARKDOWN = re.compile(rb"\]\((?:<(images/[^<>\n]+)>|(images/[^\s()<>]+))\)")
_IN_HTML = re.compile(rb'(?<=<img src=")(images/[^"<>\n]+)(?=")')

Read = Callable[[str], bytes]
"""Gives a file of the result; raises `OSError`."""


class Pictures:
    """What the pictures of one document are linked by."""

    def __init__(self, mode: str, address: str, read: Read) -> None:
        """`address` is where the files of the result are fetched, with a slash at its end."""
        self._mode = mode
        self._address = address
        self._read = read
        self._known: dict[str, str] = {}
        self._embedded = 0
        self.has_room = True
        """Whether all pictures that were to be embedded are."""

    def in_markdown(self, text: bytes) -> bytes:
        """Markdown with the links that its reader can follow."""
        return text if self._mode == PLACEHOLDER else _IN_MARKDOWN.sub(self._linked, text)

    def in_html(self, text: bytes) -> bytes:
        """The same of HTML."""
        return text if self._mode == PLACEHOLDER else _IN_HTML.sub(self._shown, text)

    def in_document(self, text: bytes) -> Any:
        """A DoclingDocument, parsed; raises `ValueError` or `RecursionError` if it is none."""
        found = json.loads(text)
        if self._mode != PLACEHOLDER:
            for picture in found.get("pictures", ()):
                image = picture.get("image")
                if isinstance(image, Mapping) and isinstance(image.get("uri"), str):
                    picture["image"] = {**image, "uri": self._place(image["uri"])}
        return found

    def _linked(self, found: re.Match[bytes]) -> bytes:
        name = (found[1] or found[2]).decode("utf-8", "surrogateescape")
        return f"](<{self._place(name)}>)".encode()

    def _shown(self, found: re.Match[bytes]) -> bytes:
        return self._place(unquote(found[1].decode("utf-8", "surrogateescape"), errors="surrogateescape")).encode()

    def _place(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self._place_anew(name)
        return self._known[name]

    def _place_anew(self, name: str) -> str:
        address = self._address + quote(name, errors="surrogateescape")
        if self._mode == REFERENCED:
            return address
        try:
            content = self._read(name)
        except OSError:
            return address
        if self._embedded + len(content) > MOST_EMBEDDED:
            self.has_room = False
            return address
        self._embedded += len(content)
        return f"data:{media_type(name)};base64,{base64.b64encode(content).decode()}"
