"""Pictures are made small and grey as the library makes them."""

import numpy as np
import pytest
from pymupdf.layout.common_util import resize_image, to_gray

from engine.convert.layoutmodel.pagemaps import as_input, resized


def _picture(height: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("shape", [(842, 595), (300, 300), (7, 1200), (1, 1)])
@pytest.mark.parametrize("size", [(300, 300), (300, 360)])
def test_a_picture_is_resized_to_the_same_bytes(shape: tuple[int, int], size: tuple[int, int]) -> None:
    for picture in (_picture(*shape), np.full((*shape, 3), 255, np.uint8)):
        assert np.array_equal(resized(picture, size), resize_image(picture, size))
    part = _picture(shape[0] + 4, shape[1] + 9)[2:-2, 4:-5]
    assert np.array_equal(resized(part, size), resize_image(part, size))


@pytest.mark.parametrize("picture", [_picture(842, 595), np.full((40, 30, 3), 255, np.uint8)])
def test_what_the_model_is_given_is_the_librarys_to_the_bit(picture: np.ndarray) -> None:
    grey = to_gray(resize_image(picture, (300, 300))).astype(np.float32)
    low, high = grey.min(), grey.max()
    wanted = (grey - low) / (high - low) if high > low else np.zeros_like(grey)

    assert np.array_equal(as_input(picture), wanted[None, None])
