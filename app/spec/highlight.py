"""Where in a value the searched words stand, for a reader to see why he got it (SEARCH).

Follows the ways in which a word finds something: as it is written whatever its width, case or
accents, as digits with anything between them, as pinyin or its initials. What was found in pieces
that stand apart is not marked.
"""

from collections.abc import Iterator

from app.spec.pinyin import readings
from app.spec.text import fold
from app.spec.tokens import RUN

Span = tuple[int, int]


def spans(value: str, words: str) -> list[Span]:
    """The places of the words in the value as (start, end), in order and never overlapping."""
    signs = [fold(sign) for sign in value]
    found: set[int] = set()
    for run in RUN.finditer(fold(words)):
        for start, end in _places(signs, run[0]):
            found.update(range(start, end))
    return list(_joined(sorted(found)))


def _places(signs: list[str], word: str) -> Iterator[Span]:
    """Every place of one word; by its sound only where it isn't written out."""
    number = word if word.isascii() and word.isdigit() else ""
    written = list(_written(signs, word)) or list(_written(signs, number, skipping=" -().+/"))
    if written or not (word.isascii() and word.isalpha()) or len(word) < 2:
        yield from written
        return
    for start in range(len(signs)):
        end = _spoken(signs, start, word, whole=True) or _spoken(signs, start, word, whole=False)
        if end:
            yield start, end


def _written(signs: list[str], word: str, *, skipping: str = "") -> Iterator[Span]:
    """The word letter by letter, with the signs of ``skipping`` passed over between them."""
    kept = [(place, sign) for place, sign in enumerate(signs) if sign and sign not in skipping]
    text = "".join(sign for _place, sign in kept)
    owners = [place for place, sign in kept for _letter in sign]
    start = text.find(word) if word else -1
    while start >= 0:
        yield owners[start], owners[start + len(word) - 1] + 1
        start = text.find(word, start + len(word))


def _spoken(signs: list[str], start: int, word: str, *, whole: bool) -> int:
    """Where the characters from ``start`` on that sound like the word end; 0 when they don't.

    Whole syllables, the last perhaps unfinished; or else the first letter of each.
    """
    ends, seen = [(start, word)], set[tuple[int, str]]()
    while ends:
        here = place, rest = ends.pop()
        if not rest:
            return place
        if here in seen:
            continue
        seen.add(here)
        sounds = readings(signs[place]) if place < len(signs) and len(signs[place]) == 1 else ()
        for sound in sounds:
            said = sound if whole else sound[0]
            if rest.startswith(said):
                ends.append((place + 1, rest[len(said) :]))
            elif whole and said.startswith(rest):
                ends.append((place + 1, ""))
    return 0


def _joined(places: list[int]) -> Iterator[Span]:
    """Neighbouring places as one span."""
    start = None
    for position, place in enumerate(places):
        if start is None:
            start = place
        if position + 1 == len(places) or places[position + 1] != place + 1:
            yield start, place + 1
            start = None
