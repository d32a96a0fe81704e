"""Keeps the pictures of pages that hotfolio has found itself, as files."""

from engine.convert.open.context import PageContext
from engine.convert.open.document import one_line
from engine.convert.page.blocks import Kind, RefinedPage
from engine.convert.read.bylayout import picture_file, render


def keep_pictures(page: PageContext, refined: RefinedPage, first: int = 0) -> None:
    """Render the pictures of a page into files, named as the library names them and counted from `first`."""
    pictures = [block for block in refined.blocks if block.kind is Kind.PICTURE]
    for number, block in enumerate(pictures, first):
        file = picture_file(page, number)
        try:
            is_rendered = render(page, refined.as_shown(block.box), file, refined.turned)
        except OSError:
            raise  # the disk, not the picture
        except Exception as error:  # noqa: BLE001 - the text is worth more than its pictures
            page.error = f"A picture is missing: it could not be rendered ({one_line(error)})."
            continue
        if is_rendered:
            block.image = str(file)
            page.files.append(page.out / file)
