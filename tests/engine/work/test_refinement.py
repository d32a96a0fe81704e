"""What `refine`, `structure` and `skip_steps` ask for reaches the pages, and the manifest says what became of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.convert.refine.steps import document_steps, page_steps
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.job.options import ConvertOptions
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.engine.convert.tagged_pdfs import Artifact, NextPage, Picture, Text, Untagged, item, pdf, tag

TAGGED = pdf(
    Artifact("Running head"),
    tag("H1", "Harbour"),
    tag("P", "Boats are counted ", tag("Link", "by hand", uri="https://example.org/"), " every year."),
    tag("L", item("1.", "Old quay"), item("2.", "Bridge")),
    tag("Figure", Picture(120), Alt="(A grey square)"),
    NextPage(),
    tag("P", "This page has some text that has tags,"),
    Untagged("and some more of it that has none."),
)
LOOKS_LIKE_HEADINGS = pdf(
    tag("P", Text("Harbour", size=24)),
    *(tag("P", f"Paragraph {number} of the words that make a page. " * 2) for number in range(5)),
)


def convert(tmp_path: Path, data: bytes, **changes: Any) -> tuple[list[dict[str, Any]], Path, dict[str, Any]]:
    """The pages of the manifest, the folder, and the manifest."""
    source = tmp_path / "a.pdf"
    source.write_bytes(data)
    settings = Settings(output=tmp_path / "out", **{"num_workers": 1, "ocr": "never", **changes})
    with Engine(settings, watch=False, backend=local_backend) as engine:
        job = engine.submit(source)
        assert engine.wait_until_idle(60)
        done = engine.job(job.id).job
        assert done.state is JobState.DONE, done.reason
        folder = Path(os.fsdecode(done.output or b""))
    manifest = json.loads((folder / "manifest.json").read_text())
    return manifest["pages"], folder, manifest


def test_each_page_goes_its_own_way_and_says_why(tmp_path: Path) -> None:
    pages, folder, manifest = convert(tmp_path, TAGGED, formats="md,txt,json,chunks")
    assert [page["via"] for page in pages] == ["tags", "layout"]
    assert "why" not in pages[0]
    assert pages[1]["why"].startswith("its tags cover only ")
    text = (folder / "a.md").read_text()
    assert text.startswith(
        "# Harbour\n\nBoats are counted [by hand](https://example.org/) every year.\n\n1. Old quay\n"
    )
    assert "![A grey square](<images/" in text
    assert "some more of it" in text
    assert "Running head" not in text
    chunks = [json.loads(line) for line in (folder / "a.chunks.jsonl").read_text().splitlines()]
    assert {(c["source"], c["sha256"]) for c in chunks} == {(manifest["source"]["path"], manifest["source"]["sha256"])}
    assert "Running head" not in "".join(c["text"] for c in chunks)
    assert "1. Old quay\n" in (folder / "a.txt").read_text()
    boxes = json.loads((folder / "a.json").read_text())["pages"][0]["boxes"]
    assert [box["boxclass"] for box in boxes] == [
        "page-header", "section-header", "text", "list-item", "list-item", "picture",
    ]  # fmt: skip
    assert (folder / boxes[-1]["image"]).stat().st_size > 0


def test_without_pictures_their_descriptions_are_kept(tmp_path: Path) -> None:
    _, folder, _ = convert(tmp_path, TAGGED, images=False)
    assert "*A grey square*" in (folder / "a.md").read_text()
    assert not (folder / "images").exists()


def test_structure_from_the_layout_leaves_tags_alone(tmp_path: Path) -> None:
    pages, _, manifest = convert(tmp_path, TAGGED, structure="layout")
    assert [(page["via"], "why" in page) for page in pages] == [("layout", False)] * 2
    assert manifest["options"]["structure"] == "layout"


@pytest.mark.parametrize(("structure", "via"), [("auto", "layout"), ("tags", "tags")])
def test_structure_from_tags_trusts_more(tmp_path: Path, structure: str, via: str) -> None:
    pages, _, _ = convert(tmp_path, LOOKS_LIKE_HEADINGS, structure=structure)
    assert pages[0]["via"] == via
    assert ("why" in pages[0]) == (via == "layout")


def test_without_refinement_tags_are_not_read(tmp_path: Path) -> None:
    pages, _, manifest = convert(tmp_path, TAGGED, refine=False, structure="tags")
    assert [(page["via"], "why" in page) for page in pages] == [("layout", False)] * 2
    assert manifest["options"]["refine"] is False


def test_a_document_without_tags_says_so(tmp_path: Path) -> None:
    pages, _, _ = convert(tmp_path, pdfs.text_pages(2, is_tagged=False))
    assert [(page["via"], page["why"]) for page in pages] == [("layout", "it has no tags")] * 2


def test_steps_are_left_out_by_name() -> None:
    names = [step.name for step in page_steps(ConvertOptions())]
    assert names
    for name in names:
        assert name not in [step.name for step in page_steps(ConvertOptions(skip_steps=(name,)))]
    count = len(document_steps(ConvertOptions(), on_blocks=True))
    assert len(document_steps(ConvertOptions(skip_steps=("headings",)), on_blocks=True)) == count - 1
