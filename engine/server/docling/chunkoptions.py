"""What is asked for where documents are to be cut into chunks: how to convert, how to cut, and what comes along."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.job.formats import Format
from engine.job.options import ChunkUnit, ConvertOptions
from engine.server.docling.doclingchunks import CHUNKS, HYBRID
from engine.server.docling.doclingoptions import Given, Order, read_order, refused

_CONVERT, _CHUNKING = "convert_", "chunking_"
"""How form fields begin that are options of the one and of the other."""
_TOKENIZERS = frozenset({"sentence-transformers/all-minilm-l6-v2"})
"""docling's default, which its clients send unasked."""


def read_chunk_order(chunker: str, fields: Mapping[str, Sequence[str]], defaults: ConvertOptions) -> Order:
    """Understand the form fields of a call for chunks. Raises `OptionRefused`."""
    convert = {name.removeprefix(_CONVERT): values for name, values in fields.items() if name.startswith(_CONVERT)}
    cutting = Given({name[len(_CHUNKING) :]: v for name, v in fields.items() if name.startswith(_CHUNKING)})
    around = Given({name: v for name, v in fields.items() if not name.startswith((_CONVERT, _CHUNKING))})
    target = around.text("target_type") or "inbody"
    if target.casefold() != "inbody":
        raise refused("target_type", target, "inbody")
    order = read_order(convert, defaults)
    with_document = around.flag("include_converted_doc") is True
    changes: dict[str, Any] = {"formats": _formats(order, chunker, with_document=with_document)}
    raw_text = cutting.flag("include_raw_text") is True
    if chunker == HYBRID:
        changes |= _size(cutting, order.options)
    _note(cutting, chunker)
    around.note_rest()
    unmet = [f"{_CHUNKING}{sentence}" for sentence in cutting.unmet] + around.unmet
    record = order.record.model_copy(
        update={
            "as_zip": False,
            "chunker": chunker,
            "with_document": with_document,
            "with_raw_text": raw_text,
            "unmet": (*order.record.unmet, *unmet[:10]),
        }
    )
    return Order(ConvertOptions.model_validate({**order.options.model_dump(), **changes}), record)


def _formats(order: Order, chunker: str, *, with_document: bool) -> list[str]:
    needed = [Format.DOCLING, *([CHUNKS] if chunker == HYBRID else [])]
    return list(dict.fromkeys([*(order.options.formats if with_document else ()), *needed]))


def _size(cutting: Given, options: ConvertOptions) -> dict[str, Any]:
    """How big a chunk is; here as there, none repeats what is in the one before."""
    changes: dict[str, Any] = {"chunk_unit": ChunkUnit.TOKENS, "chunk_overlap": 0}
    wanted = cutting.number("max_tokens")
    if wanted is not None:
        bounds = ConvertOptions.model_json_schema()["properties"]["chunk_size"]
        if bounds["minimum"] <= wanted <= bounds["maximum"]:
            changes["chunk_size"] = int(wanted)
        else:
            cutting.refuse(
                "max_tokens", f"{wanted:g}", f"a chunk has {bounds['minimum']} to {bounds['maximum']} tokens"
            )
    return changes


def _note(cutting: Given, chunker: str) -> None:
    """Note what there is not."""
    tokenizer = cutting.text("tokenizer")
    if tokenizer and chunker == HYBRID and tokenizer.casefold() not in _TOKENIZERS:
        cutting.refuse("tokenizer", tokenizer, "hotfolio estimates how many tokens a text has")
    if cutting.flag("merge_peers") is False:
        cutting.refuse("merge_peers", "false", "what stands below one heading stays together while it fits")
    if cutting.flag("use_markdown_images"):
        cutting.refuse("use_markdown_images", "true", "chunks have what is said of pictures, not the pictures")
    for name in ("chunker", "use_markdown_tables", "image_placeholder", "max_tokens"):
        cutting.text(name)  # tables are Markdown anyway, and there is no place for a picture
    cutting.note_rest()
