"""Writes a refined document as chunks for retrieval: JSON Lines, an object a chunk."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID, uuid5

from engine.convert.open.context import MergeContext, Writer
from engine.convert.page.blocks import Kind, furniture_left_out
from engine.convert.page.pagemodel import PageModel
from engine.convert.write.chunkdraft import Chunk
from engine.convert.write.chunker import Chunker
from engine.convert.write.textsize import measure, tokens
from engine.job.warningkind import WarningKind

_SPACE = UUID("d1b1b0c4-5d2e-4f63-9d0e-3a0f1c2b7e55")
"""In which the ids are made (RFC 9562, version 5)."""
_TYPES = {
    Kind.HEADING: "heading",
    Kind.PARAGRAPH: "paragraph",
    Kind.LIST_ITEM: "list",
    Kind.CODE: "code",
    Kind.TABLE: "table",
    Kind.PICTURE: "picture",
    Kind.FORMULA: "formula",
    Kind.CAPTION: "caption",
    Kind.FOOTNOTE: "footnote",
    Kind.PAGE_HEADER: "page-header",
    Kind.PAGE_FOOTER: "page-footer",
}


class ChunkFile(Writer):
    """The document's chunks. Of a page that failed there are none."""

    def __init__(self, document: MergeContext) -> None:
        options = document.options
        self._source = document.source or document.name
        self._sha256 = document.sha256
        self._chunker = Chunker(
            options.chunk_size,
            options.chunk_overlap,
            measure(options.chunk_unit),
            furniture_left_out(page_header=options.page_header, page_footer=options.page_footer),
        )
        self._index = 0
        self._seen: Counter[bytes] = Counter()
        self._of_document = set(document.kinds)
        self._of_pages: dict[int, set[str]] = {}

    def page(self, model: PageModel) -> str:
        """The chunks that are complete with this page."""
        if model.notices:
            self._of_pages[model.number] = set(model.notices)
        return self._lines(self._chunker.page(model.blocks))

    def end(self) -> str:
        """Those that were still open."""
        return self._lines(self._chunker.end())

    def _lines(self, chunks: Iterable[Chunk]) -> str:
        return "".join(map(self._line, chunks))

    def _line(self, chunk: Chunk) -> str:
        pages = [page for page, _ in chunk.places]
        entry = {
            "id": self._id(chunk.text),
            "index": self._index,
            "text": chunk.text,
            "headings": chunk.headings,
            "pages": [min(pages), max(pages)],
            "types": list(dict.fromkeys(_TYPES[kind] for kind in chunk.kinds)),
            "tokens": tokens(chunk.text),
            "characters": len(chunk.text),
            "source": self._source,
            "sha256": self._sha256,
            "boxes": [
                {"page": page, "x0": round(x0, 2), "y0": round(y0, 2), "x1": round(x1, 2), "y1": round(y1, 2)}
                for page, (x0, y0, x1, y1) in chunk.places
            ],
        }
        told = self._of_document.union(*(self._of_pages.get(page, ()) for page in pages))
        if told:
            entry["warnings"] = [kind for kind in WarningKind if kind in told]
        self._index += 1
        return json.dumps(entry, ensure_ascii=False) + "\n"

    def _id(self, text: str) -> str:
        """Of the text, of how often the document has had it before, and of where the document is."""
        content = text.encode("utf-8", "replace")
        key = sha256(content).digest()
        again = self._seen[key]
        self._seen[key] += 1
        digest = sha256(b"\0".join([self._source.encode("utf-8", "replace"), str(again).encode(), content])).hexdigest()
        return str(uuid5(_SPACE, digest))
