"""Reads a page: by its tags where they deserve it, by the layout model, by OCR where it needs it, or as plain text.

Or by what a vision model has said of it, where one was asked, or by a plug-in.
"""

from functools import partial
from typing import Any

import pymupdf
from pymupdf4llm.helpers.document_layout import PageLayout

from engine.convert.loading.reached import need
from engine.convert.open.context import PageContext, Reader
from engine.convert.open.document import one_line
from engine.convert.page.blocks import Block, Box, Kind, RefinedPage, Span
from engine.convert.page.pagemodel import PageModel
from engine.convert.page.told import NoAnswer, Told
from engine.convert.plugins import entrypoints
from engine.convert.read import bylayout as layout
from engine.convert.read import byocr as ocrpage
from engine.convert.read import byrules, straight
from engine.convert.read import plain as plaintext
from engine.convert.read.formlayout import set_lines_apart
from engine.convert.read.inparts import read_in_parts
from engine.convert.read.keptpictures import keep_pictures
from engine.convert.read.lastlook import look_at
from engine.convert.read.leftwardpage import mirror, mirror_blocks, runs_leftward
from engine.convert.read.openglyphs import have_learnt
from engine.convert.read.setformulas import set_formulas
from engine.convert.read.sheet import Sheet, upright_copy
from engine.convert.refine.steps import page_steps
from engine.convert.sight import unseen as unseen_text
from engine.convert.sight.bearing import bearing, quarter_turn
from engine.convert.sight.outside import look_and_count
from engine.convert.sight.remarks import find_remarks
from engine.convert.sight.sideways import lying_region
from engine.convert.sight.unseen import places_of
from engine.convert.sight.watermarks import Watermark, stamps, watermarks, without
from engine.convert.tags.structuretree import NoStructure
from engine.convert.text import layoutblocks
from engine.convert.text.formfields import fields_of, hidden, with_texts
from engine.convert.text.hiding import Hiding
from engine.convert.text.strikes import Strikes
from engine.job.formats import Format
from engine.job.job import PageState
from engine.job.options import STANDARD, Annotations, HiddenText, OcrMode, PromptMode, RefineStep, Structure
from engine.job.plugins import Seam
from engine.job.warningkind import WarningKind
from engine.sandbox.stages import Stage

_WITH_FURNITURE = frozenset({Format.JSON, Format.DOCLING})
"""Formats that have running heads and feet, and say that they are that."""


class NothingRead(Exception):
    """There is nothing to be had of a page that has something on it; `str()` is a sentence."""


def read(page: PageContext) -> PageModel:
    """The page; where one way fails, the next is taken."""
    if not page.options.refine:
        model = _read(page)
        if model.refined is not None:  # of a format that the library does not write
            look_at(page, model.refined)
        return model
    shown = page.load()
    page.fields, page.stamps = fields_of(shown), stamps(shown)
    remarks = find_remarks(shown)
    if remarks and page.options.annotations is Annotations.JSON and Format.JSON not in page.options.formats:
        page.notices[WarningKind.REMARKS] = len(remarks)
    with hidden(page.fields), without([*page.stamps]):
        model = _read(page)
    if model.refined is not None:
        if page.told is None:
            model.refined.stamps = [_stamp(mark, shown, model.refined) for mark in page.stamps]
        for remark in remarks:
            remark.box = _turned(remark.box, shown, model.refined)
        model.refined.remarks = remarks
        look_at(page, model.refined)
    return model


def _stamp(mark: Watermark, shown: pymupdf.Page, refined: RefinedPage) -> Block:
    return Block(Kind.PARAGRAPH, _turned(mark.box, shown, refined), [Span(mark.text)])


def _turned(box: Box, shown: pymupdf.Page, refined: RefinedPage) -> Box:
    """A box of the page without its rotation on the page turned upright."""
    turn = shown.rotation_matrix * quarter_turn(shown.rect.width, shown.rect.height, refined.turned)
    return tuple(pymupdf.Rect(box) * turn)


def _read(page: PageContext) -> PageModel:
    if page.options.refine and page.told is None and not page.text_only:
        _look_at(page)
    if page.told is not None:
        page.is_read_by_others = True
        return PageModel(page.number, refined=_as_told(page, page.told))
    if page.options.reader != STANDARD and not page.text_only:
        model = _by_plugin(page)
        if model is not None:
            return model
    return read_standard(page)


def _look_at(page: PageContext) -> None:
    """Find out how its text lies, which of it is struck out, and which nobody can see."""
    try:
        shown = _as_to_be_read(page)
        blocks, outside = look_and_count(shown)
        if have_learnt(page, shown, blocks):
            blocks, outside = look_and_count(shown)
        if isinstance(page.document.tags, str):
            page.looked = blocks
        page.turned = bearing(blocks)
        if not page.turned and not shown.rotation and not page.fields:
            page.sideways = lying_region(blocks)
        page.graphics = sum(block["type"] == 3 for block in blocks)
        if page.looked is None:
            page.strikes = _strikes(page, shown, blocks)
        if outside:
            page.notices[WarningKind.OUTSIDE] = outside
        marks = watermarks(blocks)
        apart = places_of(shown, (span for mark in marks for span in mark.spans))
        unseen = unseen_text.find_unseen(shown, blocks)
    except Exception as error:  # noqa: BLE001 - the page is worth more than what is not to be seen on it
        page.warnings.append(f"Page {page.number} was not searched for hidden text ({one_line(error)}).")
        return
    page.hiding = Hiding(apart=apart)
    page.stamps += marks
    if not unseen.count:
        return
    wanted = page.options.hidden_text
    page.notices[WarningKind.HIDDEN if wanted is HiddenText.DROP else WarningKind.KEPT] = unseen.count
    if wanted is not HiddenText.KEEP:
        page.hiding = Hiding(unseen, wanted is HiddenText.MARK, apart)


def _strikes(page: PageContext, shown: pymupdf.Page, blocks: list[dict[str, Any]]) -> Strikes:
    if not page.turned:
        return Strikes.of(blocks)
    width, height = (shown.rect * shown.derotation_matrix)[2:]
    turn = quarter_turn(width, height, page.turned)
    return Strikes(tuple(pymupdf.Rect(block["bbox"]) * turn) for block in blocks if block["type"] == 3)


def _as_to_be_read(page: PageContext) -> pymupdf.Page:
    """The page, of the copy that it will be read from as far as can be told: its fonts are loaded once then."""
    options = page.options
    may_have_tags = options.structure is not Structure.LAYOUT and options.ocr is not OcrMode.FORCE
    tags = page.document.tags if may_have_tags and options.reader == STANDARD else ""
    return page.load() if isinstance(tags, str) else tags.load(page.number)


def _by_plugin(page: PageContext) -> PageModel | None:
    """The page by a plug-in's reader; None where that has failed, or leaves the page to others."""
    name = page.options.reader
    reader: Reader = entrypoints.load(Seam.READER, name)
    try:
        model = reader(page)
        if model is None:
            page.why = f"{name} has left it"
        elif model.number != page.number or model.refined is None:
            raise TypeError("what it gives is not this page as blocks")
    except OSError:
        raise  # the disk, as a rule
    except Exception as error:  # noqa: BLE001 - it is not ours, and the page can be read without it
        page.ocr_words, page.why = [], f"{name} has failed"
        page.warnings.append(f"Page {page.number} was read without {name}, which has failed ({one_line(error)}).")
        return None
    if model is not None:
        page.state, page.via, page.is_read_by_others = PageState.OK, name, True
    return model


def read_standard(page: PageContext) -> PageModel:
    """The page by hotfolio's own reader: its tags, the layout model and OCR, or what is left of them."""
    options = page.options
    if options.refine and not page.text_only:
        refined = _by_tags(page)
        if refined is not None:
            return PageModel(page.number, refined=refined)
    if not page.text_only:
        if not options.needs_layout:
            return _straight(page)
        if options.needs_model:
            need(Stage.LAYOUT)
    sheet = (None if page.text_only else _by_ocr(page)) or _sheet(page, is_turned=True)
    try:
        if not options.needs_model and not page.text_only:
            return PageModel(page.number, refined=read_in_parts(page, sheet, partial(byrules.read, page)))
        if page.text_only or not all(map(options.has_blocks, options.text_formats)):
            return _on_sheet(page, sheet)
        refined = read_in_parts(page, sheet, lambda part: _on_sheet(page, part).blocks)
        return PageModel(page.number, refined=refined)
    finally:
        sheet.close()


def _straight(page: PageContext) -> PageModel:
    """The page without the layout model, where its text alone is wanted."""
    sheet = (None if ocrpage.is_text_enough(page) else _by_ocr(page)) or _sheet(page, is_turned=True)
    try:
        return PageModel(page.number, refined=read_in_parts(page, sheet, partial(straight.read, page)))
    finally:
        sheet.close()


def _on_sheet(page: PageContext, sheet: Sheet) -> PageModel:
    options = page.options
    model = plaintext.read(page, sheet) if page.text_only else _by_layout(page, sheet)
    if options.images:
        page.files += [page.out / box.image for box in model.unrefined.boxes if isinstance(box.image, str)]
    made_of_blocks = [options.has_blocks(format_) for format_ in options.text_formats]
    if any(made_of_blocks):
        model.refined = _refined(page, model, sheet)
    if all(made_of_blocks):
        return PageModel(page.number, refined=model.refined)
    if Format.JSON not in options.formats:
        model.unrefined.fulltext = None  # only JSON has it, and it is most of a checkpoint
    return model


def recognize(page: PageContext) -> None:
    """Have the page read by OCR if it needs that, where its words are wanted and no text format is."""
    if page.text_only:
        page.state = PageState.TEXT_ONLY  # it is OCR that has failed
        return
    _find_words(page)
    if page.ocr_words:
        page.state, page.via = PageState.OCR, "ocr"


def find_words(page: PageContext) -> None:
    """Have OCR say what words are where on a page that needs it, and that others have read.

    What is said of how they have read it stays; a problem of OCR becomes a warning.
    """
    error, why = page.error, page.why
    page.error = None
    problem = _find_words(page)
    if problem:
        page.warnings.append(f"Page {page.number} of the PDF: {problem}")
    page.error, page.why = error, why


def _find_words(page: PageContext) -> str | None:
    """Returns what the page's error is then."""
    sheet = _by_ocr(page)
    if sheet is not None:
        sheet.close()
    return page.error


def _by_tags(page: PageContext) -> RefinedPage | None:
    options = page.options
    if options.structure is Structure.LAYOUT:
        return None
    if options.ocr is OcrMode.FORCE:
        page.why = "OCR is forced"
        return None
    tags = page.document.tags
    if isinstance(tags, str):
        page.why = tags
        return None
    try:
        refined = tags.read(
            page.number,
            trusting=options.structure is Structure.TAGS,
            furniture=options.page_header or options.page_footer or bool(_WITH_FURNITURE & {*options.formats}),
            hiding=page.hiding,
            strikes=page.strikes,
            turned=page.turned,
            formulas=RefineStep.FORMULAS not in options.skip_steps,
        )
    except NoStructure as reason:
        page.why = str(reason)
        return None
    except Exception as error:  # noqa: BLE001 - a page with broken tags is read by its layout
        page.why = f"its tags cannot be read ({one_line(error)})"
        return None
    page.state, page.via = PageState.OK, "tags"
    if options.images:
        keep_pictures(page, refined)
    return refined


def _as_told(page: PageContext, told: Told | NoAnswer) -> RefinedPage:
    """The page as a vision model sees it, or as plain text where it has not said."""
    if isinstance(told, NoAnswer):
        return _without_model(page, str(told))
    from engine.convert.vlm.answerblocks import blocks_of, layout_of  # what reads Markdown takes a while to load

    shown = page.load()
    size = (float(shown.rect.width), float(shown.rect.height))
    has_text = bool(shown.get_text().strip())
    if page.options.prompt_mode is PromptMode.LAYOUT_ONLY:
        if not has_text and any(element.category != "Picture" for element in told.elements):
            raise NothingRead(f"The page has no text of its own, which {PromptMode.LAYOUT_ONLY} needs.")
        refined = _refined(page, PageModel(page.number, layout_of(told, page.number, size)), _sheet(page))
    else:
        blocks = blocks_of(told, size, lambda box: str(shown.get_textbox(pymupdf.Rect(box))))
        refined = RefinedPage(page.number, *size, blocks, is_settled=True)
    if has_text and not any(block.text.strip() or block.kind is Kind.PICTURE for block in refined.blocks):
        return _without_model(page, "The vision model has found nothing on the page.")
    page.state, page.via, page.error = PageState.OK, "vlm", told.remark
    if page.options.images:
        keep_pictures(page, refined)
    return refined


def _without_model(page: PageContext, reason: str) -> RefinedPage:
    sheet = _sheet(page)
    refined = _refined(page, plaintext.read(page, sheet), sheet)
    # A scan would come out empty, and its job as done.
    if not any(block.text.strip() for block in refined.blocks) and page.load().get_bboxlog():
        raise NothingRead(f"{reason} The page has no text of its own.")
    page.error = f"Only plain text. {reason}"
    return refined


def _sheet(page: PageContext, *, is_turned: bool = False) -> Sheet:
    """The page to be laid out: as it is, or a copy where it is shown rotated, of which text knows nothing.

    With `is_turned`, a copy also of a page that text does not run across, turned so that it does.
    """
    shown = page.load()
    turned = (page.turned + shown.rotation) % 360 if is_turned else 0
    if page.options.refine and (shown.rotation or turned):
        try:
            # To make them content, as a copy does, loses what MuPDF has drawn in fields that came without.
            page.fields = with_texts(shown, page.fields)
            with hidden(page.fields):
                return upright_copy(shown, turned, ())
        except Exception as error:  # noqa: BLE001 - the page may be read as it is
            page.warnings.append(f"Page {page.number} could not be turned upright ({one_line(error)}).")
    return Sheet(page.document.pdf, page.number - 1, shown)


def _refined(page: PageContext, model: PageModel, sheet: Sheet) -> RefinedPage:
    """The library's page as blocks, mended."""
    text = sheet.text(page.hiding, page.fields)
    if any(field.text for field in page.fields):
        set_lines_apart(model.unrefined, text)
    if RefineStep.FORMULAS not in page.options.skip_steps:
        set_formulas(page, text, _boxes(model.unrefined, "picture"), _boxes(model.unrefined, "table"))
    is_mirrored = runs_leftward(text.lines)
    if is_mirrored:
        mirror(model.unrefined, text)
    refined = layoutblocks.read_blocks(model.unrefined, text)
    for step in page_steps(page.options):
        step.apply(refined, text)
    if is_mirrored:
        mirror(model.unrefined, text)  # other formats may be made of it
        mirror_blocks(refined.blocks, refined.width)
    sheet.map_back(refined)
    return refined


def _boxes(layout: PageLayout, kind: str) -> list[Box]:
    """The places of what the layout model says is of a kind."""
    return [(box.x0, box.y0, box.x1, box.y1) for box in layout.boxes if box.boxclass == kind]


def _by_ocr(page: PageContext) -> Sheet | None:
    """The page with the words that OCR has read; None where it is to be read as it is."""
    try:
        return ocrpage.read(page)
    except Exception as error:  # noqa: BLE001 - the page may have text of its own, and pictures
        page.ocr_words = []
        page.error = f"Read without OCR, which failed ({one_line(error)})."
        return None


def _by_layout(page: PageContext, sheet: Sheet) -> PageModel:
    """The page by the layout model, giving up on no more than has to be: pictures, then the structure."""
    problem = ""
    for images in (True, False) if page.options.images else (False,):
        try:
            model = layout.read(page, sheet, images=images)
        except Exception as error:  # noqa: BLE001 - the library may raise anything on a bad page
            problem = problem or one_line(error)
            continue
        if problem:
            page.error = f"Its pictures are missing: they could not be rendered ({problem})."
        return model
    model = plaintext.read(page, sheet)
    page.error = f"Only plain text: the layout step failed ({problem})."
    return model
