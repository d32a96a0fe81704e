"""Tables without rules."""

from engine.convert.page.blocks import Kind
from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import OTHER, PROSE, laid_out


def test_what_stands_in_columns_is_a_table() -> None:
    page = DrawnPage()
    page.lines(50, 40, *PROSE)
    for place, row in enumerate((("Part", "Count", "Weight"), ("Bolt", "12", "3 g"), ("Nut", "14", "2 g"))):
        for x, cell in zip((50, 150, 250), row, strict=True):
            page.write(x, 130 + 14 * place, cell)
    page.lines(50, 190, *OTHER)
    blocks = laid_out(page)
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH, Kind.TABLE, Kind.PARAGRAPH]
    assert blocks[1].text == "Part\tCount\tWeight\nBolt\t12\t3 g\nNut\t14\t2 g"
