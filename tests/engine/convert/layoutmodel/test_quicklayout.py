"""Pages have the boxes that the library gives them, by less work, where its model is the known one."""

from typing import Any

import numpy as np
import pymupdf
import pytest

from engine.convert.layoutmodel import quicklayout
from engine.convert.layoutmodel.quicklayout import quick_layout


def _page() -> pymupdf.Page:
    """A heading, paragraphs, and a table with rules."""
    page = pymupdf.open().new_page()
    page.insert_text((72, 80), "1 What there is", fontsize=18)
    page.insert_text((72, 110), ["Words of a paragraph that has some lines, each of", "about the same length."] * 3)
    for row in range(6):
        page.draw_line((72, 300 + 20 * row), (420, 300 + 20 * row))
        for column in range(3) if row < 5 else ():
            page.insert_text((80 + 120 * column, 314 + 20 * row), f"cell {row}.{column}")
    page.insert_text((280, 820), "17")
    return page


def _told(groups: list[dict[str, Any]]) -> list[Any]:
    """All that is said of boxes, with the lines of tables."""
    return [
        [group[key] for key in ("group_bbox", "class_name", "indicies", "bboxes")]
        + [repr(group.get("table_cells")), repr(getattr(group.get("table_grid"), "h_lines", None))]
        for group in groups
    ]


def test_boxes_and_tables_are_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pymupdf._get_layout
    page = _page()
    wanted = library(page, return_raw=True)

    with quick_layout():
        assert pymupdf._get_layout is not library
        # What the library looks at pictures with is not asked.
        model = library.__closure__[0].cell_contents._model
        monkeypatch.setattr(model, "feature_extractor", None)
        found = pymupdf._get_layout(page, return_raw=True)

    assert _told(found) == _told(wanted)
    assert any(group["class_name"] == "table" for group in found)
    assert pymupdf._get_layout is library


def test_to_the_bit_the_library_looks_with_the_quickened_model(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pymupdf._get_layout
    page = _page()
    wanted = library(page, return_raw=True)
    own = library.__closure__[0].cell_contents._model.feature_extractor
    maps = own.get_feature_map()
    monkeypatch.setattr(own, "predict", None)

    with quick_layout(to_the_bit=True):
        found = library(page, return_raw=True)
        used = library.__closure__[0].cell_contents._model.feature_extractor

    assert _told(found) == _told(wanted)
    assert used is not own
    assert np.array_equal(used.get_feature_map(), maps)
    assert library.__closure__[0].cell_contents._model.feature_extractor is own


@pytest.mark.parametrize("texts", [0, 1])
def test_pages_with_next_to_nothing_are_laid_out_too(texts: int) -> None:
    page = pymupdf.open().new_page()
    for _ in range(texts):
        page.insert_text((72, 80), "Alone")
    wanted = pymupdf._get_layout(page, return_raw=True)

    with quick_layout():
        assert _told(pymupdf._get_layout(page, return_raw=True)) == _told(wanted)


def test_another_model_is_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pymupdf._get_layout
    monkeypatch.setattr(quicklayout, "known_folder", lambda: None)
    with quick_layout():
        assert pymupdf._get_layout is library


def test_what_was_changed_in_the_library_is_put_back_after_an_error() -> None:
    from pymupdf.layout.onnx import BoxRFDGNN, TableGridExtractorV2

    names = [(BoxRFDGNN, "create_input_data_from_page"), (TableGridExtractorV2, "resize_image")]
    before = [getattr(module, name) for module, name in names]

    with pytest.raises(AttributeError), quick_layout():
        pymupdf._get_layout(None)

    assert [getattr(module, name) for module, name in names] == before
