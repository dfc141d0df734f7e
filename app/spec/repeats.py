"""Fields of what takes place: how it repeats, picked and read as a sentence; when it reminds (EVT).

What is stored, imported, exported and sent to programs is the rule; people see it in words.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from babel.dates import get_day_names, get_month_names
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec import recurrence
from app.spec.field import BLANK_OPERATORS
from app.spec.kinds import IntegerField, TextField
from app.spec.plurals import ngettext
from app.spec.recurrence import DAILY, LAST, MONTHLY, WEEKDAYS, WEEKLY, YEARLY, Rule
from app.spec.words import language, listed

WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
USUAL: Mapping[str, Any] = {
    "FREQ=DAILY": _l("Daily"),
    "FREQ=WEEKLY": _l("Weekly"),
    WORKDAYS: _l("Monday to Friday"),
    "FREQ=MONTHLY": _l("Monthly on the same day"),
    "FREQ=MONTHLY;BYMONTHDAY=-1": _l("Monthly on the last day"),
    "FREQ=YEARLY": _l("Yearly"),
}
"""What a form offers; everything else comes from other programs, and stays until it is changed."""
INTERVAL, UNTIL, COUNT = "interval", "until", "count"
PARTS = (INTERVAL, UNTIL, COUNT, *WEEKDAYS)
"""The inputs beside the choice, each called ``<key>-<part>``."""
_PLACES = {
    1: _l("the first %(weekday)s"),
    2: _l("the second %(weekday)s"),
    3: _l("the third %(weekday)s"),
    4: _l("the fourth %(weekday)s"),
    5: _l("the fifth %(weekday)s"),
    LAST: _l("the last %(weekday)s"),
}


@dataclass(frozen=True, kw_only=True)
class MinutesField(IntegerField):
    """So many minutes before something takes place, empty for never."""

    suggested: tuple[int, ...] = (0, 5, 10, 15, 30, 60, 1_440)
    """What its input proposes; any other number may be typed."""


@dataclass(frozen=True, kw_only=True)
class RepeatField(TextField):
    """How something repeats, empty for once."""

    kind: ClassVar[str] = "repeat"
    operators: ClassVar[tuple[str, ...]] = BLANK_OPERATORS
    max_length: int = recurrence.LONGEST

    def normalise(self, value: str) -> str:
        return str(recurrence.parse(value))

    def to_text(self, value: Any) -> str:
        return sentence(value) if value else ""


def inputs(field: RepeatField) -> list[str]:
    """The names of the inputs beside the choice."""
    return [f"{field.key}-{part}" for part in PARTS]


def composed(chosen: str, parts: Mapping[str, str]) -> str:
    """The rule that a form's choice and the inputs beside it say; nothing for once.

    What is given in the choice itself counts where no input says otherwise.
    """
    found = _split(chosen)
    if not found:
        return chosen
    given = [one for one in WEEKDAYS if parts.get(one)]
    if given and found.get("FREQ") == WEEKLY and "BYDAY" not in found:
        found["BYDAY"] = ",".join(given)
    for part in (INTERVAL, UNTIL, COUNT):
        value = parts.get(part, "").strip()
        if value and (part, value) != (INTERVAL, "1"):
            found[part.upper()] = value
    text = ";".join(f"{name}={value}" for name, value in found.items())
    rule = recurrence.stored(text)
    return str(rule) if rule else text


def taken_apart(value: str) -> dict[str, Any]:
    """The choice and the inputs beside it, as they say that rule; also of one that is wrong."""
    found = _split(value)
    if not found:
        return {"chosen": value, "weekdays": [], INTERVAL: "", UNTIL: "", COUNT: ""}
    parts = {part: found.pop(part.upper(), "") for part in (INTERVAL, UNTIL, COUNT)}
    until = parts[UNTIL]
    if until.isdecimal() and len(until) == len("20261231"):
        parts[UNTIL] = f"{until[:4]}-{until[4:6]}-{until[6:]}"
    weekdays: list[str] = []
    if found.get("FREQ") == WEEKLY and _joined(found) != WORKDAYS:
        weekdays = found.pop("BYDAY", "").split(",")
    return {"chosen": _joined(found), "weekdays": weekdays, **parts}


def _split(text: str) -> dict[str, str]:
    """The parts by name; nothing for a text that is no list of parts."""
    pairs = [part.partition("=") for part in text.split(";") if part]
    return {p[0].upper(): p[2] for p in pairs} if all(p[1] for p in pairs) else {}


def _joined(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def weekday_names() -> list[str]:
    """Monday first, in the reader's language, as short as can be."""
    names = get_day_names("abbreviated", locale=language.get())
    return [str(names[number]) for number in range(len(WEEKDAYS))]


def sentence(text: str) -> str:
    """The rule in words, in the reader's language; as it stands where it is none."""
    rule = recurrence.stored(text)
    if rule is None:
        return text
    often = _often(rule)
    if rule.until:
        return str(_("%(often)s, until %(day)s", often=often, day=rule.until.isoformat()))
    if rule.count:
        return str(
            ngettext("%(often)s, %(num)d time", "%(often)s, %(num)d times", rule.count, often=often)
        )
    return often


def _often(rule: Rule) -> str:
    if str(Rule(rule.every, rule.interval, weekdays=rule.weekdays)) == WORKDAYS:
        return str(USUAL[WORKDAYS])
    on, n = listed(_on(rule)), rule.interval
    return str(_OFTEN[rule.every][2 * bool(on) + (n > 1)]) % {"num": n, "days": on}


_OFTEN: Mapping[str, Sequence[Any]] = {
    DAILY: (_l("Every day"), _l("Every %(num)d days")),
    WEEKLY: (
        _l("Every week"),
        _l("Every %(num)d weeks"),
        _l("Every week on %(days)s"),
        _l("Every %(num)d weeks on %(days)s"),
    ),
    MONTHLY: (
        _l("Every month on the same day"),
        _l("Every %(num)d months on the same day"),
        _l("Every month on %(days)s"),
        _l("Every %(num)d months on %(days)s"),
    ),
    YEARLY: (
        _l("Every year on the same day"),
        _l("Every %(num)d years on the same day"),
        _l("Every year on %(days)s"),
        _l("Every %(num)d years on %(days)s"),
    ),
}
"""For one period and for several, then the same with the days."""


def _on(rule: Rule) -> Iterator[str]:
    """The days on which it takes place."""
    weekdays, months = weekday_names(), list(_months(rule.months))
    days = [_place(at) % {"weekday": weekdays[day]} for at, day in rule.weekdays]
    days += [_day(day) for day in rule.month_days]
    if not months or not days:
        yield from months or days
        return
    for month in months:
        for day in days:
            yield str(_("%(month)s, %(day)s", month=month, day=day))


def _place(at: int) -> str:
    return str(_PLACES[at]) if at else "%(weekday)s"


def _day(number: int) -> str:
    return str(_("the last day") if number == LAST else _("day %(number)d", number=number))


def _months(numbers: Iterable[int]) -> Iterator[str]:
    names = get_month_names("wide", locale=language.get())
    return (str(names[number]) for number in numbers)
