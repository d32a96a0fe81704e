"""A chunk that is being filled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from engine.convert.page.blocks import Block, Box, Kind, RefinedPage
from engine.convert.write.chunkparts import Placed
from engine.convert.write.markdown import MarkdownWriter

Measure = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document."""

    text: str
    """Markdown."""
    headings: tuple[str, ...]
    """Those that all of it stands below, from the top."""
    places: tuple[tuple[int, Box], ...]
    """Where it stands: page and box of each block, without repeats."""
    kinds: tuple[Kind, ...]
    """What it is made of, without repeats."""


def _new_writer() -> MarkdownWriter:
    return MarkdownWriter(page_header=True, page_footer=True)


@dataclass(slots=True)
class Draft:
    """Blocks as Markdown, up to a size: headings, what the chunk before ends with, and then the body."""

    limit: int
    measure: Measure
    level: int
    """Of its highest heading, or just below that of its section if that is not in it; 0 above all headings."""
    items: list[Placed] = field(default_factory=list)
    path: tuple[str, ...] = ()
    _texts: list[str] = field(default_factory=list)
    _size: int = 0
    _body_from: int | None = None
    _writer: MarkdownWriter | None = None
    """What knows no more than the blocks that are in it; None if there is none yet."""

    @property
    def size(self) -> int:
        """Of its text so far."""
        return self._size - (self.measure("\n") if self.items else 0)

    @property
    def has_body(self) -> bool:
        """Whether there is more than headings and what stands in the chunk before."""
        return self._body_from is not None

    @property
    def body(self) -> list[Placed]:
        """What stands in no other chunk, headings at its beginning aside."""
        return [] if self._body_from is None else self.items[self._body_from :]

    @property
    def is_overlap(self) -> bool:
        """Whether all there is stands in the chunk before."""
        return bool(self.items) and not self.has_body and self.items[0].block.kind is not Kind.HEADING

    def room_for(self, block: Block) -> bool:
        """Whether a block fits that has nothing to do with what is in it already."""
        between = 2 if self.items else 0
        return self.size + self.measure("\n" * between) + self.measure(markdown(block)) <= self.limit

    def add(self, placed: Placed, path: tuple[str, ...], *, is_body: bool = True, must_fit: bool = True) -> bool:
        """Add a block if it fits, or even if not; False if nothing was done. `path` are the headings above it."""
        text = self._written(placed.block)
        size = self._size + self.measure(text)
        if must_fit and size - self.measure("\n") > self.limit:
            self._writer = None
            return False
        if not text.strip():
            return True
        if is_body and self._body_from is None:
            self._body_from, self.path = len(self.items), path
        elif is_body:
            self.path = _common(self.path, path)
        elif self._body_from is None:
            self.path = path
        self._texts.append(text)
        self._size = size
        self.items.append(placed)
        return True

    def add_all(self, group: Sequence[Placed], path: tuple[str, ...]) -> bool:
        """Add all of these to the body if they fit; False if nothing was done."""
        if len(group) == 1:
            return self.add(group[0], path)
        before = replace(self, items=[*self.items], _texts=[*self._texts])
        if all(self.add(placed, path) for placed in group):
            return True
        self.items, self.path, self._texts = before.items, before.path, before._texts
        self._size, self._body_from = before._size, before._body_from
        self._writer = None
        return False

    def join(self, other: "Draft") -> bool:
        """Take in the section that follows, if it fits."""
        size = self._size + self.measure("\n") + other._size
        if size - self.measure("\n") > self.limit:
            return False
        self.path = _common(self.path, other.path)
        self._texts += ["\n", *other._texts]
        self._size, self.level = size, min(self.level, other.level)
        self.items += other.items
        return True

    def chunk(self) -> Chunk:
        """The chunk it has become."""
        text = "".join(self._texts).removesuffix("\n")
        places = dict.fromkeys(place for item in self.items for place in item.places)
        kinds = dict.fromkeys(item.block.kind for item in self.items)
        return Chunk(text, self.path, tuple(places), tuple(kinds))

    def _written(self, block: Block) -> str:
        """A block as it is written after all the others."""
        if self._writer is None:
            self._writer = _new_writer()
            for item in self.items:
                self._writer.page(_page_of(item.block))
        return self._writer.page(_page_of(block))


def markdown(block: Block) -> str:
    """A block by itself."""
    return _new_writer().page(_page_of(block)).strip("\n")


def _page_of(block: Block) -> RefinedPage:
    return RefinedPage(1, 0.0, 0.0, [block])


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """What two paths have in common from the top."""
    length = 0
    while length < min(len(one), len(other)) and one[length] == other[length]:
        length += 1
    return one[:length]
