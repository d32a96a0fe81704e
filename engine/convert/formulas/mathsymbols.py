"""What LaTeX calls the characters of mathematics, as far as KaTeX and MathJax know the names too."""

from unicodedata import name as unicode_name
from unicodedata import normalize

_RELATIONS = """
≡equiv ≺prec ≻succ ∼sim ⊥perp ⪯preceq ⪰succeq ≃simeq ∣mid ≪ll ≫gg ≍asymp ∥parallel ⋈bowtie ⌣smile ⊑sqsubseteq
⊒sqsupseteq ≐doteq ⌢frown ∋ni ∝propto ⊢vdash ⊣dashv ⟵longleftarrow ⇐Leftarrow ⟸Longleftarrow ⟶longrightarrow
⇒Rightarrow ⟹Longrightarrow ↔leftrightarrow ⟷longleftrightarrow ⇔Leftrightarrow ⟺Longleftrightarrow ↦mapsto
⟼longmapsto ↗nearrow ↩hookleftarrow ↪hookrightarrow ↘searrow ↼leftharpoonup ⇀rightharpoonup ↙swarrow
↽leftharpoondown ⇁rightharpoondown ↖nwarrow ⇌rightleftharpoons ≮nless ⪇lneq ≨lneqq ⋦lnsim ⪉lnapprox ⊀nprec
⋠npreceq ⋨precnsim ⪹precnapprox ≁nsim ∤nmid ⊬nvdash ⊭nvDash ⋪ntriangleleft ⋬ntrianglelefteq ⊊subsetneq
⫋subsetneqq ≯ngtr ⪈gneq ≩gneqq ⋧gnsim ⪊gnapprox ⊁nsucc ⋡nsucceq ⋩succnsim ⪺succnapprox ≆ncong ∦nparallel ⊯nVDash
⋫ntriangleright ⋭ntrianglerighteq ⊋supsetneq ⫌supsetneqq ⊮nVdash ⪵precneqq ⪶succneqq ↚nleftarrow ↛nrightarrow
⇍nLeftarrow ⇏nRightarrow ↮nleftrightarrow ⇎nLeftrightarrow ≦leqq ⩽leqslant ⪕eqslantless ≲lesssim ⪅lessapprox
≊approxeq ⋘lll ≶lessgtr ⋚lesseqgtr ⪋lesseqqgtr ≑doteqdot ≓risingdotseq ≒fallingdotseq ∽backsim ⋍backsimeq
⫅subseteqq ⋐Subset ⊏sqsubset ≼preccurlyeq ⋞curlyeqprec ≾precsim ⪷precapprox ⊲vartriangleleft ⊴trianglelefteq
⊪Vvdash ≏bumpeq ≎Bumpeq ≧geqq ⩾geqslant ⪖eqslantgtr ≳gtrsim ⪆gtrapprox ⋙ggg ≷gtrless ⋛gtreqless ⪌gtreqqless
≖eqcirc ≗circeq ≜triangleq ⫆supseteqq ⋑Supset ⊐sqsupset ≽succcurlyeq ⋟curlyeqsucc ≿succsim ⪸succapprox
⊳vartriangleright ⊵trianglerighteq ⊩Vdash ≬between ⋔pitchfork ◀blacktriangleleft ∴therefore ∍backepsilon
▶blacktriangleright ∵because ≂eqsim ⇢dashrightarrow ⇠dashleftarrow ⇇leftleftarrows ⇆leftrightarrows ⇚Lleftarrow
↞twoheadleftarrow ↢leftarrowtail ↫looparrowleft ⇋leftrightharpoons ↶curvearrowleft ↺circlearrowleft ↰Lsh
⇈upuparrows ↿upharpoonleft ⇃downharpoonleft ⊶origof ⊷imageof ⊸multimap ↭leftrightsquigarrow ⇉rightrightarrows
⇄rightleftarrows ↠twoheadrightarrow ↣rightarrowtail ↬looparrowright ↷curvearrowright ↻circlearrowright ↱Rsh
⇊downdownarrows ↾upharpoonright ⇂downharpoonright ⇝rightsquigarrow ⇛Rrightarrow ≈approx ≅cong ≥geq ∈in ⊂subset
⊃supset ⊆subseteq ⊇supseteq ⊈nsubseteq ⊉nsupseteq ⊨models ←leftarrow ≤leq →rightarrow ≱ngeq ≰nleq ↑uparrow
⇑Uparrow ↓downarrow ⇓Downarrow ↕updownarrow ⇕Updownarrow ⟂perp ∉notin ≠ne ⊄not\\subset ⊅not\\supset ≢not\\equiv
≄not\\simeq ≉not\\approx ∌not\\ni ▷triangleright ◁triangleleft ≔coloneqq ≕eqqcolon ≇ncong
"""
_BINARY = """
∓mp ⊖ominus ⊎uplus ⊓sqcap ∗ast ⊔sqcup ◯bigcirc ∙bullet ≀wr ⨿amalg ⋖lessdot ⋗gtrdot ∔dotplus ⋒Cap ⋓Cup
⩞doublebarwedge ⊟boxminus ⊞boxplus ⋇divideontimes ⋉ltimes ⋊rtimes ⋋leftthreetimes ⋌rightthreetimes ⋏curlywedge
⋎curlyvee ⊝circleddash ⊛circledast ⊺intercal ⊠boxtimes ⋅cdot ∘circ ÷div ±pm ×times ∩cap ∪cup ∖setminus ∧wedge
∨vee ⊼barwedge ⊻veebar ⊙odot ⊕oplus ⊗otimes ⊘oslash ⊚circledcirc ⊡boxdot ⋄diamond ⋆star ◃triangleleft
▹triangleright †dagger ‡ddagger •bullet ·cdot ◦circ
"""
_ORDINARY = """
ℵaleph ∀forall ℏhbar ∃exists ∇nabla ♭flat ℓell ♮natural ♣clubsuit ℘wp ♯sharp ♢diamondsuit ℜRe ♡heartsuit ℑIm
♠spadesuit §S ¶P ▽triangledown ◊lozenge ⓈcircledS ®circledR ∡measuredangle ∄nexists ℧mho ℲFinv ⅁Game ‵backprime
▲blacktriangle ▼blacktriangledown ■blacksquare ⧫blacklozenge ★bigstar ∢sphericalangle ∁complement ╱diagup
╲diagdown □square ¥yen ✓checkmark ℶbeth ℸdaleth ℷgimel ϝdigamma ϰvarkappa ∠angle ∞infty △triangle ΓGamma ΔDelta
ΘTheta ΛLambda ΞXi ΠPi ΣSigma ΥUpsilon ΦPhi ΨPsi ΩOmega ¬neg ⊤top ∅emptyset ∂partial £pounds ✠maltese αalpha
βbeta γgamma δdelta ϵepsilon ζzeta ηeta θtheta ιiota κkappa λlambda μmu νnu ξxi οomicron πpi ρrho σsigma τtau
υupsilon ϕphi χchi ψpsi ωomega εvarepsilon ϑvartheta ϖvarpi ϱvarrho ςvarsigma φvarphi ⋮vdots …ldots ⋱ddots
⋯cdots ðeth √surd °degree µmu ∆Delta ΩOmega גgimel דdaleth בbeth אaleph ıimath ȷjmath ♦blacklozenge ♥heartsuit
𭟋digamma 𝟋digamma
"""
_OPERATORS = """
∐coprod ⋁bigvee ⋀bigwedge ⨄biguplus ⋂bigcap ⋃bigcup ∫int ∬iint ∭iiint ∏prod ∑sum ⨂bigotimes ⨁bigoplus ⨀bigodot
∮oint ∯oiint ∰oiiint ⨆bigsqcup
"""
_ESCAPED = {
    "#": "\\#",
    "$": "\\$",
    "%": "\\%",
    "&": "\\&",
    "_": "\\_",
    "{": "\\{",
    "}": "\\}",
    "\\": "\\backslash",
    "~": "\\sim",
    "^": "\\hat{}",
    "|": "|",
    "∶": ":",
    "‖": "\\|",
    "∥": "\\|",
    "\u2212": "-",
    "–": "-",
    "‐": "-",
    "-": "-",
    "*": "*",
    "<": "<",
    ">": ">",
    "‘": "`",
    "’": "'",
    "⟨": "\\langle",
    "⟩": "\\rangle",
    "〈": "\\langle",
    "〉": "\\rangle",
    "⌊": "\\lfloor",
    "⌋": "\\rfloor",
    "⌈": "\\lceil",
    "⌉": "\\rceil",
    "⟮": "\\lgroup",
    "⟯": "\\rgroup",
    "⟦": "\\llbracket",
    "⟧": "\\rrbracket",
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
}
_STYLES = (
    ("BOLD ITALIC", "boldsymbol"),
    ("BOLD SCRIPT", "mathcal"),
    ("BOLD FRAKTUR", "mathfrak"),
    ("SANS-SERIF", "mathsf"),
    ("DOUBLE-STRUCK", "mathbb"),
    ("BLACK-LETTER", "mathfrak"),
    ("FRAKTUR", "mathfrak"),
    ("SCRIPT", "mathcal"),
    ("MONOSPACE", "mathtt"),
    ("BOLD", "mathbf"),
)
"""What the names of letters say of their alphabet, and the command for it."""
_KEPT = frozenset("ℎℏℓ℘ℑℜℵℶℷℸ")
"""Letters of Unicode's blocks for mathematics that have a command of their own."""
ACCENTS = {
    "ˆ": "hat", "^": "hat", "\u0302": "hat", "˜": "tilde", "\u0303": "tilde", "∼": "tilde", "¯": "bar", "ˉ": "bar",
    "\u0304": "bar", "\u0305": "overline", "˙": "dot", "\u0307": "dot", "¨": "ddot",
    "\u0308": "ddot", "⃗": "vec", "￫": "vec", "￩": "overleftarrow", "⁖": "dddot", "‾": "overline",
    "ˇ": "check", "\u030c": "check", "˘": "breve", "\u0306": "breve", "´": "acute", "\u0301": "acute", "`": "grave",
    "\u0300": "grave", "˚": "mathring", "\u030a": "mathring", "\u20db": "dddot", "\u20d6": "overleftarrow",
}  # fmt: skip
"""What stands above a letter."""
OPENING = frozenset("([{⟨⌊⌈⟦⟮⎰〈")
CLOSING = frozenset(")]}⟩⌋⌉⟧⟯⎱〉")
PAIRS = {"(": ")", "[": "]", "{": "}", "⟨": "⟩", "⌊": "⌋", "⌈": "⌉", "⟦": "⟧", "⟮": "⟯", "〈": "〉"}
NEGATION = "／"
PRIMES = {"′": 1, "″": 2, "‴": 3, "⁗": 4}
FUNCTIONS = frozenset(
    [
        "arccos",
        "arcsin",
        "arctan",
        "arg",
        "cos",
        "cosh",
        "cot",
        "coth",
        "csc",
        "deg",
        "det",
        "dim",
        "exp",
        "gcd",
        "hom",
        "inf",
        "ker",
        "lg",
        "lim",
        "liminf",
        "limsup",
        "ln",
        "log",
        "max",
        "min",
        "Pr",
        "sec",
        "sin",
        "sinh",
        "sup",
        "tan",
        "tanh",
    ]
)
"""That have a command of their own."""
TAKE_LIMITS = frozenset(
    [
        "det",
        "gcd",
        "inf",
        "lim",
        "liminf",
        "limsup",
        "max",
        "min",
        "Pr",
        "sup",
        "argmax",
        "argmin",
        "esssup",
        "essinf",
        "plim",
        "colim",
    ]
)
"""Below which something may stand."""
TEXTUAL = frozenset("•·∗*†‡§¶©®□■▪◦∙◊♦→⇒←↑↓↪↩✓|\\{}<>~∼_−–⋆★△▷▶◀○●◯′″∎⟨⟩")
"""Signs of mathematical fonts that text has too: none of them is a formula alone."""


def _read(table: str) -> dict[str, str]:
    return {entry[0]: f"\\{entry[1:]}" for entry in table.split()}


RELATIONS = _read(_RELATIONS) | {"=": "=", "<": "<", ">": ">", ":": ":", "∶": ":"}
BINARY = _read(_BINARY) | {"+": "+", "-": "-", "\u2212": "-", "*": "*", "∗": "*"}
OPERATORS = _read(_OPERATORS)
"""Large ones, which take limits."""
INTEGRALS = frozenset("∫∬∭⨌∮∯∰")
"""Whose limits stand beside them."""
_SYMBOLS = {**_read(_ORDINARY), **OPERATORS, **RELATIONS, **BINARY, **_ESCAPED}


def latex_of(character: str) -> str:
    """A character as LaTeX; itself where it has no name, as letters and digits have none."""
    return _SYMBOLS.get(character, character)


def plain_letter(character: str) -> tuple[str, str]:
    """A letter of Unicode's mathematical alphabets as an ordinary one, and the command for its alphabet, if any."""
    if character.isascii() or character in _KEPT:
        return ("h", "") if character == "ℎ" else (character, "")
    plain = normalize("NFKC", character)
    if plain == character or len(plain) != 1 or not (plain.isalnum() or plain in "∂∇"):
        return character, ""
    called = unicode_name(character, "")
    if "MATHEMATICAL" not in called and not 0x2100 <= ord(character) <= 0x214F:
        return character, ""
    style = next((command for words, command in _STYLES if words in called), "")
    # Compatibility folds these symbols into the letters that they are variants of.
    for variant, symbol in (("EPSILON SYMBOL", "ϵ"), ("THETA SYMBOL", "ϑ"), ("KAPPA SYMBOL", "ϰ"), ("PHI SYMBOL", "ϕ")):
        if variant in called:
            plain = symbol
    for variant, symbol in (("RHO SYMBOL", "ϱ"), ("PI SYMBOL", "ϖ")):
        if variant in called:
            plain = symbol
    return plain, style


def is_upright_letter(character: str) -> bool:
    """Whether a letter is one of Unicode's blocks for mathematics that says it is not set in italics."""
    return "MATHEMATICAL" in unicode_name(character, "") and "ITALIC" not in unicode_name(character, "")


def delimiter(character: str) -> str:
    """A bracket or bar as it is written where a large one is asked for."""
    return {"∣": "|", "∥": "\\|"}.get(character) or latex_of(character)
