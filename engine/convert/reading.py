"""Reads a page: by its tags where they deserve it, by the layout model, by OCR where it needs it, or as plain text."""

from engine.convert import layout, layoutblocks, ocrpage, plaintext
from engine.convert.base import PageContext
from engine.convert.blocks import Kind, RefinedPage
from engine.convert.document import one_line
from engine.convert.pagemodel import PageModel
from engine.convert.sheet import Sheet
from engine.convert.steps import page_steps
from engine.convert.structuretree import NoStructure
from engine.job import PageState
from engine.options import Format, OcrMode, Structure


def read(page: PageContext) -> PageModel:
    """The page; where one way fails, the next is taken."""
    options = page.options
    if options.refine and not page.text_only:
        refined = _by_tags(page)
        if refined is not None:
            return PageModel(page.number, refined=refined)
    sheet = Sheet(page.document.pdf, page.number - 1, page.load())
    if not page.text_only:
        sheet = _by_ocr(page) or sheet
    try:
        return _on_sheet(page, sheet)
    finally:
        sheet.close()


def _on_sheet(page: PageContext, sheet: Sheet) -> PageModel:
    options = page.options
    model = plaintext.read(page, sheet) if page.text_only else _by_layout(page, sheet)
    if options.images:
        page.files += [page.out / box.image for box in model.unrefined.boxes if isinstance(box.image, str)]
    if not options.refine:
        if Format.JSON not in options.formats:
            model.unrefined.fulltext = None  # only JSON has it, and it is most of a checkpoint
        return model
    return PageModel(page.number, refined=_refined(page, model, sheet))


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
            furniture=options.page_header or options.page_footer or Format.JSON in options.formats,
        )
    except NoStructure as reason:
        page.why = str(reason)
        return None
    except Exception as error:  # noqa: BLE001 - a page with broken tags is read by its layout
        page.why = f"its tags cannot be read ({one_line(error)})"
        return None
    page.state, page.via = PageState.OK, "tags"
    if options.images:
        _keep_pictures(page, refined)
    return refined


def _keep_pictures(page: PageContext, refined: RefinedPage) -> None:
    """Render the pictures of a tagged page into files, named as the library names them."""
    pictures = [block for block in refined.blocks if block.kind is Kind.PICTURE]
    for number, block in enumerate(pictures):
        file = layout.picture_file(page, number)
        try:
            is_rendered = layout.render(page, block.box, file)
        except OSError:
            raise  # the disk, not the picture
        except Exception as error:  # noqa: BLE001 - the text is worth more than its pictures
            page.error = f"A picture is missing: it could not be rendered ({one_line(error)})."
            continue
        if is_rendered:
            block.image = str(file)
            page.files.append(page.out / file)


def _refined(page: PageContext, model: PageModel, sheet: Sheet) -> RefinedPage:
    """The library's page as blocks, mended."""
    text = sheet.text()
    refined = layoutblocks.read_blocks(model.unrefined, text)
    for step in page_steps(page.options):
        step.apply(refined, text)
    sheet.map_back(refined)
    return refined


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
