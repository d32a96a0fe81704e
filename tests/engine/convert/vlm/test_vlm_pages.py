"""Pages through a vision model's server: all at once, each kept as it comes, and none lost when the server fails."""

import io
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from PIL import Image

from engine.convert.open.context import PageContext
from engine.convert.open.document import open_document
from engine.convert.process.batch import convert_batch, write_head
from engine.convert.process.merge import merge_document
from engine.convert.read import byocr as ocrpage
from engine.convert.vlm import asking
from engine.convert.vlm import modelclient as client
from engine.convert.vlm.asking import LONGEST_SIDE, render
from engine.convert.vlm.prompts import PROMPTS, PromptsUnusable, load
from engine.job.job import Checkpoint, PageResult, PageState
from engine.job.options import ConvertOptions, PromptMode
from engine.sandbox.protocol import MERGE_LIST
from tests import pdfs
from tests.engine.convert.vlm_server import LAYOUT, MODEL, Asked, Reply, VisionServer, failure, vision_server


@pytest.fixture(autouse=True)
def fresh_and_hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test knows of another's server, and nobody waits between attempts."""
    monkeypatch.setattr(client, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(asking, "_last", None)
    yield
    if asking._last is not None:
        asking._last[1].close()


class Bench:
    """A job's folder, in which documents are converted in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[tuple[str, int]] = []

    def convert(self, pdf: bytes, server: VisionServer | str, **options: Any) -> list[PageResult]:
        """The pages in the order they were finished in."""
        file = self.folder / "source.pdf"
        file.write_bytes(pdf)
        url = server if isinstance(server, str) else server.url
        self.options = ConvertOptions(
            **{"converter": "vlm", "vlm_url": url, "vlm_model": MODEL, "ocr": "never", "vlm_timeout": 20} | options
        )
        document = open_document(file, "a.pdf", self.options, None)
        self.pages = document.page_count
        write_head(document)
        results: list[PageResult] = []

        def done(result: PageResult) -> None:
            self.events.append(("done", result.page))
            results.append(result)

        convert_batch(
            document,
            range(1, self.pages + 1),
            self.options,
            text_only=False,
            on_start=lambda page: self.events.append(("start", page)),
            on_ocr=lambda page: None,
            on_done=done,
        )
        document.close()
        return results

    @property
    def markdown(self) -> str:
        checkpoint = Checkpoint(1, self.pages).file
        Path(MERGE_LIST).write_text(json.dumps({"checkpoints": [checkpoint], "failed": {}}))
        merge_document("a.pdf", self.options, lambda: pytest.fail("the source is not needed"), lambda _: None)
        return (self.folder / "out" / "a.md").read_text()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


@contextmanager
def answering(reply: Callable[[Asked, int], Reply]) -> Iterator[VisionServer]:
    server = VisionServer(reply)
    try:
        yield server
    finally:
        server.close()


def layout(*parts: tuple[list[float], str, str]) -> Reply:
    return Reply(json.dumps([{"bbox": box, "category": category, "text": text} for box, category, text in parts]))


# --- what is sent ---


def test_a_page_is_sent_as_a_picture_whose_sides_models_do_not_change(bench: Bench) -> None:
    with vision_server() as server:
        bench.convert(pdfs.text_pages(1), server)
    (asked,) = server.asked
    image = Image.open(io.BytesIO(asked.picture))
    assert image.format == "JPEG"
    assert max(image.size) <= LONGEST_SIDE
    assert max(image.size) > 1900
    assert f"{image.size[0]} pixels wide and {image.size[1]} high" in asked.prompt


@pytest.mark.parametrize("size", [(595, 842), (1, 1), (14_400, 20), (3000, 3000), (200, 14_400)])
def test_pages_of_any_size_are_fitted(size: tuple[float, float]) -> None:
    page = pymupdf.open().new_page(width=size[0], height=size[1])
    picture = render(page)
    assert all(side % 28 == 0 and 28 <= side <= LONGEST_SIDE for side in picture.pixels)
    assert (picture.pixels[0] * picture.scale[0], picture.pixels[1] * picture.scale[1]) == pytest.approx(size)


# --- what comes back ---


def test_layout_becomes_markdown_in_its_order_with_pictures_cut_out(bench: Bench) -> None:
    reply = layout(
        ([100, 100, 900, 200], "Title", "Not what the page says"),
        ([100, 300, 400, 600], "Picture", ""),
        ([100, 700, 900, 900], "Table", "<table><tr><th>a</th></tr><tr><td>1</td></tr></table>"),
        ([100, 950, 900, 990], "Formula", "$$x^2$$"),
    )
    with vision_server(reply) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server)
    assert (result.state, result.via, result.error) == (PageState.OK, "vlm", None)
    picture = "images/a.pdf-0001-00.png"
    title, image, table, formula = "# Not what the page says", f"![](<{picture}>)", "|a|\n|---|\n|1|", "$$x^2$$"
    assert bench.markdown == f"{title}\n\n{image}\n\n{table}\n\n{formula}\n"
    cut = Image.open(bench.folder / "out" / picture)
    across, down = (595 / 1428, 842 / 2016)
    assert cut.size == pytest.approx((300 * across * 150 / 72, 300 * down * 150 / 72), abs=2)


def test_text_alone_is_read_as_markdown(bench: Bench) -> None:
    with vision_server(Reply("```markdown\n## Two\n\n- One\n- Other\n```")) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server, prompt_mode="prompt_ocr")
    assert result.via == "vlm"
    assert bench.markdown == "## Two\n\n- One\n- Other\n"


def test_with_layout_alone_the_text_is_the_pages_own(bench: Bench) -> None:
    reply = Reply(json.dumps([{"bbox": [100, 100, 1400, 260], "category": "Section-header"}]))
    with vision_server(reply) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server, prompt_mode="prompt_layout_only_en")
    assert (result.state, result.via) == (PageState.OK, "vlm")
    assert bench.markdown.startswith("# Page 1 of 1\n")
    assert "The word to find here is marker-1." in bench.markdown
    assert server.asked[0].prompt.endswith(PROMPTS[PromptMode.LAYOUT_ONLY][-70:])


def test_a_scan_has_no_text_of_its_own_for_a_layout(bench: Bench) -> None:
    with vision_server() as server:
        (result,) = bench.convert(pdfs.scanned(["Words"]), server, prompt_mode="prompt_layout_only_en")
    assert result.state is PageState.FAILED
    assert result.error == "The page has no text of its own, which prompt_layout_only_en needs."


def test_box_by_box_each_is_asked_about_and_one_without_an_answer_has_the_pages_own_text(bench: Bench) -> None:
    boxes = Reply(
        json.dumps(
            [
                {"bbox": [100, 100, 1400, 240], "category": "Section-header"},
                {"bbox": [100, 300, 400, 400], "category": "Picture"},
                {"bbox": [100, 500, 1400, 600], "category": "Text"},
            ]
        )
    )
    with vision_server(boxes, failure(400, "No."), Reply("Read *in* the box.")) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server, prompt_mode="prompt_grounding_ocr")
    assert result.via == "vlm"
    assert result.error is not None
    assert result.error.startswith("1 of 2 parts of the page have the PDF's own text: The vision model at 127.0.0.1")
    assert bench.markdown.startswith("## Page 1 of 1\n")
    assert bench.markdown.endswith("Read *in* the box.\n")
    assert [
        f"{box}" in asked.prompt
        for asked, box in zip(server.asked[1:], ([100, 100, 1400, 240], [100, 500, 1400, 600]), strict=True)
    ] == [True, True]


def test_an_answer_that_was_cut_off_is_kept_and_says_so(bench: Bench) -> None:
    content = json.dumps([*LAYOUT, {"bbox": [1, 2, 3, 4], "category": "Text", "text": "and"}])[:-10]
    with vision_server(Reply(content, finish="length")) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server)
    assert result.via == "vlm"
    assert result.error == "The vision model's answer was cut off: the end of the page may be missing."
    assert bench.markdown == "# A title\n\nWords that the *model* reads.\n"


def test_an_answer_without_sense_is_asked_for_once_more(bench: Bench) -> None:
    with vision_server(Reply("I cannot do that."), then=Reply()) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server)
    assert result.via == "vlm"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply("I cannot do that."), "The vision model's answer is not the layout it was asked for."),
        (Reply("[]"), "The vision model has found nothing on the page."),
        (failure(400, "Too large."), "refuses the page (400): Too large."),
        (failure(503), "is not able to answer (503): Something is wrong."),
    ],
)
def test_a_page_the_model_says_nothing_of_is_plain_text_and_says_why(bench: Bench, reply: Reply, why: str) -> None:
    with vision_server(then=reply) as server:
        (result,) = bench.convert(pdfs.text_pages(1), server, refine=False)
    assert (result.state, result.via) == (PageState.TEXT_ONLY, "text")
    assert result.error is not None
    assert result.error.startswith("Only plain text. The vision model")
    assert result.error.endswith(why)
    assert "marker-1" in bench.markdown


def test_a_scan_the_model_says_nothing_of_fails_and_an_empty_page_is_empty(bench: Bench) -> None:
    empty = pymupdf.open()
    empty.new_page()
    with vision_server(then=failure(400, "No.")) as server:
        (scan,) = bench.convert(pdfs.scanned(["Words"]), server)
        (blank,) = bench.convert(empty.tobytes(), server)
    assert scan.state is PageState.FAILED
    assert scan.error is not None
    assert scan.error.endswith("refuses the page (400): No. The page has no text of its own.")
    assert blank.state is PageState.TEXT_ONLY
    with vision_server(then=Reply("[]")) as server:
        (blank,) = bench.convert(empty.tobytes(), server)
    assert (blank.state, blank.via) == (PageState.OK, "vlm")


@pytest.mark.parametrize("reply", [Reply(), failure(400, "Too large.")])
def test_what_the_model_did_is_not_hidden_by_ocr_for_the_pdf(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    def read(page: PageContext) -> None:
        page.why = "it is a scan; read by a reader"
        raise RuntimeError("no memory")

    with vision_server(then=reply) as server:
        (alone,) = bench.convert(pdfs.text_pages(1), server)
        monkeypatch.setattr(ocrpage, "read", read)
        (result,) = bench.convert(pdfs.text_pages(1), server, formats=("md", "pdf"), ocr="auto")
    assert (result.state, result.via, result.error) == (alone.state, alone.via, alone.error)
    (checkpoint,) = bench.folder.rglob(Checkpoint(1, 1).file)
    assert "it is a scan" not in checkpoint.read_text()
    assert "Page 1 of the PDF: Read without OCR, which failed (no memory)." in checkpoint.read_text()


# --- many pages ---


def page_of(asked: Asked) -> int:
    """The number of a page in `coloured`, by its colour."""
    pixel = Image.open(io.BytesIO(asked.picture)).convert("RGB").getpixel((5, 5))
    assert isinstance(pixel, tuple)
    return round(pixel[0] / 10)


def coloured(pages: int) -> bytes:
    """Pages with their number as text and as the redness of their ground."""
    pdf = pymupdf.open()
    for number in range(1, pages + 1):
        page = pdf.new_page(width=200, height=200)
        page.draw_rect(page.rect, fill=(number / 25.5, 0, 0), color=None)
        page.insert_text((20, 100), f"own-{number}", color=(1, 1, 1))
    return bytes(pdf.tobytes())


def test_all_pages_are_there_at_once_and_each_is_kept_as_soon_as_it_comes(bench: Bench) -> None:
    turn = {page: -page for page in range(1, 9)}  # the last page is answered first

    def reply(asked: Asked, number: int) -> Reply:
        from tests.waiting import wait_until

        page = page_of(asked)
        wait_until(lambda: server.at_once + len(bench.events) >= 8 or number < 0, "all pages")
        wait_until(lambda: sum(kind == "done" for kind, _ in bench.events) >= 8 + turn[page], "its turn")
        return layout(([0, 0, 100, 100], "Text", f"model-{page}"))

    with answering(reply) as server:
        results = bench.convert(coloured(8), server)
    assert server.most_at_once == 8
    assert [event for event, _ in bench.events] == ["start"] * 8 + ["done"] * 8
    assert [result.page for result in results] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert bench.markdown.split() == [f"model-{page}" for page in range(1, 9)]


def test_a_server_that_dies_half_way_costs_no_page_that_is_done(bench: Bench) -> None:
    def reply(asked: Asked, number: int) -> Reply:
        from tests.waiting import wait_until

        page = page_of(asked)
        if page % 2:
            return layout(([0, 0, 100, 100], "Text", f"model-{page}"))
        wait_until(lambda: sum(kind == "done" for kind, _ in bench.events) == 4, "the others")
        if number < 100:
            server.close()
        return Reply(breaks_off=True)

    with answering(reply) as server:
        results = bench.convert(coloured(8), server)
    assert {r.page: r.via for r in results} == {n: "vlm" if n % 2 else "text" for n in range(1, 9)}
    assert all("cannot be reached" in (r.error or "") for r in results if not r.page % 2)
    assert bench.markdown.split() == [f"model-{n}" if n % 2 else f"own-{n}" for n in range(1, 9)]


def test_where_nobody_listens_few_pages_try(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        attempts: list[int] = []
        attempt = client.VisionModel._attempt

        def counted(*args: Any) -> client.Answer:
            attempts.append(1)
            return attempt(*args)

        monkeypatch.setattr(client.VisionModel, "_attempt", counted)
        bench.convert(coloured(8), url)
        assert 12 <= len(attempts) <= 32
        attempts.clear()
        results = bench.convert(coloured(20), url)
    assert not attempts
    assert [r.state for r in results] == [PageState.TEXT_ONLY] * 20


# --- prompts ---


def test_every_mode_has_a_prompt_and_a_file_can_have_others(tmp_path: Path) -> None:
    assert set(PROMPTS) == set(PromptMode)
    file = tmp_path / "prompts.toml"
    file.write_text('prompt_ocr = "Read {width}x{height}."\nprompt_grounding_ocr = "In: "\n')
    prompts = load(file)
    assert prompts.layout(PromptMode.OCR, 10, 20) == "Read 10x20."
    assert prompts.box(10, 20, (1, 2, 3, 4)) == "In: [1, 2, 3, 4]"
    assert load(None).box(10, 20, (1, 2, 3, 4)).count("[1, 2, 3, 4]") == 1
    assert prompts.texts[PromptMode.LAYOUT_ALL] == PROMPTS[PromptMode.LAYOUT_ALL]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"prompt_ocr = ", "not valid TOML"),
        (b'prompt_orc = "x"', "prompt_orc: there is no such prompt"),
        (b"prompt_ocr = 3", "prompt_ocr: give a text"),
        (b'prompt_ocr = "  "', "prompt_ocr: give a text"),
        (b"\xff", "cannot be read"),
        (b"#" * 200_000, "more than 100,000 bytes"),
        (None, "cannot be read: no such file or directory"),
    ],
)
def test_a_file_of_prompts_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "prompts.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PromptsUnusable, match=said):
        load(file)
