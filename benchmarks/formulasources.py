"""Formulas made up from a seed, as LaTeX, and documents of them."""

import random
from collections.abc import Callable, Sequence


def _words(text: str, before: str = "") -> list[str]:
    return [before + word for word in text.split()]


_LATIN = "abcdfghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVXYZ"
_GREEK = _words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi varphi chi psi"
    " omega Gamma Delta Theta Lambda Sigma Phi Psi Omega",
    "\\",
)
_RELATIONS = _words(r"= = = \leq \geq < > \neq \approx \sim \equiv \propto \in \subseteq \to \ll")
_BINARY = _words(r"+ - + - \cdot \times \pm \cup \cap \otimes \oplus \wedge \circ")
_ACCENTS = _words("hat bar tilde vec dot ddot")
_FUNCTIONS = _words("sin cos log exp ln tan det dim ker")
_OPTIMA = _words("min max sup inf", "\\")
_ENDS, _LOWER, _UPPER = ("n", "N", r"\infty"), ("0", "a", r"-\infty"), ("1", "b", r"\infty")
_CURVES, _GOALS, _CONDITIONS = ("C", r"\gamma", r"\partial D"), ("0", r"\infty"), (">", "<", r"\geq")
_ALPHABETS = ("mathbb", "mathcal", "mathbf", "mathfrak", "mathrm", "boldsymbol")

SENTENCES = (
    "In the following we assume that {} holds for every element of the set under consideration.",
    "It is easy to see that {} is bounded, and that the bound does not depend on the choice of the basis.",
    "We write {} for the quantity that was defined above and note that it is finite.",
    "Since the operator is continuous, {} follows at once, which completes this part of the argument.",
    "Let {} be given; then the sequence of the remaining terms converges to the same limit.",
)


class Formulas:
    """Makes formulas up."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def atom(self) -> str:
        """A letter or a number, sometimes with an accent, a script or an alphabet of its own."""
        pick = self._random.random()
        letter = self._random.choice(_LATIN) if pick < 0.7 else self._random.choice(_GREEK)
        if pick < 0.06:
            return str(self._random.randint(1, 99))
        if pick < 0.14:
            return f"{letter}_{{{self._index()}}}"
        if pick < 0.2:
            return f"{letter}^{{{self._random.choice('23nk')}}}"
        if pick < 0.24:
            return f"\\{self._random.choice(_ACCENTS)}{{{letter}}}"
        if pick < 0.27:
            return f"{letter}'"
        if pick < 0.3:
            return f"{letter}_{{{self._index()}}}^{{{self._random.choice('23*')}}}"
        if pick < 0.34:
            return f"\\{self._random.choice(_ALPHABETS)}{{{self._random.choice('ABCDEFGRXYZ')}}}"
        return letter

    def _index(self) -> str:
        return self._random.choice(["i", "j", "n", "0", "1", "ij", "n+1", "k-1", "\\max", "\\mathrm{eff}", "i,j"])

    def sum_(self, most: int = 3) -> str:
        """Some atoms with operators between them."""
        out = self.atom()
        for _ in range(self._random.randint(0, most - 1)):
            out += f" {self._random.choice(_BINARY)} {self.atom()}"
        return out

    def equation(self, left: str | None = None) -> str:
        """Two sides."""
        return f"{left or self.sum_(2)} {self._random.choice(_RELATIONS)} {self.sum_()}"

    def kinds(self) -> dict[str, Callable[[], str]]:
        """What a formula may be, by name."""
        r, a, s = self._random, self.atom, self.sum_
        return {
            "fraction": lambda: self.equation(rf"\frac{{{s()}}}{{{s()}}}"),
            "nested fraction": lambda: rf"{a()} = {a()} + \frac{{{a()}}}{{{a()} + \frac{{{a()}}}{{{s(2)}}}}}",
            "sum": lambda: rf"\sum_{{{r.choice('ijk')}={r.choice('01')}}}^{{{r.choice(_ENDS)}}} {s(2)} = {a()}",
            "product": lambda: rf"\prod_{{{r.choice('ijk')} \in {r.choice('ISA')}}} {a()} = {s(2)}",
            "integral": lambda: (
                rf"\int_{{{r.choice(_LOWER)}}}^{{{r.choice(_UPPER)}}} {r.choice('fgh')}(x) \, dx = {s(2)}"
            ),
            "contour": lambda: rf"\oint_{{{r.choice(_CURVES)}}} {a()} \, dz = 2\pi i {a()}",
            "root": lambda: rf"{a()} = \sqrt{{{s()}}} + \sqrt[{r.choice('345n')}]{{{s(2)}}}",
            "limit": lambda: rf"\lim_{{{r.choice('xnh')} \to {r.choice(_GOALS)}}} \frac{{{s(2)}}}{{{a()}}} = {a()}",
            "optimum": lambda: rf"{r.choice(_OPTIMA)}_{{{r.choice('xyz')} \in {r.choice('XYZ')}}} {a()} \leq {s(2)}",
            "matrix": lambda: self._matrix(r.choice(["pmatrix", "bmatrix", "vmatrix"])),
            "dots": lambda: (
                r"\begin{pmatrix} a_{11} & \cdots & a_{1n} \\ \vdots & \ddots & \vdots \\ a_{m1} & \cdots & a_{mn}"
                r" \end{pmatrix}"
                f" {a()}"
            ),
            "cases": lambda: (
                rf"{r.choice('fgh')}(x) = \begin{{cases}} {s(2)} & \text{{if }} x {r.choice(_CONDITIONS)} 0"
                rf" \\ {a()} & \text{{otherwise}} \end{{cases}}"
            ),
            "aligned": lambda: rf"\begin{{aligned}} {a()} &= {s()} \\ &= {s()} \\ &\leq {a()} \end{{aligned}}",
            "aligned fractions": lambda: (
                rf"\begin{{aligned}} {a()} &= \frac{{{s(2)}}}{{{a()}}} \\ {a()} &= \sqrt{{{s(2)}}} \end{{aligned}}"
            ),
            "binomial": lambda: rf"\binom{{{r.choice('nmN')}}}{{{r.choice('kjr')}}} = \frac{{n!}}{{k!(n-k)!}}",
            "brackets": lambda: (
                rf"\left( \frac{{{a()}}}{{{a()}}} \right)^{{{r.choice('2nk')}}} + \left[ {s(2)} \right] = {a()}"
            ),
            "norm": lambda: rf"\| {a()} \|_{{2}}^{{2}} + | {a()} | \leq \langle {a()}, {a()} \rangle",
            "floor": lambda: rf"\lfloor {a()} \rfloor + \lceil {a()} \rceil = {a()}",
            "functions": lambda: (
                rf"\{r.choice(_FUNCTIONS)}({s(2)}) = \{r.choice(_FUNCTIONS)} {r.choice(_LATIN)} + {a()}"
            ),
            "derivative": lambda: (
                rf"\frac{{\partial^{{2}} {r.choice('uvw')}}}{{\partial {r.choice('xyt')}^{{2}}}} = {s(2)}"
            ),
            "exponent": lambda: rf"e^{{-\frac{{x^{{2}}}}{{2}}}} + {a()}^{{{a()} + 1}} = {a()}",
            "logic": lambda: rf"\forall {r.choice('xyz')} \in {r.choice('ABC')} \colon {a()} \Rightarrow {a()}",
            "sets": lambda: rf"{a()} = \{{ {r.choice('xyz')} \in \mathbb{{R}} \mid {a()} > 0 \}}",
            "wide accents": lambda: rf"\overline{{{s(2)}}} + \widehat{{{r.choice(['xy', 'AB', 'xyz'])}}} = {a()}",
            "brace": lambda: rf"\underbrace{{{s(3)}}}_{{{r.choice('nkm')}}} = {a()}",
            "probability": lambda: rf"P(A \mid B) = \frac{{P(B \mid A) \, P(A)}}{{P(B)}} {a()}",
            "list": lambda: rf"{r.choice('xyz')}_{{1}}, \dots, {r.choice('xyz')}_{{n}} \in {a()}",
            "series": lambda: rf"{a()} + {a()} + \cdots + {a()} = {a()}",
            "equation": self.equation,
        }

    def inline_kinds(self) -> dict[str, Callable[[], str]]:
        """What stands in a line of text, by name."""
        r, a, s = self._random, self.atom, self.sum_
        return {
            "inline equation": self.equation,
            "inline letter": lambda: r.choice(_LATIN) if r.random() < 0.5 else r.choice(_GREEK),
            "inline scripts": lambda: rf"{r.choice(_LATIN)}_{{{self._index()}}}^{{2}} {r.choice(_RELATIONS)} {a()}",
            "inline function": lambda: rf"{r.choice('fgFG')}({r.choice('xyz')}) = {s(2)}",
            "inline fraction": lambda: rf"\frac{{{r.choice('123')}}}{{{r.choice('2345n')}}} {a()}",
            "inline map": lambda: rf"{r.choice('fgT')} : \mathbb{{R}}^{{n}} \to {a()}",
            "inline root": lambda: rf"\sqrt{{{a()}}} {r.choice(_RELATIONS)} {a()}",
            "inline order": lambda: rf"O(n \log n)^{{{r.choice('23k')}}}",
            "inline sum": lambda: rf"\sum_{{i=1}}^{{n}} {a()} \leq {a()}",
        }

    def _matrix(self, environment: str) -> str:
        size = self._random.choice([2, 3])
        rows = r" \\ ".join(" & ".join(self.atom() for _ in range(size)) for _ in range(size))
        return rf"{self.atom()} = \begin{{{environment}}} {rows} \end{{{environment}}}"


def made_up(seed: int, count: int) -> list[tuple[str, bool, str]]:
    """So many formulas: of what kind, whether set apart, and as LaTeX; no two are the same."""
    formulas = Formulas(seed)
    kinds = [(name, True, make) for name, make in formulas.kinds().items()]
    kinds += [(name, False, make) for name, make in formulas.inline_kinds().items()] * 2
    found: dict[str, tuple[str, bool, str]] = {}
    number = 0
    while len(found) < count:
        name, is_display, make = kinds[number % len(kinds)]
        latex = make()
        found.setdefault(latex, (name, is_display, latex))
        number += 1
    return [*found.values()]


def document(formulas: Sequence[tuple[str, bool, str]], preamble: str) -> str:
    """A LaTeX document of formulas with text around them."""
    parts = []
    for number, (_, is_display, latex) in enumerate(formulas):
        sentence = SENTENCES[number % len(SENTENCES)]
        if is_display:
            before, after = sentence.split("{}")
            parts.append(f"{before.strip()} what is shown here,\n\\[ {latex} \\]\nwhere it{after}\n")
        else:
            parts.append(sentence.format(f"${latex}$") + "\n")
    body = "\n".join(parts)
    return f"{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
