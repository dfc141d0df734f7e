"""What stands in somebody's calendar (TASK): which records, at which time, and how they look.

A kind of entry is a filter of its entity's list, in the same grammar, with the field that says
when. So whoever may list a record finds it in the calendar, and nobody else does (PERM-4).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.spec.conditions import Condition, columns_in
from app.spec.errors import DeclarationError
from app.spec.field import Field
from app.spec.options import COLOURS
from app.spec.words import Label

TIMES = ("datetime", "date")


@dataclass(frozen=True, kw_only=True)
class CalendarKind:
    """The records of an entity that stand in the calendar of whoever they are about."""

    key: str
    """One of its kind in the whole program: the word in addresses and kept choices."""
    label: Label
    meaning: Label
    """A whole sentence: exactly which records these are."""
    starts: str
    """The moment or day at which an entry begins; without one there is no entry."""
    ends: str = ""
    """The moment or day at which it is over; "" for what has no length."""
    all_day: str = ""
    """The flag that says of moments that whole days are meant. What has a day for its beginning
    lasts all day anyway."""
    repeats: str = ""
    """The field with the rule by which it takes place again and again; with it comes ``lasts``."""
    zone: str = ""
    """The field with the time zone in which its times of day are meant."""
    lasts: str = ""
    """The moment at which the last of its times is over; empty for what its start finds
    (``app/spec/recurring.py``)."""
    conditions: tuple[Condition, ...] = ()
    """What has to hold of a record besides."""
    over: tuple[Condition, ...] = ()
    """What holds when nothing is left to do: such an entry stays, and says so."""
    to_do: str = ""
    """The to-do list whose marks say the same."""
    person: str = "owner"
    """The field of the person in whose calendar it stands."""
    partakers: str = ""
    """The field of further people in whose calendars it stands too."""
    colour: str = "blue"
    is_due: bool = True
    """Something is to be done by then: it can be overdue."""
    moves: bool = False
    """Can be moved in the calendar, by whoever may edit the record."""
    creates: bool = False
    """An empty place of one's calendar offers to make one."""

    @property
    def told(self) -> tuple[str, ...]:
        """The fields that an entry is made of, besides what it is called."""
        keys = (self.starts, self.ends, self.all_day, self.repeats, self.zone, self.lasts)
        return tuple(key for key in (*keys, self.person, self.partakers) if key)

    def validate(self, fields: Mapping[str, Field]) -> None:
        """Raise :class:`DeclarationError` for entries that can't be asked for."""
        for part, problem in self._problems(fields):
            raise DeclarationError(self.key, part, problem)

    def _problems(self, fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
        def kind(key: str) -> str:
            return fields[key].kind if key in fields else ""

        if kind(self.starts) not in TIMES:
            yield "starts", f"{self.starts} must be a moment or a day"
        if self.ends and kind(self.ends) != kind(self.starts):
            yield "ends", f"{self.ends} must be of the same kind as {self.starts}"
        if self.all_day and (kind(self.all_day), kind(self.starts)) != ("boolean", "datetime"):
            yield "all_day", f"{self.all_day} must be a flag beside a moment"
        if self.repeats and (kind(self.repeats), kind(self.lasts)) != ("repeat", "datetime"):
            yield "repeats", f"{self.repeats} must be a rule, with a moment at which it is over"
        if kind(self.person) != "relation":
            yield "person", f"{self.person} must be a person"
        if self.partakers and kind(self.partakers) != "relations":
            yield "partakers", f"{self.partakers} must be people"
        if unknown := {*columns_in((*self.conditions, *self.over))} - set(fields):
            yield "conditions", f"no fields {sorted(unknown)}"
        if self.colour not in COLOURS:
            yield "colour", f"there is no colour {self.colour!r}"
