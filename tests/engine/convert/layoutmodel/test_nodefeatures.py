"""What is told of boxes' text is what the library tells of it."""

import copy
from typing import Any

import numpy as np
import pymupdf
from hypothesis import given
from hypothesis import strategies as st
from pymupdf.layout.common_util import get_text_pattern
from pymupdf.layout.onnx.BoxRFDGNN import get_rf_features
from pymupdf.layout.pymupdf_util_base import extract_base_elements
from pymupdf.layout.pymupdf_util_ext import _init_custom_features
from pymupdf.layout.pymupdf_util_rf import extract_rf_features

from engine.convert.layoutmodel.nodefeatures import setting_features, sign_features

NAMES = ["num_ratio", "is_text", "is_vector", "is_image", "is_hline_vector", "is_vline_vector", "font_size", "ratio"]
NAMES += ["margin_l", "num_numerals", "table_num", "invisible"]
_RUNS = st.tuples(st.sampled_from("ab c19²•-*+<>()→✓#□■‣◦▪.:※,;é漢\t\u00a0\u0660"), st.integers(1, 12))


@given(st.lists(_RUNS, max_size=14))
def test_patterns_of_text_are_the_librarys(runs: list[tuple[str, int]]) -> None:
    text = "".join(char * count for char, count in runs)

    assert np.array_equal(sign_features([text]), np.array([get_text_pattern(text)], np.float32))


def _data(*, invisible: bool, visible: bool = True) -> dict[str, Any]:
    page = pymupdf.open().new_page()
    if visible:
        page.insert_text((72, 100), ["Chapter 12", "Words of a first paragraph in 2 lines,", "of which this is one."])
        page.insert_text((72, 200), "Larger words", fontsize=20)
    if invisible:
        page.insert_text((72, 300), "Nobody sees 7 of these.", render_mode=3)
    data: dict[str, Any] = extract_base_elements(page)
    return data


def _check(data: dict[str, Any]) -> None:
    theirs = {**data, **{key: copy.copy(data[key]) for key in ("bboxes", "text", "box_type")}}
    _init_custom_features(theirs)
    extract_rf_features(theirs, theirs["stext_page"])
    wanted = np.array([get_rf_features(feature, NAMES) for feature in theirs["custom_features"]], np.float32)

    assert np.array_equal(setting_features(data, NAMES), wanted)
    assert (data["bboxes"], data["text"]) == (theirs["bboxes"], theirs["text"])


def test_numbers_are_the_librarys() -> None:
    _check(_data(invisible=False))


def test_text_that_nobody_can_see_goes_where_other_text_can_be_seen() -> None:
    data = _data(invisible=True)
    count = len(data["text"])
    _check(data)
    assert len(data["text"]) < count


def test_text_that_nobody_can_see_stays_where_there_is_no_other() -> None:
    data = _data(invisible=True, visible=False)
    _check(data)
    assert data["text"]
