"""The model that looks at pages, as the library runs it and as hotfolio does."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import onnxruntime

from engine.convert.layoutmodel.pagemaps import PageMaps, make_eye
from engine.sandbox.layoutfiles import FOLDER, MODEL, known_folder


@dataclass(frozen=True)
class Seen:
    """One picture, looked at in both ways."""

    picture: np.ndarray
    combined: np.ndarray
    logits: np.ndarray
    maps: PageMaps


def model() -> bytes:
    """The library's file."""
    folder = known_folder()
    assert folder is not None
    return (folder / FOLDER / MODEL).read_bytes()


@cache
def seen() -> Seen:
    """A picture with areas, rules and noise."""
    from pymupdf.layout.onnx.ImageFeatureExtractorV1 import ImageFeatureExtractorV1

    random = np.random.default_rng(7)
    picture = np.full((420, 310, 3), 255, np.uint8)
    picture[30:60, 40:270] = random.integers(0, 255, (30, 230, 3))
    picture[90:92, 20:290] = 0
    picture[120:380, 60:250:9] = (200, 30, 90)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    library = ImageFeatureExtractorV1(onnxruntime.InferenceSession(model(), options))
    library.predict(picture)
    return Seen(picture, library.get_feature_map(), library.get_class_logits(), make_eye(model())(picture))
