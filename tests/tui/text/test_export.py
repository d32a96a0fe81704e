"""Jobs as CSV and JSON."""

import csv
import json
from pathlib import Path

import pytest

from engine.job.job import JobState
from tests.tui.fake_engine import HOSTILE_NAMES, FakeEngine
from tui.text.export import Exporter, ExportFormat


def exported(folder: Path, kind: ExportFormat) -> str:
    engine = FakeEngine()
    for name in (*HOSTILE_NAMES, b"=cmd.pdf"):
        engine.add(name, JobState.FAILED, pages=2, done=2, failed=1, reason="=HYPERLINK(1)")
    entries = engine.snapshot().changed
    exporter = Exporter(folder, "jobs", kind)
    exporter.write(entries[:3])
    exporter.write(entries[3:])
    exporter.close()
    return exporter.file.read_text(encoding="utf-8")


def test_json_written_in_pieces_is_one_list_with_every_job_once(tmp_path: Path) -> None:
    rows = json.loads(exported(tmp_path, ExportFormat.JSON))
    assert [row["id"] for row in rows] == list(range(1, len(HOSTILE_NAMES) + 2))
    assert rows[-1]["source"].endswith("/=cmd.pdf")
    assert (rows[0]["state"], rows[0]["pages_failed"], rows[0]["reason"]) == ("failed", 1, "=HYPERLINK(1)")


def test_an_empty_list_is_json_too(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, "none", ExportFormat.JSON)
    exporter.close()
    assert json.loads(exporter.file.read_text()) == []


def test_csv_holds_nothing_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    rows = list(csv.DictReader(exported(tmp_path, ExportFormat.CSV).splitlines()))
    assert len(rows) == len(HOSTILE_NAMES) + 1
    assert {row["reason"] for row in rows} == {"'=HYPERLINK(1)"}
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "-", "@"))]


def test_no_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").touch()
    with pytest.raises(FileExistsError):
        Exporter(tmp_path, "jobs", ExportFormat.CSV)
