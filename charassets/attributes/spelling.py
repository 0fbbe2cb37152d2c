"""From a line as people write it to pieces as the vocabulary spells them.

What belongs here: separators, escapes, and the syntax of image-generation prompts (weights, brackets, ``<lora:...>``,
``BREAK``, wildcards). Not here: what a tag means (``tags``) and prose (``sentences``).
"""

import re

_EMOTICONS = frozenset(
    ":) :( :d ;d ;) :o :| :/ :< :> :p :q :t :x :3 >:( >:) :i d: xd =) =d ^_^ ^^ ^o^ >_< >_o o_o 0_0 @_@ u_u x_x t_t "  # noqa: SIM905 - reads as one line
    "=_= -_- ._. +_+ *_* ?_? !? (o)_(o) |_| \\o/ \\m/ \\||/ <o>_<o> >o< ;p ;o ;q".split()
)
_LITERAL_OPEN, _LITERAL_CLOSE = "\x01", "\x02"
_CLOSER = {"(": ")", "[": "]", "{": "}"}
_ANGLES = re.compile(r"<[a-zA-Z_]+:[^<>]*>")  # <lora:name:0.8>, <embedding:...>; never an emoticon such as <o>_<o>
_ALTERNATIVES = re.compile(r"\{[^{}]*\|[^{}]*\}|__[\w/*-]+__")  # {a|b}, __wildcard__: what was drawn is not known
_BREAKS = re.compile(r"\bBREAK\b|\bAND\b|[\r\n\t]+")
_PARAMETERS = re.compile(r"\s*(?:negative prompt|steps):\s.*", re.IGNORECASE | re.DOTALL)
_WEIGHT = re.compile(r":\s*(-?[0-9]*\.?[0-9]+)$")
_LEADING_WEIGHT = re.compile(r"^(-?[0-9]*\.?[0-9]+)::")
_FUNCTION_WORDS = frozenset(["a", "an", "with", "wearing", "has", "have", "is", "are", "her", "his", "their", "who"])


def pieces(line: str) -> list[str]:
    """Cut a line into raw pieces, one a tag; weights and brackets are still on them (``clean`` takes them off).

    Commas and line breaks separate. A line without commas is cut at spaces where it looks like booru tags (an underscore
    anywhere), and otherwise is one piece. What follows ``Negative prompt:`` or ``Steps:`` describes no picture and is dropped.
    """
    if "<" in line:
        line = _ANGLES.sub(",", line)
    if "|" in line or "__" in line:
        line = _ALTERNATIVES.sub(",", line)
    if not line.isprintable() or "BREAK" in line or "AND" in line:
        line = _BREAKS.sub(",", line)
    if "rompt: " in line or "teps: " in line:
        line = _PARAMETERS.sub("", line)
    if "," in line:
        return line.split(",")
    return line.split() if "_" in line else [line]


def clean(piece: str) -> str:
    r"""The tag of a raw piece: lower case, underscores for spaces, escapes resolved, brackets and weights gone.

    Parentheses that belong to the name stay (``saber_(fate)``, ``saber \(fate\)``). A piece whose weight is zero or
    negative says the thing is *not* there for the generator; it is dropped like prompt editing (``[a:b:0.5]``): "".
    """
    text = piece.strip().lower()
    if text in _EMOTICONS:
        return text
    text = text.replace("\\(", _LITERAL_OPEN).replace("\\)", _LITERAL_CLOSE)
    text, weight = _unwrapped(text)
    if weight <= 0 or (text.count(":") >= 2 and piece.lstrip().startswith("[")):
        return ""
    text = text.replace(_LITERAL_OPEN, "(").replace(_LITERAL_CLOSE, ")")
    return "_".join(text.strip(" .;").split()) if text not in _EMOTICONS else text


def _unwrapped(text: str) -> tuple[str, float]:
    """Take off brackets that wrap the piece, or that open or close a group of pieces, and the weight they carry."""
    weight = 1.0
    leading = _LEADING_WEIGHT.match(text)
    if leading:
        text, weight = text[leading.end() :].removesuffix("::"), float(leading[1])
    while text and text not in _EMOTICONS:
        if text[0] in _CLOSER:
            closer = _CLOSER[text[0]]
            text = text[1:-1] if text.endswith(closer) else text[1:]
        elif text[-1] in ")]}" and text.count(text[-1]) > sum(
            text.count(o) for o, c in _CLOSER.items() if c == text[-1]
        ):
            text = text[:-1]
        elif found := _WEIGHT.search(text):
            text, weight = text[: found.start()], float(found[1])
        else:
            break
        text = text.strip()
    return text, weight


def is_prose(piece: str) -> bool:
    """Whether a raw piece reads as a sentence: four words or more, one of them a small word that titles of works lack.

    Neither ``the king of fighters`` nor a qualified name (``zero two (darling in the franxx)``) is a sentence.
    """
    words = piece.lower().split()
    return len(words) >= 4 and "(" not in piece and not _FUNCTION_WORDS.isdisjoint(words)
