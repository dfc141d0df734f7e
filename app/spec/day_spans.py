"""Days and spans of days as somebody types them, a line each, with a name if it has one (SET-1).

``2027-01-01 ~ 2027-01-03 New Year``, ``元旦：2027年1月1日至3日`` and ``2026/12/31 - 1/2`` are read
alike and stored as the first: by day, so that equal lists are equal texts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.kinds import LongTextField, in_living_memory, plain_width
from app.spec.words import listed

LONGEST = 92
"""Days of one span: more is a slip of the pen."""
LONGEST_NAME = 40
MOST_TOLD = 5
"""So many wrong lines are told of at once."""

_MARK = r"\s*[-/.年月]\s*"
_END = r"(\d{1,2})(?!\d)\s*[日号]?(?:\s*\((?:周|星期)[一二三四五六日天]\))?"
_SPAN = re.compile(
    rf"(?<!\d)(\d{{4}}){_MARK}(\d{{1,2}}){_MARK}{_END}"
    r"(?:\s*(?:[-~〜–—至到]|\.{2,3}|to|until)\s*"
    rf"(?:(?:(\d{{4}}){_MARK})?(\d{{1,2}}){_MARK})?{_END})?",
    re.IGNORECASE,
)
_NEXT = re.compile(r"[,;、]\s*(?=\d{4})")
"""Between two dates of one line."""
_AROUND_NAME = " \t:,;、。.~-–—"


@dataclass(frozen=True, order=True)
class Span:
    """From the first day to the last one, both included."""

    first: date
    last: date
    name: str = ""

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(n) for n in range((self.last - self.first).days + 1))

    def __str__(self) -> str:
        """As it is stored and shown."""
        end = "" if self.last == self.first else f" ~ {self.last}"
        return f"{self.first}{end} {self.name}".strip()


class DaysField(LongTextField):
    """A list of days and spans of days."""

    def normalise(self, value: str) -> str:
        found = "\n".join(map(str, read(value)))
        if len(found) > self.max_length:  # longer than it was typed: it must be read again
            raise ValueError(_l("At most %(n)s characters.", n=self.max_length))
        return found

    def from_json(self, value: Any) -> Any:
        return self.convert(value)

    def to_text(self, value: str | None) -> str:
        return listed((value or "").split("\n"))


def read(text: str) -> Sequence[Span]:
    """The spans in order, each once; ValueError that names the wrong lines and their reasons."""
    found: set[Span] = set()
    wrong: list[str] = []
    for number, line in enumerate(plain_width(text).split("\n"), 1):
        try:
            found.update(_line(line))
        except ValueError as error:
            reason = str(error.args[0])
            wrong.append(str(_l("Line %(number)s: %(reason)s", number=number, reason=reason)))
    if wrong:
        raise ValueError(" ".join(wrong[:MOST_TOLD]))
    return sorted(found)


def _line(text: str) -> Iterator[Span]:
    """Its spans; the last one's name is that of those before it that have none."""
    spans = [_span(part) for part in _NEXT.split(text) if part.strip()]
    return (replace(span, name=span.name or spans[-1].name) for span in spans)


def _span(text: str) -> Span:
    """The one span of this text; ValueError with a sentence for anything else."""
    match = _SPAN.search(text)
    if match is None:
        raise ValueError(_l("There is no date with year, month and day, as 2027-01-31."))
    year, month, day, to_year, to_month, to_day = (int(n or 0) for n in match.groups())
    name = f"{text[: match.start()].strip(_AROUND_NAME)} {text[match.end() :].strip(_AROUND_NAME)}"
    name = name.strip()
    if re.search(r"\d", name):
        raise ValueError(_l("“%(words)s” is not understood; names have no digits.", words=name))
    if len(name) > LONGEST_NAME:
        raise ValueError(_l("At most %(n)s characters.", n=LONGEST_NAME))
    first = _day(year, month, day)
    to_month = to_month or month
    last = _day(to_year or year + (to_month < month), to_month, to_day or day)
    if not 0 <= (last - first).days < LONGEST:
        span = Span(first, last)
        raise ValueError(_l("%(span)s is no range of 1 to %(n)s days.", span=span, n=LONGEST))
    return Span(first, last, name)


def _day(year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        wrong = f"{year}-{month:02}-{day:02}"
        raise ValueError(_l("There is no day %(day)s.", day=wrong)) from None
    return in_living_memory(found)
