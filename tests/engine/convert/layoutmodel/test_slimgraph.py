"""The rewritten model comes to the same, to the bit."""

import numpy as np
import pytest

from engine.convert.layoutmodel.onnxwire import field
from engine.convert.layoutmodel.pagemaps import as_input
from engine.convert.layoutmodel.slimgraph import NotRewritten, quickened, slim
from engine.convert.loading.onnx import new_session
from tests.engine.convert.layoutmodel.eyes import model, seen


def test_classes_and_the_finest_map_are_the_librarys_to_the_bit() -> None:
    found = seen()

    assert np.array_equal(found.maps.logits, found.logits[0])
    assert np.array_equal(found.maps.fine, found.combined[0, :32])
    assert [features.shape for features in found.maps.coarse] == [(75, 75, 32), (37, 37, 32), (18, 18, 32), (9, 9, 32)]


def test_with_the_librarys_own_outputs_it_comes_to_the_same_bits() -> None:
    found = seen()

    maps, logits = new_session(quickened(model())).run(["combined", "logits"], {"input": as_input(found.picture)})

    assert np.array_equal(maps, found.combined)
    assert np.array_equal(logits, found.logits)


def test_the_rewritten_model_has_neither_what_it_need_not_do_nor_what_that_needed() -> None:
    slimmer, names = slim(model())

    assert len(names) == 5
    for gone in (b"PRelu", b"BatchNormalization", b"combined"):
        assert gone not in slimmer
    assert len(slimmer) < len(model())


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(b"Resize", b"Rasize"), (b"Concat", b"Cancat"), (b"combined", b"combinad"), (b"val_15", b"val_1X")],
)
def test_another_model_is_left_alone(was: bytes, becomes: bytes) -> None:
    # One of the names of a number is only changed where it is used.
    changed = model().replace(was, becomes) if was != b"val_15" else model().replace(was, becomes, 1)

    with pytest.raises(NotRewritten):
        slim(changed)


@pytest.mark.parametrize("data", [b"", b"no model", field(7, b"\x0a\x05abc")])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(NotRewritten):
        slim(data)
