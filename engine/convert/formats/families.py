"""The converters that make what is asked for, one of each family of formats."""

from dataclasses import dataclass

from engine.convert.formats.texts import MarkupConverter
from engine.convert.open.context import Converter, MergeContext, PageContext
from engine.convert.plugins import entrypoints
from engine.job import formats
from engine.job.formats import MadeOf
from engine.job.options import ConvertOptions
from engine.job.plugins import Offer, Seam


def converters(options: ConvertOptions) -> list[Converter]:
    """One of each family that is asked for.

    Those made of pages come first, while nothing has changed the page, then the reading of it, then those made of the
    document, which may use what was read. Raises `PluginFailed`.
    """
    return [*_made_of(MadeOf.PAGE, options), MarkupConverter(), *_made_of(MadeOf.DOCUMENT, options)]


def _made_of(what: MadeOf, options: ConvertOptions) -> list[Converter]:
    """One converter for all the formats that name the same one."""
    found: dict[int, Converter] = {}
    for name in options.formats_made_of(what):
        row = formats.find(name)
        family = id(entrypoints.load(Seam.FORMAT, name))
        if row is not None and family not in found:
            converter: Converter = entrypoints.made(Seam.FORMAT, name)
            found[family] = converter if row.offer.is_own else _Guarded(converter, row.offer)
    return [*found.values()]


@dataclass
class _Guarded:
    """A plug-in's converter: what it raises costs its format, and not the page or the document."""

    converter: Converter
    offer: Offer

    def convert_page(self, page: PageContext) -> None:
        try:
            self.converter.convert_page(page)
        except OSError:
            raise  # the disk, as a rule
        except Exception as error:  # noqa: BLE001 - it is not ours
            page.warnings.append(f"Page {page.number}: {entrypoints.failed(self.offer, 'has failed', error)}.")

    def merge(self, document: MergeContext) -> None:
        try:
            self.converter.merge(document)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - it is not ours
            document.warnings.append(f"{entrypoints.failed(self.offer, 'is missing, since it has failed', error)}.")
