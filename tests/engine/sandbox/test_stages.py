"""What a document's processes need whatever is on its pages."""

from typing import Any

import pytest

from engine.job.options import ConvertOptions
from engine.sandbox.stages import Stage, first_stage


@pytest.mark.parametrize(
    ("options", "needs"),
    [
        ({}, Stage.BARE),
        ({"formats": ("png", "pdf")}, Stage.BARE),
        ({"structure": "layout"}, Stage.LAYOUT),
        ({"structure": "layout", "formats": ("png",)}, Stage.BARE),
        ({"refine": False}, Stage.LAYOUT),
        ({"ocr": "force"}, Stage.OCR),
        ({"converter": "vlm"}, Stage.OCR),
        ({"converter": "vlm", "ocr": "never"}, Stage.LAYOUT),
    ],
)
def test_a_document_needs_what_its_options_leave_it(options: dict[str, Any], needs: Stage) -> None:
    assert first_stage(ConvertOptions(**options)) is needs
