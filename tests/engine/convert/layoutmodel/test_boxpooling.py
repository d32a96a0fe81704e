"""What boxes have of maps is what the library finds in them once it has enlarged all."""

import numpy as np
import pytest
from pymupdf.layout.roi_pooling import (
    DEFAULT_CLASS_LOGITS_POOLING_OPS,
    DEFAULT_FEATURE_MAP_POOLING_OPS,
    extract_bbox_features_by_roi_pooling,
)

from engine.convert.layoutmodel import boxpooling
from engine.convert.layoutmodel.boxpooling import GridBoxes, pool
from tests.engine.convert.layoutmodel.eyes import seen


def _boxes() -> list[list[float]]:
    random = np.random.default_rng(3)
    corners, widths = random.uniform(-5, 1, (40, 2)) * 50 + (260, 370), random.uniform(0, 150, 40)
    made = [[x, y, x + width, y + 11] for (x, y), width in zip(corners.tolist(), widths.tolist(), strict=True)]
    return [*made, [0, 0, 310, 420], [5, 5, 5, 5], [309.9, 419.9, 400, 500], [-9, 1, 2, 9], [100, 0, 101, 420]]


@pytest.mark.parametrize("at_once", [1, 300, 1_000_000])
def test_it_is_what_the_library_finds(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    found, boxes = seen(), _boxes()
    height, width = found.picture.shape[:2]
    features = extract_bbox_features_by_roi_pooling(
        found.combined, boxes, width, height, DEFAULT_FEATURE_MAP_POOLING_OPS
    )
    classes = extract_bbox_features_by_roi_pooling(
        found.logits, boxes, width, height, DEFAULT_CLASS_LOGITS_POOLING_OPS, apply_softmax=True
    )
    monkeypatch.setattr(boxpooling, "_AT_ONCE", at_once)

    pooled = pool(found.maps, GridBoxes.of(boxes, width, height))

    assert pooled.dtype == np.float32
    assert np.abs(pooled - np.concatenate([features, classes], axis=1)).max() < 1e-5


def test_one_box_is_pooled_too() -> None:
    assert pool(seen().maps, GridBoxes.of([[3, 3, 30, 9]], 310, 420)).shape == (1, 358)
