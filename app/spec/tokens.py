"""Search tokens: what is stored of a record so that a fragment of it finds it (SEARCH).

A record is indexed as a set of short tokens, a query becomes a condition over tokens. Token =
one letter for the kind + the piece itself, only letters and digits, so that SQLite's FTS5
(``unicode61``) and a PostgreSQL vector keep each as one token:

====  =============================================  ==========================
c     one or two neighbouring Chinese characters      海纳 -> c海 c纳 c海纳
s, y  one pinyin syllable; two neighbours             shai sna yhaina
i     two or three neighbouring pinyin initials       ihn ihnk
l     two or three neighbours in a word or number     lac lcm lme lacm lcme
d     four neighbouring digits of a phone number      d1380 d3800
====  =============================================  ==========================

Long fragments are ANDs of such pieces, therefore a record that has all pieces but not in one
place is found too. That is accepted: it is rare (``tests/unit/test_tokens.py`` measures it), and
whoever needs an exact answer filters by "contains".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise, product
from typing import Literal

from app.spec.pinyin import readings, syllables
from app.spec.text import digits, fold

Kind = Literal["text", "number", "phone"]
Tokens = frozenset[str]
Alternative = tuple[Tokens, ...]

MAX_QUERY_LENGTH = 100
MAX_CLAUSES = 40
_MAX_CUTS = 4
_MAX_STEPS = 400  # a word of nothing but short syllables has more cuts than stars
_MAX_SYLLABLE = 6
_SHORT = 16

_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
RUN = re.compile(f"(?P<cjk>(?:(?=\\w)[{_CJK}])+)|(?P<word>[^\\W_{_CJK}]+)")
_PHONE = re.compile(r"[0-9()+./ -]+")
_PHONE_BREAK = re.compile(r"[^0-9()+. -]+")


@dataclass(frozen=True, slots=True)
class Query:
    """AND of ORs: a record matches when it has at least one token of every set in ``all``.

    An empty query (nothing typed that is long enough) has no sets and is false: the caller
    decides what that means.
    """

    all: tuple[frozenset[str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.all)

    def matches(self, tokens: frozenset[str]) -> bool:
        """Whether a record with these tokens is found; never by an empty query."""
        return bool(self.all) and all(not choice.isdisjoint(tokens) for choice in self.all)


def index_tokens(values: Iterable[tuple[Kind, str | None]]) -> frozenset[str]:
    """All tokens of a record, from its declared search fields as (kind, value).

    Kinds: ``text`` (names, addresses, e-mail), ``number`` (contract numbers, codes: found with
    and without their separators) and ``phone``. Another kind raises ``ValueError``.
    """
    tokens: set[str] = set()
    seen: list[str] = []
    for kind, value in values:
        folded = fold(value or "")
        # A short name that is a piece of the whole one has no token of its own.
        if kind != "text" or not any(folded in other for other in seen):
            tokens.update(pieces(kind, folded))
            if kind != "phone":
                seen.append(folded)
    return frozenset(tokens)


def pieces(kind: Kind, folded: str) -> Sequence[str]:
    """The tokens of one folded value in some fixed order, one or the other more than once."""
    if kind == "phone":
        numbers = map(digits, _PHONE_BREAK.split(folded))
        return [token for number in numbers for token in _grams("d", number, 4)]
    if kind not in ("text", "number"):
        raise ValueError(f"unknown kind of search value: {kind!r}")
    if kind == "text" and len(folded) <= _SHORT:
        return _short_tokens(folded)
    return _text_tokens(folded, joined=kind == "number")


@lru_cache(maxsize=16384)
def _short_tokens(text: str) -> tuple[str, ...]:
    """People's names: every company knows several of the same name."""
    return tuple(dict.fromkeys(_text_tokens(text, joined=False)))


def _text_tokens(text: str, *, joined: bool) -> list[str]:
    chinese: list[str] = []
    words: list[str] = []
    for run in RUN.finditer(text):
        (chinese if run["cjk"] else words).append(run[0])
    tokens = _chinese_tokens("".join(chinese)) if chinese else []
    for word in ["".join(words)] if joined else words:
        tokens += _word_tokens(word)
    return tokens


def _chinese_tokens(text: str) -> list[str]:
    tokens = [*chain(*map(_char_tokens, text)), *chain(*map(_pair_tokens, text, text[1:]))]
    initials = list(map(_initials, text))
    if max(map(len, initials)) == 1 == min(map(len, initials)):
        return tokens + _grams("i", "".join(initials), 3)
    for near in zip(initials, initials[1:], initials[2:], strict=False):
        tokens += ["i" + "".join(choice) for choice in product(*near)]
    return tokens


@lru_cache(maxsize=8192)
def _word_tokens(word: str) -> tuple[str, ...]:
    """Names are made of few words: Ltd, Trading, Wang come again and again."""
    return (*_grams("l", word, 2), *_grams("l", word, 3))


@lru_cache(maxsize=8192)
def _char_tokens(char: str) -> tuple[str, ...]:
    return (f"c{char}", *(f"s{sound}" for sound in readings(char)))


@lru_cache(maxsize=16384)
def _pair_tokens(first: str, second: str) -> tuple[str, ...]:
    sounds = product(readings(first), readings(second))
    initials = product(_initials(first), _initials(second))
    return (
        f"c{first}{second}",
        *(f"y{one}{other}" for one, other in sounds),
        *(f"i{one}{other}" for one, other in initials),
    )


@lru_cache(maxsize=8192)
def _initials(char: str) -> str:
    """The different first letters of its readings: 重 gives ``zc``."""
    return "".join(dict.fromkeys(sound[0] for sound in readings(char)))


def _grams(kind: str, text: str, width: int) -> list[str]:
    return [kind + text[start : start + width] for start in range(len(text) - width + 1)]


def query_tokens(text: str) -> Query:
    """What a record must have to be found by this text; all parts of the text must match.

    Parts that are too short to look for (one letter, one digit) are left out; when nothing is
    left the query is empty. Only the first 100 characters count.
    """
    folded = fold(text[:MAX_QUERY_LENGTH])
    by_parts = tuple(clause for run in RUN.finditer(folded) for clause in _run_clauses(run))
    number = digits(folded) if _PHONE.fullmatch(folded) else ""
    clauses = _either([by_parts, _phone(number)]) if len(number) >= 4 else by_parts
    return Query(tuple(dict.fromkeys(clauses))[:MAX_CLAUSES])


def _run_clauses(run: re.Match[str]) -> Alternative:
    if run["cjk"]:
        return _every(_grams("c", run[0], min(len(run[0]), 2)))
    return _word_clauses(run[0])


def _word_clauses(word: str) -> Alternative:
    """A word may be itself, digits of a phone, initials, or pinyin: any of them will do."""
    if len(word) < 2:
        return ()
    alternatives = [_every(_grams("l", word, min(len(word), 3)))]
    if word.isascii() and word.isdigit() and len(word) >= 4:
        alternatives.append(_phone(word))
    if word.isascii() and word.isalpha():
        alternatives.append(_every(_grams("i", word, min(len(word), 3))))
        alternatives.extend(_as_pinyin(cut) for cut in _cuts(word))
    return _either(alternatives)


def _phone(number: str) -> Alternative:
    """Digits of a phone; how the country is dialled (00, +86) is no part of a stored number.

    Only a number that is too long for a national one has that in front.
    """
    national = number.removeprefix("00") if len(number) >= 12 else number
    if len(national) == 13 and national.startswith("861"):
        national = national[2:]
    return _every(_grams("d", national, 4))


def _every(tokens: Iterable[str]) -> Alternative:
    return tuple(frozenset((token,)) for token in tokens)


def _either(alternatives: list[Alternative]) -> Alternative:
    """The alternatives side by side: the n-th clause is the OR of their n-th clauses.

    A record that fulfils one alternative fulfils the result. One that fulfils the first half of
    one and the second half of another does too; real names hardly ever do.
    """
    able = [alternative for alternative in alternatives if alternative]
    length = max(map(len, able), default=0)
    return tuple(
        frozenset().union(*(alternative[min(place, len(alternative) - 1)] for alternative in able))
        for place in range(length)
    )


@lru_cache(maxsize=512)
def _completions(start: str) -> tuple[str, ...]:
    """The syllables that begin so; a search is used while the last one is being typed."""
    return tuple(sorted(sound for sound in syllables() if sound.startswith(start)))


def _cuts(word: str) -> list[tuple[str, ...]]:
    """The ways to read a word as pinyin, few at most; the longest syllables first.

    The last syllable may be unfinished, but only when there is no reading without that.
    """
    whole: list[tuple[str, ...]] = []
    unfinished: list[tuple[str, ...]] = []
    open_cuts: list[tuple[tuple[str, ...], str]] = [((), word)]
    for _ in range(_MAX_STEPS):
        if not open_cuts or len(whole) == _MAX_CUTS:
            break
        done, rest = open_cuts.pop()
        if _completions(rest):
            (whole if rest in syllables() else unfinished).append((*done, rest))
        open_cuts.extend(
            ((*done, rest[:length]), rest[length:])
            for length in range(1, min(_MAX_SYLLABLE, len(rest) - 1) + 1)
            if rest[:length] in syllables()
        )
    return whole or unfinished[:_MAX_CUTS]


def _as_pinyin(cut: tuple[str, ...]) -> Alternative:
    """Neighbouring syllables in pairs; the last may be the beginning of a longer one.

    Two letters that are a syllable mean just that one: li is 李, not 刘.
    """
    *before, last = cut
    is_short_syllable = not before and len(last) == 2 and last in syllables()
    endings = (last,) if is_short_syllable else _completions(last)
    if not before:
        return (frozenset(f"s{ending}" for ending in endings),)
    pairs = [f"y{first}{second}" for first, second in pairwise(before)]
    return (*_every(pairs), frozenset(f"y{before[-1]}{ending}" for ending in endings))
