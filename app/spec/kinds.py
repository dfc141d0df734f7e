"""The kinds of simple fields: text, numbers, money, dates, choices, yes/no.

Each knows its column type, how to read what a person typed (in either language's habits), how JSON
and a reader's page show it, and which filter operators make sense (LIST-2).
"""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, Date, Integer, Numeric, String, Text
from sqlalchemy.types import TypeEngine

from app.spec import checks, clock, text
from app.spec.field import BLANK_OPERATORS, RANGE_OPERATORS, TEXT_OPERATORS, Field
from app.spec.options import Dictionary
from app.spec.types import UTCDateTime

EARLIEST_YEAR, LATEST_YEAR = 1900, 2999


@dataclass(frozen=True, kw_only=True)
class TextField(Field):
    """One line of text, cleaned of control characters."""

    kind: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = TEXT_OPERATORS + BLANK_OPERATORS
    max_length: int = 120
    is_multiline: ClassVar[bool] = False

    def column_type(self) -> TypeEngine[Any]:
        return String(self.max_length)

    def convert(self, raw: Any) -> str | None:
        if not isinstance(raw, str):
            raise ValueError(_l("This must be text."))
        value = text.clean(raw, multiline=self.is_multiline)
        if len(value) > self.max_length:
            raise ValueError(_l("At most %(n)s characters.", n=self.max_length))
        return self.normalise(value) if value else None

    def normalise(self, value: str) -> str:
        """The stored form; raises ValueError for what is not of this kind."""
        return value


@dataclass(frozen=True, kw_only=True)
class LongTextField(TextField):
    kind: ClassVar[str] = "long_text"
    operators: ClassVar[tuple[str, ...]] = (
        *(code for code in TEXT_OPERATORS if code not in ("in", "not_in")),
        *BLANK_OPERATORS,
    )
    is_multiline: ClassVar[bool] = True
    max_length: int = 2000
    has_phrases: bool = False  # whether its text area offers canned phrases (ACT)

    def column_type(self) -> TypeEngine[Any]:
        return Text()


@dataclass(frozen=True, kw_only=True)
class SecretField(TextField):
    """A password of the installation's: kept encrypted, shown and recorded to nobody (R18)."""

    kind: ClassVar[str] = "secret"
    max_length: int = 200

    def to_text(self, value: Any) -> str:
        return "••••••" if value else ""


@dataclass(frozen=True, kw_only=True)
class MobileField(TextField):
    kind: ClassVar[str] = "phone"
    max_length: int = 32

    def normalise(self, value: str) -> str:
        return checks.mobile(value, checks.home.get())


@dataclass(frozen=True, kw_only=True)
class PhoneField(TextField):
    kind: ClassVar[str] = "phone"
    max_length: int = 40

    def normalise(self, value: str) -> str:
        return checks.phone(value, checks.home.get())


@dataclass(frozen=True, kw_only=True)
class EmailField(TextField):
    kind: ClassVar[str] = "email"
    max_length: int = 254

    def normalise(self, value: str) -> str:
        return checks.email(value)


class MailboxField(EmailField):
    """An address that mail comes from: one that every mail server takes."""

    def normalise(self, value: str) -> str:
        return checks.mailbox(value)


@dataclass(frozen=True, kw_only=True)
class WebsiteField(TextField):
    kind: ClassVar[str] = "url"
    max_length: int = 255

    def normalise(self, value: str) -> str:
        return checks.website(value)


@dataclass(frozen=True, kw_only=True)
class CreditCodeField(TextField):
    """The Chinese unified social credit code, 18 characters with a check digit."""

    max_length: int = 18

    def normalise(self, value: str) -> str:
        return checks.credit_code(value)


@dataclass(frozen=True, kw_only=True)
class IntegerField(Field):
    kind: ClassVar[str] = "integer"
    operators: ClassVar[tuple[str, ...]] = RANGE_OPERATORS + BLANK_OPERATORS
    minimum: int = -(2**31)
    maximum: int = 2**31 - 1

    def column_type(self) -> TypeEngine[Any]:
        return Integer()

    def convert(self, raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise ValueError(_l("This must be a whole number."))
        try:
            value = int(plain_width(str(raw)).replace(",", "").strip())
        except ValueError:
            raise ValueError(_l("This must be a whole number.")) from None
        if not self.minimum <= value <= self.maximum:
            raise ValueError(_l("This number is out of range."))
        return value


@dataclass(frozen=True, kw_only=True)
class CountField(IntegerField):
    """A number that is counted while it is read; nothing stores it."""

    operators: ClassVar[tuple[str, ...]] = ()

    @property
    def is_stored(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class MoneyField(Field):
    """An amount in the company's currency: Numeric(18, 2), never a float."""

    kind: ClassVar[str] = "money"
    operators: ClassVar[tuple[str, ...]] = RANGE_OPERATORS + BLANK_OPERATORS

    def column_type(self) -> TypeEngine[Any]:
        return Numeric(18, 2)

    def convert(self, raw: Any) -> Decimal:
        if isinstance(raw, bool | float) or not isinstance(raw, int | str | Decimal):
            raise ValueError(_l("This must be an amount, as text."))
        try:
            value = Decimal(plain_width(str(raw)).replace(",", "").strip())
        except InvalidOperation:
            raise ValueError(_l("This must be an amount.")) from None
        if not value.is_finite() or abs(value) >= Decimal(10) ** 16:
            raise ValueError(_l("This number is out of range."))
        if value != value.quantize(Decimal("0.01")):
            raise ValueError(_l("At most two decimal places."))
        return value.quantize(Decimal("0.01"))

    def to_json(self, value: Any) -> Any:
        return None if value is None else f"{value:.2f}"

    def from_json(self, value: Any) -> Any:
        return None if value is None else self.convert(str(value))

    def to_text(self, value: Any) -> str:
        return "" if value is None else f"{value:,.2f}"


@dataclass(frozen=True, kw_only=True)
class DateField(Field):
    kind: ClassVar[str] = "date"
    operators: ClassVar[tuple[str, ...]] = (*RANGE_OPERATORS, "within", *BLANK_OPERATORS)

    def column_type(self) -> TypeEngine[Any]:
        return Date()

    def convert(self, raw: Any) -> date:
        if isinstance(raw, date) and not isinstance(raw, datetime):
            return in_living_memory(raw)
        try:
            day = date.fromisoformat(iso_date(str(raw)))
        except ValueError:
            raise ValueError(_l("This must be a date, as 2026-11-21.")) from None
        return in_living_memory(day)

    def to_json(self, value: Any) -> Any:
        return None if value is None else value.isoformat()

    def from_json(self, value: Any) -> Any:
        return None if value is None else date.fromisoformat(str(value))

    def to_text(self, value: Any) -> str:
        return "" if value is None else value.isoformat()


@dataclass(frozen=True, kw_only=True)
class DateTimeField(Field):
    is_ahead: bool = False
    """Only a moment that is still to come can be entered; what was entered stays when it comes."""
    is_due: bool = False
    """Something is to be done then: wherever it is shown, it says that it is today or overdue."""
    settled_by: tuple[str, ...] = ()
    """The fields that say it is done: a moment not before it, any other value that isn't empty."""
    due_while: tuple[str, str] | tuple[()] = ()
    """A field and the value that it has as long as there is something to be done."""

    kind: ClassVar[str] = "datetime"
    operators: ClassVar[tuple[str, ...]] = (*RANGE_OPERATORS, "within", *BLANK_OPERATORS)

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The fields that say whether it is done."""
        return (*self.settled_by, *self.due_while[:1])

    def column_type(self) -> TypeEngine[Any]:
        return UTCDateTime()

    def convert(self, raw: Any) -> datetime:
        try:
            at = raw if isinstance(raw, datetime) else datetime.fromisoformat(iso_date(str(raw)))
        except ValueError:
            raise ValueError(_l("This must be a time, as 2026-11-21 16:00.")) from None
        in_living_memory(at)
        return clock.from_reader(at).replace(microsecond=0)

    def check_new(self, value: Any) -> None:
        if self.is_ahead and value is not None and value <= clock.now():
            raise ValueError(_l("This must be in the future."))

    def to_json(self, value: Any) -> Any:
        return None if value is None else clock.iso(value)

    def from_json(self, value: Any) -> Any:
        return None if value is None else datetime.fromisoformat(str(value))

    def to_text(self, value: Any) -> str:
        return "" if value is None else clock.shown(value)


@dataclass(frozen=True, kw_only=True)
class BooleanField(Field):
    """Yes or no."""

    until: str = ""
    """The field with the moment from which a yes is a no; asked at every reading (CUS-2)."""
    flag: str = ""
    """The colour of the badge that says yes, in the header of the record and in the list."""

    kind: ClassVar[str] = "boolean"
    operators: ClassVar[tuple[str, ...]] = ("eq", "neq")

    def column_type(self) -> TypeEngine[Any]:
        return Boolean()

    def convert(self, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        value = str(raw).strip().lower()
        if value in {"1", "true", "y", "yes", "on", "是"}:
            return True
        if value in {"0", "false", "n", "no", "off", "否"}:
            return False
        raise ValueError(_l("This must be yes or no."))

    def to_text(self, value: Any) -> str:
        return "" if value is None else str(_l("Yes") if value else _l("No"))


@dataclass(frozen=True, kw_only=True)
class OptionField(Field):
    """One choice of a list, stored by its code."""

    kind: ClassVar[str] = "option"
    operators: ClassVar[tuple[str, ...]] = ("eq", "neq", "in", "not_in", *BLANK_OPERATORS)
    choices: Dictionary

    def column_type(self) -> TypeEngine[Any]:
        return String(40)

    def convert(self, raw: Any) -> str:
        """Accepts the code or the label in either language; a retired choice is refused."""
        wanted = str(raw).strip()
        for choice in self.choices.current():
            if wanted in {choice.code, choice.label.en, choice.label.zh} and choice.is_active:
                return choice.code
        raise ValueError(_l("Not a valid choice."))

    def to_text(self, value: Any) -> str:
        return self.choices.text(value)


@dataclass(frozen=True, kw_only=True)
class ChoicesField(OptionField):
    """Several choices of a list; a parameter of operations, never a column."""

    kind: ClassVar[str] = "options"

    @property
    def is_stored(self) -> bool:
        return False

    def parse(self, raw: Any) -> Any:
        items = raw if isinstance(raw, list | tuple) else [raw]
        return [self.convert(item) for item in items if item not in (None, "")]


@dataclass(frozen=True, kw_only=True)
class BirthdayField(TextField):
    """Month and day, the year when it is known: 11-21 or 1990-11-21 (CON)."""

    kind: ClassVar[str] = "birthday"
    max_length: int = 20

    def normalise(self, value: str) -> str:
        day = iso_date(value)
        parts = day.split("-")
        try:
            if len(parts) == 2:
                whole = date.fromisoformat(f"2000-{parts[0].zfill(2)}-{parts[1].zfill(2)}")
                return whole.isoformat()[5:]
            born = date.fromisoformat(day)
        except ValueError:
            raise ValueError(_l("This must be a birthday, as 11-21 or 1990-11-21.")) from None
        if born > clock.today():
            raise ValueError(_l("A birthday can't lie in the future."))
        return born.isoformat()


def whole_day(raw: Any) -> date | None:
    """The day that somebody names without a time of day; None for a moment."""
    try:
        return date.fromisoformat(iso_date(str(raw)))
    except ValueError:
        return None


Day = TypeVar("Day", bound=date)


def in_living_memory(day: Day) -> Day:
    """The day itself; ValueError for years that no clock of a reader can show."""
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        span = {"first": EARLIEST_YEAR, "last": LATEST_YEAR}
        raise ValueError(_l("The year must be from %(first)s to %(last)s.", **span))
    return day


def plain_width(raw: str) -> str:
    """Full-width digits, signs and separators as the plain ones."""
    return unicodedata.normalize("NFKC", raw)


def iso_date(raw: str) -> str:
    """Chinese and slashed dates as ISO: 2026年1月2日, 2026/1/2, full-width digits."""
    folded = plain_width(raw).strip()
    folded = folded.replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-")
    day, separator, rest = folded.replace("T", " ").partition(" ")
    parts = day.split("-")
    if len(parts) == 3:
        day = f"{parts[0]}-{parts[1].zfill(2)}-{parts[2].zfill(2)}"
    return f"{day}{separator}{rest.strip()}"
