"""The installed layout model is told from another one."""

import shutil
from pathlib import Path

import pytest

from engine.sandbox import layoutfiles
from engine.sandbox.layoutfiles import fingerprint, known_folder


def test_the_installed_model_is_the_known_one() -> None:
    assert known_folder() is not None


def test_another_model_and_other_code_are_told_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = known_folder()
    assert here is not None
    for name in layoutfiles._FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(here / name, tmp_path / name)
    assert fingerprint(tmp_path) == fingerprint(here)

    code = tmp_path / "layout/roi_pooling.py"
    code.write_bytes(code.read_bytes() + b"\n")
    assert fingerprint(tmp_path) not in (fingerprint(here), "")
    code.unlink()
    assert fingerprint(tmp_path) == ""
    monkeypatch.setattr(layoutfiles, "_KNOWN", "of another version")
    assert known_folder.__wrapped__() is None
