"""Which fonts are for mathematics, which alphabet their letters are of, and what TeX calls their glyphs."""

import re
from functools import lru_cache
from typing import NamedTuple

_MATHEMATICAL = re.compile(
    r"math(?!ematica\d*mono)|^(?:cm|lm|hv|ccr?|xcc?|pl)(?:mi|mib|sy|bsy|ex|bex)\d|^(?:msam|msbm|ams[ab])\d*"
    r"|^eu[fsre][mbx]\d|^rsfs|^stmary|^esint|^bbold|^bbm|^ds(?:rom|ss)|^wasy\d|^mnsymbol|^mdsym|^mt(?:mi|sy|ex|gu|2mi)"
    r"|^(?:rt|r?n?[tp]|new[tp])x-?(?:b?(?:mi|sy|ex)|ma?sy?)|^stix(?:general|nonuni|integrals|size|variants)"
    r"|^standardsym|^f(?:utm|ut[sx])|^zpl?m|^pazo|^(?:psy|rpsy)|^ntxexx|^xits",
    re.IGNORECASE,
)
_ALPHABETS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), alphabet)
    for pattern, alphabet in (
        (r"^rsfs|mathscr|scr(?:ipt)?\d", "mathscr"),
        (r"^eus|calligra|mathcal|^(?:cm|lm)b?sy\d|mathsymbols|[tp]x-?b?sys?$|^mtsy|[tp]xb?sy[^bc]?$", "mathcal"),
        (r"^euf|frak", "mathfrak"),
        (r"^msbm|^bb|^ds(?:rom|ss)|^amsb|[tp]xsyb|mathbb", "mathbb"),
        (r"^cmmib|mathitalic.*bold|xbmi|mib?\d*-bold|bolditalic", "boldsymbol"),
    )
)
_SIZES = re.compile(r"(?:text|display|wide(?:r|st)?|[bB]igg?|\.(?:disp|dsp|big\d?|s\d+|display))+(?:\.?\d+)?$")
_PART = re.compile(r"((?:paren|bracket|brace)(?:left|right)(?:tp|bt|ex|mid))[A-Z]$")
"""A part of a bracket in one of several weights."""
_NAMES = {
    "parenleft": "(",
    "parenright": ")",
    "bracketleft": "[",
    "bracketright": "]",
    "braceleft": "{",
    "braceright": "}",
    "floorleft": "⌊",
    "floorright": "⌋",
    "ceilingleft": "⌈",
    "ceilingright": "⌉",
    "angbracketleft": "⟨",
    "angbracketright": "⟩",
    "vextendsingle": "|",
    "vextenddouble": "‖",
    "slash": "/",
    "backslash": "\\",
    "summation": "∑",
    "product": "∏",
    "coproduct": "∐",
    "integral": "∫",
    "contintegral": "∮",
    "union": "⋃",
    "intersection": "⋂",
    "unionmulti": "⨄",
    "unionsq": "⨆",
    "logicaland": "⋀",
    "logicalor": "⋁",
    "circledot": "⨀",
    "circleplus": "⨁",
    "circlemultiply": "⨂",
    "radical": "√",
    "hat": "ˆ",
    "tilde": "˜",
}
"""Of glyphs that come in several sizes."""
_SINGLE_NAMES = {
    "phi": "ϕ",
    "phi1": "φ",
    "negationslash": "／",
    "vector": "￫",
    "mapsto": "↦",
    "arrowhookleft": "↪",
    "arrowhookright": "↩",
    "pi1": "ϖ",
    "radicalbt": "⎷",
    "radicalvertex": "⏐",
    "radicaltp": "┌",
    "bracehtipdownleft": "╭",
    "bracehtipdownright": "╮",
    "bracehtipupleft": "╰",
    "bracehtipupright": "╯",
    "squaresmallsolid": "▪",
    "notlessorslnteql": "≰",
    "notgreaterorslnteql": "≱",
    "subsetornoteql": "⊊",
    "supersetornoteql": "⊋",
    "notshortbar": "∤",
    "notshortparallel": "∦",
    "barshort": "∣",
    "parallelshort": "∥",
    "gimel": "ℷ",
    "circlecopyrt": "◯",
    "diamond": "◊",
    "zerooldstyle": "0",
    "oneoldstyle": "1",
    "twooldstyle": "2",
    "threeoldstyle": "3",
    "fouroldstyle": "4",
    "fiveoldstyle": "5",
    "sixoldstyle": "6",
    "sevenoldstyle": "7",
    "eightoldstyle": "8",
    "nineoldstyle": "9",
    "dotlessj": "ȷ",
    "barex": "|",
    "bardblex": "‖",
    "dotacc": "˙",
    "ddotacc": "¨",
    "vec": "￫",
    "bracehext": "─",
    "parenlefttp": "⎛",
    "parenleftex": "⎜",
    "parenleftbt": "⎝",
    "parenrighttp": "⎞",
    "parenrightex": "⎟",
    "parenrightbt": "⎠",
    "bracketlefttp": "⎡",
    "bracketleftex": "⎢",
    "bracketleftbt": "⎣",
    "bracketrighttp": "⎤",
    "bracketrightex": "⎥",
    "bracketrightbt": "⎦",
    "bracelefttp": "⎧",
    "braceleftmid": "⎨",
    "braceleftbt": "⎩",
    "bracerighttp": "⎫",
    "bracerightmid": "⎬",
    "bracerightbt": "⎭",
}


class MathFont(NamedTuple):
    """A font for mathematics."""

    alphabet: str
    """The LaTeX command for its letters; empty for letters in italics."""
    is_slanted: bool
    """Its letters are in italics, though they are not those that Unicode has for that."""


@lru_cache(maxsize=1024)
def math_font(name: str) -> MathFont | None:
    """What a font is by its name, if it is for mathematics."""
    base = name.rpartition("+")[2]
    if not _MATHEMATICAL.search(base):
        return None
    alphabet = next((alphabet for pattern, alphabet in _ALPHABETS if pattern.search(base)), "")
    is_opentype = "math" in base.lower() and not re.match(r"lmmath|stixmath|.*mathit|.*math-?letters", base.lower())
    return MathFont(alphabet, not is_opentype or "ital" in base.lower())


SPACING = {
    "\u0300": "`",
    "\u0301": "´",
    "\u0302": "ˆ",
    "\u0303": "˜",
    "\u0304": "¯",
    "\u0305": "‾",
    "\u0306": "˘",
    "\u0307": "˙",
    "\u0308": "¨",
    "\u030a": "˚",
    "\u030c": "ˇ",
    "\u0338": "／",
    "\u20d6": "￩",
    "\u20d7": "￫",
    "\u20db": "⁖",
    "\u20dd": "◯",
}
"""For characters that combine with others, ones that do not: MuPDF moves the former to the text before them."""


def tex_meaning(name: str) -> str:
    """The character that TeX's fonts have under a glyph's name which no glyph list has; empty if it is none."""
    name = _PART.sub(r"\1", name)
    if name in _SINGLE_NAMES:
        return _SINGLE_NAMES[name]
    base = _SIZES.sub("", name)
    return _NAMES.get(base, "") if base != name or base in ("vextendsingle", "vextenddouble") else ""
