"""The `hotfolio` command as a person or a script runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import pdfs
from tests.e2e.forked import run_forked
from tests.e2e.patience import hurry, patient
from tests.e2e.service import ServiceProcess
from tests.waiting import wait_until

PAGES = 30
"""Of a document that takes ten batches: when the first is finished, many are left to do."""


def hotfolio(folder: Path, *arguments: str, env: dict[str, str] | None = None, code: int = 0) -> str:
    """Run the command in `folder`; returns what it printed, both ways."""
    done = run_forked(folder, arguments, os.environ | (env or {}))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "input").mkdir()
    return tmp_path


def test_version(folder: Path) -> None:
    assert hotfolio(folder, "--version").startswith("hotfolio 0.")


def test_run_once_converts_what_is_there_and_reports_each_job_as_json(folder: Path) -> None:
    (folder / "input" / "two pages.pdf").write_bytes(pdfs.text_pages(2, is_tagged=True))
    (folder / "input" / "sub").mkdir()
    (folder / "input" / "sub" / "report.pdf").write_bytes(pdfs.report())
    jobs = events(hotfolio(folder, "run", "--once", "--json", "-w", "2", "-f", "md,txt,json,png", "--ocr", "never"))
    summary = jobs.pop()
    assert set(jobs[0]) == {
        *("event", "id", "conversion_id", "source", "state"),
        *("pages", "pages_failed", "pages_ocr", "seconds", "output", "error", "warning"),
    }
    assert {(Path(job["source"]).name, job["state"], job["pages"]) for job in jobs} == {
        ("two pages.pdf", "done", 2),
        ("report.pdf", "done", 5),
    }
    assert set(summary) == {
        *("event", "done", "partial", "failed", "cancelled"),
        *("pages", "seconds", "pages_per_second"),
    }
    assert (summary["event"], summary["done"], summary["pages"]) == ("summary", 2, 7)
    made = folder / "output" / "sub" / "report"
    assert sorted(f.name for f in made.iterdir()) == [
        *("images", "manifest.json", "pages", "report.json", "report.md", "report.txt")
    ]
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["schema"] == 1
    assert manifest["source"]["path"] == "sub/report.pdf"
    assert manifest["formats"] == ["md", "txt", "json", "png"]
    assert [page["page"] for page in manifest["pages"]] == [1, 2, 3, 4, 5]
    assert json.loads((made / "report.json").read_text())["page_count"] == 5


def test_a_second_run_has_nothing_left_to_do(folder: Path) -> None:
    (folder / "input" / "a.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
    hotfolio(folder, "run", "--once", "--ocr", "never")
    assert "nothing to convert" in hotfolio(folder, "run", "--once", "--ocr", "never")


def test_failures_are_sentences_and_exit_status_1(folder: Path) -> None:
    (folder / "input" / "locked.pdf").write_bytes(pdfs.encrypted("secret"))
    (folder / "input" / "broken.pdf").write_bytes(pdfs.damaged())
    (folder / "input" / "good.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
    jobs = events(hotfolio(folder, "run", "--once", "--json", "--ocr", "never", code=1))
    summary = jobs.pop()
    errors = {Path(job["source"]).name: job["error"] for job in jobs}
    assert "needs a password" in errors["locked.pdf"]
    assert "damaged beyond repair" in errors["broken.pdf"]
    assert errors["good.pdf"] is None
    assert (summary["done"], summary["failed"]) == (1, 2)
    assert (folder / "input" / "locked.pdf").exists()


def test_convert_takes_files_from_anywhere_and_leaves_only_results(folder: Path) -> None:
    (folder / "a.pdf").write_bytes(pdfs.text_pages(2, is_tagged=True))
    (folder / "other").mkdir()
    (folder / "other" / "a.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
    for _ in range(2):  # asked for again, it is done again
        output = hotfolio(folder, "convert", "a.pdf", "other/a.pdf", "-o", "out", "--ocr", "never")
        assert "2 done: 3 pages" in output
    assert sorted(f.name for f in (folder / "out").iterdir()) == ["a", "a~2"]


def test_convert_names_a_file_that_is_not_there(folder: Path) -> None:
    assert "missing.pdf: No such file" in hotfolio(folder, "convert", "missing.pdf", code=2)


def test_convert_says_what_is_no_pdf(folder: Path) -> None:
    (folder / "letter.pdf").write_bytes(pdfs.not_a_pdf())
    assert "Not a PDF" in hotfolio(folder, "convert", "letter.pdf", "--ocr", "never", code=1)


def test_settings_come_from_file_environment_and_command_line_in_that_order(folder: Path) -> None:
    (folder / "hotfolio.toml").write_text('num_workers = 3\ndpi = 100\nformats = ["txt"]\n')
    shown = hotfolio(folder, "config", "-o", "elsewhere", env={"HOTFOLIO_DPI": "72", "NUM_WORKERS": "5"})
    lines = {line.split()[0]: line for line in shown.splitlines()}
    assert lines["dpi"].split()[1:] == ["72", "#", "HOTFOLIO_DPI"]
    assert lines["num_workers"].split()[1:] == ["5", "#", "NUM_WORKERS"]
    assert (
        lines["formats"].split()[1:] == ["txt", "#", str(folder / "hotfolio.toml")]
        or "hotfolio.toml" in lines["formats"]
    )
    assert lines["output"].split()[1:] == ["elsewhere", "#", "command", "line"]
    assert lines["images"].split()[1:] == ["yes", "#", "default"]


@pytest.mark.parametrize(
    ("toml", "env", "arguments", "sentence"),
    [
        ("formts = ['md']", {}, (), "hotfolio.toml: formts: there is no such setting. Did you mean formats?"),
        ("dpi = 'high'", {}, (), "hotfolio.toml: dpi:"),
        ("dpi = ", {}, (), "hotfolio.toml: not valid TOML"),
        ("", {"NUM_WORKERS": "none"}, (), "NUM_WORKERS: num_workers:"),
        ("", {"HOTFOLIO_FORMTS": "md"}, (), "HOTFOLIO_FORMTS: there is no such setting."),
        ("", {}, ("-f", "md,docx"), "command line: formats:"),
        ("", {}, ("-o", "input/results"), "is inside the input folder"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_exit_status_2(
    folder: Path, toml: str, env: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "hotfolio.toml").write_text(toml)
    printed = hotfolio(folder, "run", "--once", *arguments, env=env, code=2)
    assert sentence in printed
    assert len(printed.splitlines()) == 1


def test_doctor_examines_everything(folder: Path) -> None:
    printed = hotfolio(folder, "doctor")
    for name in ("python", "libraries", "conversion", "ocr", "input", "output", "state", "terminal"):
        assert any(line.split()[1] == name for line in printed.splitlines()), printed
    assert "problem" not in printed


def test_doctor_finds_a_problem(folder: Path) -> None:
    (folder / "output").write_text("a file where a folder should be")
    checks = json.loads(hotfolio(folder, "doctor", "--json", code=1))
    (output,) = [check for check in checks if check["name"] == "output"]
    assert output["verdict"] == "problem"
    assert output["finding"]
    assert output["advice"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_at_a_batch_boundary_and_the_next_run_goes_on(folder: Path, number: signal.Signals) -> None:
    (folder / "input" / "long.pdf").write_bytes(pdfs.text_pages(PAGES, is_tagged=True))
    arguments = ("run", "--once", "-w", "2", "-f", "md,png")
    pages = folder / "output" / ".hotfolio" / "jobs" / "1" / "pages"
    with ServiceProcess(folder, *arguments, "--json", env=patient(folder) | {"HOTFOLIO_BATCH_SECONDS": "0.3"}) as run:
        wait_until(lambda: list(pages.glob("*.jsonl")), "a finished batch")
        run.process.send_signal(number)
        assert run.wait_exit() == 130
        assert events(run.out)[-1]["event"] == "summary"
    kept = {f.name for f in pages.iterdir()}
    assert kept
    assert not any(name.endswith(".part") for name in kept)
    hurry(folder)
    assert f"1 done: {PAGES} pages" in hotfolio(folder, *arguments, env={"HOTFOLIO_OCR": "never"})


def test_a_second_engine_on_the_same_state_is_refused(folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "tui", "run"], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        lock = folder / "output" / ".hotfolio" / "lock"
        wait_until(lambda: lock.exists() and lock.read_text(), "the first engine")
        assert f"Another hotfolio (process {process.pid}) is working" in hotfolio(folder, "run", "--once", code=2)
    finally:
        process.terminate()
        process.wait(timeout=60)
