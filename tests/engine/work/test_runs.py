"""What a conversion process's refusal means to the engine."""

from pathlib import Path

import pytest

from engine.base.errors import ChildDied, DamagedPdf, NotAPdf, OutputUnwritable, PasswordRequired, PluginUnusable
from engine.sandbox.protocol import Refused
from engine.work.runs import refusal


@pytest.mark.parametrize(
    ("kind", "message", "error"),
    [
        ("not_a_pdf", "No PDF.", NotAPdf),
        ("damaged", "Damaged.", DamagedPdf),
        ("password", "A password.", PasswordRequired),
        ("plugin", "hotfolio-x 1: its format x cannot be loaded.", PluginUnusable),
        ("unwritable", "28 No space left on device", OutputUnwritable),
        ("unwritable", "2 No such file", ChildDied),
        ("internal", "It tripped.", ChildDied),
    ],
)
def test_a_refusal_is_the_error_of_its_kind(kind: str, message: str, error: type[Exception]) -> None:
    found = refusal(Refused.model_validate({"kind": kind, "message": message}), Path("/state"))
    assert type(found) is error
    if kind != "unwritable":
        assert str(found) == message
