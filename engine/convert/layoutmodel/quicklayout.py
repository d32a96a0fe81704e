"""Has the library find a page's boxes by less work: what it does not need is left out, the rest stays its own.

It comes to the same boxes. So it is only done with the very model and code that this was compared with
(`engine.sandbox.layoutfiles`); with others, everything is the library's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf

from engine.convert.layoutmodel import pagemaps
from engine.convert.layoutmodel.boxpooling import GridBoxes, pool
from engine.convert.layoutmodel.nodefeatures import setting_features, sign_features
from engine.convert.layoutmodel.pagemaps import PageMaps, Picture, make_eye
from engine.convert.layoutmodel.slimgraph import quickened
from engine.convert.loading.onnx import new_session
from engine.sandbox.layoutfiles import FOLDER, MODEL, known_folder


@contextmanager
def quick_layout(*, to_the_bit: bool = False) -> Iterator[None]:
    """Have pages be laid out so; with `to_the_bit`, by nothing that the library would not have come to as well.

    Otherwise the seventh digit of what a box has of a map may be another one.
    """
    folder = known_folder()
    if folder is None or pymupdf._get_layout is None:
        yield
        return
    library = pymupdf._get_layout.__closure__[0].cell_contents._model
    with _instead(*_exact_changes(folder, library) if to_the_bit else [_quick(folder, library).change]):
        yield


@cache
def _exact_changes(folder: Path, library: Any) -> "list[Change]":
    from pymupdf.layout.onnx import TableGridExtractorV2
    from pymupdf.layout.onnx.ImageFeatureExtractorV1 import ImageFeatureExtractorV1

    session = new_session(quickened((folder / FOLDER / MODEL).read_bytes()))
    eye = ImageFeatureExtractorV1(session)
    return [(library, "feature_extractor", eye), (TableGridExtractorV2, "resize_image", pagemaps.resized)]


@cache
def _quick(folder: Path, library: Any) -> "_Quick":
    from pymupdf.layout.onnx import BoxRFDGNN, TableGridExtractorV2

    return _Quick(library, make_eye((folder / FOLDER / MODEL).read_bytes()), BoxRFDGNN, TableGridExtractorV2)


class _Quick:
    """The library's model, with some of its steps done by others."""

    def __init__(self, model: Any, look: Callable[[Picture], PageMaps], module: Any, tables: Any) -> None:
        self._model = model
        self._look = look
        self._module = module
        self._tables = tables

    @property
    def change(self) -> "Change":
        """What has the library ask it."""
        return pymupdf, "_get_layout", self.predict

    def predict(self, page: pymupdf.Page, **options: Any) -> Any:
        """As `BoxRFDGNN.predict`."""
        with _instead(
            (self._module, "create_input_data_from_page", self._find_nodes),
            (self._module, "get_nn_input_from_datadict", self._as_input),
            (self._tables, "resize_image", pagemaps.resized),
        ):
            return self._model.predict(page, **options)

    def _find_nodes(self, page: pymupdf.Page, options: dict[str, Any]) -> dict[str, Any]:
        from pymupdf.layout import pymupdf_util_base

        data: dict[str, Any] = pymupdf_util_base.extract_base_elements(page, options["input_type"])
        if data["bboxes"]:
            data["hotfolio_maps"] = self._look(data["image"])
            data["hotfolio_setting"] = setting_features(data, self._model.cfg["data"]["rf_names"])
        return data

    def _as_input(self, data: dict[str, Any], cfg: dict[str, Any], **_: Any) -> tuple[Any, ...]:
        module, boxes = self._module, data["bboxes"]
        height, width = data["image"].shape[:2]
        pooled = pool(data["hotfolio_maps"], GridBoxes.of(boxes, width, height))
        places = module.get_boxes_transform(boxes)
        found = np.array(boxes, np.float32)
        kind = cfg["model"]["option"]["edge_type"]
        if len(boxes) > 1:
            pairs = module.build_edge_index(found, "4D")
            edges = module.get_edge_attr(found, pairs, kind, data, data["image"])
            ends = np.array(pairs, np.int64).T
        else:
            ends, edges = np.zeros((2, 1), np.int64), np.zeros((1, module.get_edge_dim(kind)), np.float32)
        return places, ends, edges, None, None, data["hotfolio_setting"], sign_features(data["text"]), pooled, None


Change = tuple[Any, str, Any]
"""A module or an object, a name in it, and what that is to be."""


@contextmanager
def _instead(*changes: Change) -> Iterator[None]:
    """Have names mean something else meanwhile."""
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    for module, name, value in changes:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
