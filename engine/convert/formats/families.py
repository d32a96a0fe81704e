"""The converters that make what is asked for, one of each family of formats."""

from engine.convert.formats.pictures import PageImageConverter
from engine.convert.formats.searchablepdf import SearchablePdfConverter
from engine.convert.formats.texts import MarkupConverter
from engine.convert.open.context import Converter


def converters() -> list[Converter]:
    """One of each family. Pictures come first, while nothing has changed the page."""
    return [PageImageConverter(), MarkupConverter(), SearchablePdfConverter()]
