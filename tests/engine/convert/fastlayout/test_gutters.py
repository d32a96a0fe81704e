"""Columns of running text."""

from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import OTHER, PROSE, said


def test_columns_are_read_one_after_the_other() -> None:
    page = DrawnPage()
    for place, (left, right) in enumerate(zip(PROSE, OTHER, strict=True)):
        page.write(10, 100 + 12 * place, left, size=9)
        page.write(200, 100 + 12 * place, right, size=9)
    assert [text for _, text in said(page)] == [" ".join(PROSE), " ".join(OTHER)]


def test_what_runs_over_into_the_other_column_stays_in_its_own() -> None:
    page = DrawnPage()
    left = [*PROSE, "hotfolio convert --layout-effort fast one.pdf", *PROSE]
    right = [*OTHER, "", *OTHER]
    for place, (one, other) in enumerate(zip(left, right, strict=True)):
        page.write(10, 100 + 12 * place, one, size=9, font="cour" if place == 6 else "helv")
        if other:
            page.write(200, 100 + 12 * place, other, size=9)
    page.write(330, 100 + 12 * 6 + 3, "So it is.", size=9)
    texts = [text for _, text in said(page)]
    order = [next(at for at, text in enumerate(texts) if part in text) for part in (PROSE[0], left[6], OTHER[0])]
    assert order == sorted(order)
