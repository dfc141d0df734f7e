"""Values as a reader sees them on a page: escaped, linked, coloured, on his own clock.

One function per kind, chosen once per column, so that a page of cells costs no decisions.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.dates import format_timedelta
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.admin.page import here
from app.spec import clock, company, recycling, repeats
from app.spec.catalogue import catalogue
from app.spec.days import DaysLeftField
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import BooleanField, OptionField
from app.spec.plurals import ngettext
from app.spec.relations import RelationField
from app.spec.values import KeptChoicesField
from app.spec.words import language
from app.store import titles

NUMERIC = frozenset({"money", "integer"})
EMPTY = Markup("")
PRESSING, CALM = 3, 14
"""Up to so many days that are left look pressing, and beyond so many like any number."""

Cell = Callable[[Any], Markup]


def cell(field: Field) -> Cell:
    """How to show a value of that field; badges are made once per column."""
    if isinstance(field, KeptChoicesField):
        return lambda codes: escape(field.to_text(codes))
    if isinstance(field, OptionField):
        made = {option.code: badge(field, option.code) for option in field.choices.current()}
        return lambda code: made[code] if code in made else badge(field, code)
    if isinstance(field, DaysLeftField):
        return days_left
    if isinstance(field, BooleanField) and field.flag:
        flag = _badge(field.flag, field.label)
        return lambda value: flag if value else EMPTY
    return _BY_KIND.get(field.kind, escape)


def show(how: Cell, value: Any) -> Markup:
    """One value, ready for a page; nothing for nothing."""
    return EMPTY if value is None or value == "" else how(value)


def badge(field: OptionField, code: str) -> Markup:
    """A choice as a coloured badge; without a colour as plain text."""
    option = field.choices.find(code)
    if option is None or not option.colour:
        return escape(field.to_text(code))
    return _badge(option.colour, option.label)


def _badge(colour: str, text: object) -> Markup:
    return Markup('<span class="badge bg-%s-lt">%s</span>') % (colour, text)


def moment(value: datetime) -> Markup:
    """How long ago or ahead, with the exact time on hover (UI-4)."""
    exact = clock.local(value).isoformat(" ", "minutes")[:16]
    iso = value.isoformat()[:19]
    said = escape(distance(value))
    return Markup(f'<time datetime="{iso}Z" title="{exact}">{said}</time>')  # noqa: S704 - escaped


def days_left(days: int) -> Markup:
    """How long until a pool takes a record back; the nearer, the louder (POOL-6)."""
    is_next = company.today() + days * recycling.DAY <= recycling.next_run()
    said = _("tonight") if is_next else ngettext("%(num)d day left", "%(num)d days left", days)
    if days > CALM:
        return escape(said)
    return _badge("red" if days <= PRESSING else "orange", said)


def due() -> Cell:
    """How to show a time at which something is to be done: overdue and today in words and colour.

    The days are the reader's; found out once per column.
    """
    first = clock.midnight(clock.today())
    after = clock.midnight(clock.today() + timedelta(days=1))
    late = Markup('<span class="due late">{} <b>%s</b></span>') % _("overdue")
    today = Markup('<span class="due today">{} <b>%s</b></span>') % _("today")

    def show(value: datetime) -> Markup:
        if value >= after:
            return moment(value)
        return (late if value < first else today).format(moment(value))

    return show


def distance(value: datetime) -> str:
    """Near times as a distance, far ones as a date."""
    gap = value - clock.now()
    if abs(gap.days) > 30:
        return clock.local(value).date().isoformat()
    if abs(gap) < timedelta(minutes=1):  # clocks differ by seconds: nothing is saved "in 0 seconds"
        return _("just now")
    step = 60 if abs(gap) < timedelta(days=1) else 3600
    return _distance(language.get(), round(gap.total_seconds() / step) * step)


@lru_cache(maxsize=10_000)
def _distance(tongue: str, seconds: int) -> str:
    """Said once for all of about the same age: a page has a hundred."""
    return format_timedelta(seconds, add_direction=True, locale=tongue)


def money(value: Decimal) -> Markup:
    """An amount with separators, exact on hover when it is abbreviated: 万 in zh, K and M in en."""
    sign = f"{'-' if value < 0 else ''}{company.currency_symbol()}"
    exact, brief = f"{sign}{abs(value):,.2f}", f"{sign}{short(abs(value))}"
    if brief == exact:
        return escape(exact)
    return Markup('<span title="{}">{}</span>').format(exact, brief)


def short(value: int | Decimal) -> str:
    """A number in few signs (UI-8), as 1.25万 or 12.5K; counts below 10,000 stay whole."""
    least = 10_000 if isinstance(value, int) else 0
    amount = Decimal(value)
    for size, unit in _UNITS[language.get()]:
        if abs(amount) >= max(size, least):
            return f"{amount / size:,.2f}".rstrip("0").rstrip(".") + unit
    return f"{value:,}" if least else f"{amount:,.2f}"


_UNITS: dict[str, tuple[tuple[int, str], ...]] = {
    "zh": ((10**8, "亿"), (10**4, "万")),
    "en": ((10**6, "M"), (10**3, "K")),
}


def file_size(count: int) -> str:
    """So many bytes in the largest unit that fits."""
    size, unit = float(count), 0
    while size >= 1024 and unit < len(_BYTES) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f} {_BYTES[unit]}" if unit and size < 10 else f"{size:.0f} {_BYTES[unit]}"


_BYTES = ("B", "KB", "MB", "GB")


def _phone(value: str) -> Markup:
    return _dialled("tel", value)


def _email(value: str) -> Markup:
    return _dialled("mailto", value)


def _dialled(scheme: str, value: str) -> Markup:
    """A link to call or write to; a mask leads nowhere."""
    said = escape(value)
    if "*" in value:
        return said
    return Markup(f'<a href="{scheme}:{said}">{said}</a>')  # noqa: S704 - escaped


def _website(value: str) -> Markup:
    """A link for addresses of the web only, however the value came in (C50)."""
    if not value.startswith(("https://", "http://")):
        return escape(value)
    return Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(
        value, value.removeprefix("https://").removeprefix("http://")
    )


def _yes_or_no(value: bool) -> Markup:
    return escape(_("Yes") if value else _("No"))


def _long(value: str) -> Markup:
    return Markup("<br>").join(value.splitlines())


_BY_KIND: dict[str, Cell] = {
    "datetime": moment,
    "date": lambda value: escape(value.isoformat()),
    "money": money,
    "phone": _phone,
    "email": _email,
    "url": _website,
    "boolean": _yes_or_no,
    "long_text": _long,
    "repeat": lambda value: escape(repeats.sentence(value)),
}


def several(some: Sequence[titles.Linked]) -> Markup:
    """Linked records: as badges when they have colours, else as one text."""
    if not any(one.colour for one in some):
        return escape(titles.said(some))
    return Markup(" ").join(_badge(one.colour, one.title) for one in some if one.title)


def initials(name: str) -> str:
    """One or two letters for an avatar: the last two of a Chinese name, else first letters."""
    words = name.split()
    if len(words) > 1:
        return (words[0][:1] + words[-1][:1]).upper()
    return name[-2:] if name and not name.isascii() else name[:2].upper()


def linked(field: RelationField, record: Any, told: Cell | None = None) -> Markup:
    """A linked record by its name, leading to its page; people with an avatar instead (UI-4).

    ``told`` shows of it what stands beside its name.
    """
    if record is None:
        return EMPTY
    name = titles.of(record, field)
    if field.is_person:
        return person(name)
    link = leading_to(catalogue.get(field.to), record.id, name)
    beside = told(record) if told else EMPTY
    return Markup("{} {}").format(link, beside) if beside else link


def leading_to(entity: Entity, record_id: int, name: str) -> Markup:
    """A record's name as a link to its page."""
    return Markup('<a href="%s">%s</a>') % (here(f"/{entity.plural}/show/{record_id}"), name)


@lru_cache(maxsize=2_000)
def person(name: str) -> Markup:
    """Made once: a list shows the same few people again and again."""
    return Markup('<span class="person" data-initials="%s">%s</span>') % (initials(name), name)
