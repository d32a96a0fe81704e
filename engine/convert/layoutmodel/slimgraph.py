"""Rewrites the graph of the model that looks at a page's picture, so that it comes to the same for half the cost.

- A PRelu with one slope is a LeakyRelu, which ONNX Runtime does within the convolution before it.
- A BatchNormalization is the multiplication and the addition that it is: after a LeakyRelu, ONNX Runtime would do it
  as a convolution, whose last bits are others.
- Coarse maps come out as they are, and the finest alone is enlarged. The library has all of them enlarged and put
  together, 160 numbers for each of 90,000 places (58 MB), to look at them where there are boxes.

The model is read from where the library is installed, and the rewritten one is only ever in memory.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from engine.convert.layoutmodel.onnxwire import field, fields, read, text, without

MAPS = "combined"
LOGITS = "logits"
_GRAPH = 7
_NODES, _INITIALIZERS, _OUTPUTS, _NOTES = 1, 5, 12, 13
_INPUTS, _RESULTS, _NAME, _KIND, _ATTRIBUTES = 1, 2, 3, 4, 5
_FLOAT = 1


class NotRewritten(Exception):
    """The graph is not what it is known to be."""


class _Graph:
    """Nodes and numbers of a graph."""

    def __init__(self, message: bytes) -> None:
        self.rest = without(message, (_NODES, _INITIALIZERS, _OUTPUTS, _NOTES))
        self.nodes = read(message, _NODES)
        self.numbers = {text(tensor, 8): tensor for tensor in read(message, _INITIALIZERS)}
        self.added = 0

    def floats(self, name: str) -> np.ndarray:
        """A tensor of floats."""
        tensor = self.numbers.get(name, b"")
        kinds = [value for number, value in fields(tensor) if number == 2]
        raw = b"".join(read(tensor, 9))
        if kinds != [_FLOAT] or not raw:
            raise NotRewritten(f"{name} is not what was expected")
        return np.frombuffer(raw, "<f4")

    def add(self, values: np.ndarray) -> str:
        """Put numbers in, one for each channel; returns their name."""
        self.added += 1
        name = f"hotfolio.{self.added}"
        shape = b"".join(field(1, size) for size in (len(values), 1, 1))
        self.numbers[name] = shape + field(2, _FLOAT) + field(8, name) + field(9, values.astype("<f4").tobytes())
        return name


def slim(model: bytes) -> tuple[bytes, list[str]]:
    """The model with its maps one by one, and the names of these outputs, the finest first; `LOGITS` stays.

    Raises `NotRewritten` if it is another model than this was written for.
    """
    with _refusing():
        graph = _rewritten_graph(model)
        names = _maps(graph)
        return _with_graph(model, graph, [*names, LOGITS]), names


def quickened(model: bytes) -> bytes:
    """The model with its own outputs, to the bit; raises as `slim`."""
    with _refusing():
        return _with_graph(model, _rewritten_graph(model), [MAPS, LOGITS])


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError, struct.error) as error:
        raise NotRewritten(str(error)) from error


def _rewritten_graph(model: bytes) -> _Graph:
    graph = _Graph(read(model, _GRAPH)[0])
    graph.nodes = [new for node in graph.nodes for new in _rewritten(graph, node)]
    return graph


def _with_graph(model: bytes, graph: _Graph, outputs: Sequence[str]) -> bytes:
    return without(model, [_GRAPH]) + field(_GRAPH, _written(graph, outputs))


def _maps(graph: _Graph) -> list[str]:
    """What is put together: the first map enlarged, the others before they are."""
    makers = {result: node for node in graph.nodes for result in _texts(node, _RESULTS)}
    together = makers.get(MAPS, b"")
    if text(together, _KIND) != "Concat":
        raise NotRewritten(f"{MAPS} is not put together from maps")
    enlarged = [makers.get(name, b"") for name in _texts(together, _INPUTS)]
    if any(text(node, _KIND) != "Resize" for node in enlarged):
        raise NotRewritten(f"{MAPS} has maps that are not enlarged")
    return [_texts(together, _INPUTS)[0], *(_texts(node, _INPUTS)[0] for node in enlarged[1:])]


def _rewritten(graph: _Graph, node: bytes) -> list[bytes]:
    kind, inputs, results = text(node, _KIND), _texts(node, _INPUTS), _texts(node, _RESULTS)
    if kind == "PRelu":
        slopes = graph.floats(inputs[1])
        if len(slopes) != 1:
            raise NotRewritten("a PRelu has more than one slope")
        alpha = field(1, "alpha") + field(2, float(slopes[0])) + field(20, 1)
        return [_node("LeakyRelu", inputs[:1], results) + field(_ATTRIBUTES, alpha)]
    if kind == "BatchNormalization":
        scale, shift = _as_factors(graph, node, inputs)
        between = f"{results[0]}.scaled"
        return [
            _node("Mul", [inputs[0], graph.add(scale)], [between]),
            _node("Add", [between, graph.add(shift)], results),
        ]
    return [node]


def _as_factors(graph: _Graph, node: bytes, inputs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """In the order in which ONNX Runtime calculates them."""
    weight, bias, mean, variance = (graph.floats(name) for name in inputs[1:])
    epsilons = [read(attribute, 2) for attribute in read(node, _ATTRIBUTES) if text(attribute, 1) == "epsilon"]
    epsilon = np.frombuffer(epsilons[0][0], "<f4")[0]
    inverse = np.float32(1) / np.sqrt(variance + epsilon)
    scale = inverse * weight
    return scale, bias - mean * scale


def _written(graph: _Graph, outputs: Sequence[str]) -> bytes:
    """The graph without what its outputs do not need."""
    needed, kept = set(outputs), []
    for node in reversed(graph.nodes):
        if needed & {*_texts(node, _RESULTS)}:
            kept.append(node)
            needed.update(_texts(node, _INPUTS))
    parts = [field(_NODES, node) for node in reversed(kept)]
    parts += [field(_INITIALIZERS, tensor) for name, tensor in graph.numbers.items() if name in needed]
    kind = field(2, field(1, field(1, _FLOAT)))
    parts += [field(_OUTPUTS, field(1, name) + kind) for name in outputs]
    return graph.rest + b"".join(parts)


def _node(kind: str, inputs: Iterable[str], results: Iterable[str]) -> bytes:
    return (
        b"".join(field(_INPUTS, name) for name in inputs)
        + b"".join(field(_RESULTS, name) for name in results)
        + field(_KIND, kind)
    )


def _texts(message: bytes, number: int) -> list[str]:
    return [value.decode() for value in read(message, number)]
