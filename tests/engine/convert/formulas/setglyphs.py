"""Glyphs set by hand, as MuPDF would tell of them: each as wide as half its size, with ink as high as capitals."""

from engine.convert.formulas.formulatree import FormulaTree
from engine.convert.formulas.mathglyphs import math_page
from engine.convert.formulas.pageformulas import Formula, find_formulas, put_formulas
from engine.convert.page.blocks import Box
from engine.convert.text.pagetext import Drawing, PageText
from engine.convert.text.textline import Font, Line, Word

ITALIC, SYMBOLS, LARGE, ROMAN = "CMMI10", "CMSY10", "CMEX10", "CMR10"


class SetPage:
    """A page of glyphs."""

    def __init__(self) -> None:
        self.text = PageText({"blocks": []}, [])
        self.text.lines = []
        self.text.drawings = []
        self.fonts: set[str] = set()

    def put(
        self, shown: str, x: float, y: float, size: float = 10.0, font: str = ITALIC, ink: tuple[float, float] = ()
    ) -> float:
        """Glyphs of one font with their baseline at y; `ink` is from where to where they reach. Returns their end."""
        step = 0.5 * size
        top, bottom = ink or (y - 0.7 * size, y)
        raw = [
            {"c": char, "origin": (x + step * n, y), "bbox": (x + step * n, top, x + step * (n + 1), bottom)}
            for n, char in enumerate(shown)
        ]
        end = x + step * len(shown)
        edges = [x + step * n for n in range(len(shown) + 1)]
        look = Font(font, size, False, "Italic" in font, False, False, 0, True)
        word = Word(shown, look, edges, y, (x, top, end, bottom), raw=raw)
        self.text.lines.append(Line([word]))
        if font not in self.fonts:
            self.fonts.add(font)
            self.text.raw["blocks"].append({"type": 0, "lines": [{"spans": [{"font": font, "chars": []}]}]})
        return end

    def prose(self, words: str, x: float, y: float, size: float = 10.0) -> float:
        """Words of text with blanks of a third of their size between them; returns where the next one would begin."""
        for word in words.split():
            x = self.put(word, x, y, size, ROMAN) + size / 3
            self.text.lines[-1].words[-1].blank_after = True
        return x

    def rule(self, x0: float, x1: float, y: float) -> None:
        """A thin line."""
        self.text.drawings.append(Drawing((x0, y - 0.2, x1, y + 0.2), 0, True))

    def latex(self, *, is_display: bool = True) -> str:
        """All of it as one formula."""
        page = math_page(self.text)
        tree = FormulaTree(is_display=is_display)
        return tree.write(tree.with_bars(page.pieces, page.rules))

    def formulas(self, tables: tuple[Box, ...] = ()) -> list[Formula]:
        """What is found on it."""
        return find_formulas(math_page(self.text), self.text.lines, (), tables)

    def lines(self) -> list[str]:
        """The text of its lines, with the formulas in it."""
        put_formulas(self.text)
        return [line.text for line in self.text.lines]
