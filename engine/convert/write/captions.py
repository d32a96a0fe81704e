"""Finds which picture or table a caption belongs to."""

from collections.abc import Iterator, Sequence

from engine.convert.page.blocks import Block, Kind

_HAS_CAPTION = frozenset({Kind.PICTURE, Kind.TABLE})


def with_captions(blocks: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """The blocks in their order, a picture or table and the caption before or behind it as one.

    A caption between two belongs to the nearer one. Blocks in different lists or quotations never belong together.
    """
    at = 0
    while at < len(blocks):
        first = blocks[at]
        after = blocks[at + 1] if at + 1 < len(blocks) else None
        if after is not None and _belong_together(first, after):
            caption_is_first = first.kind is Kind.CAPTION
            beyond = blocks[at + 2] if at + 2 < len(blocks) else None
            is_nearer_to_next = (
                not caption_is_first
                and beyond is not None
                and _belong_together(after, beyond)
                and _distance(after, beyond) < _distance(first, after)
            )
            if not is_nearer_to_next:
                yield (first, after)
                at += 2
                continue
        yield (first,)
        at += 1


def _belong_together(one: Block, other: Block) -> bool:
    kinds = {one.kind, other.kind}
    is_pair = Kind.CAPTION in kinds and bool(kinds & _HAS_CAPTION)
    return is_pair and one.depth == other.depth and one.quote == other.quote


def _distance(one: Block, other: Block) -> float:
    """Points between two blocks, the one above the other."""
    return max(other.box[1] - one.box[3], one.box[1] - other.box[3], 0.0)
