"""Has the formulas of a page be LaTeX in its lines, where that can be done."""

from collections.abc import Sequence

from engine.convert.formulas.pageformulas import put_formulas
from engine.convert.open.context import PageContext
from engine.convert.open.document import one_line
from engine.convert.page.blocks import Box
from engine.convert.text.pagetext import PageText


def set_formulas(page: PageContext, text: PageText, pictures: Sequence[Box], tables: Sequence[Box]) -> None:
    """Put them into the lines of `text`, but for those in pictures."""
    try:
        put_formulas(text, pictures, tables)
    except Exception as error:  # noqa: BLE001 - the page is worth more than the formulas on it
        page.warnings.append(f"The formulas of page {page.number} were left as they are ({one_line(error)}).")
