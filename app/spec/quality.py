"""What makes a record doubtful (CUS-9): checks that an entity declares over its own fields.

A check is a condition over the columns of the entity's model. It says which fields it is about, so
that nobody finds by a field that he doesn't read in full (C43).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from app.spec import clock, columns
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label

STALE_DAYS: Setting[int] = declare(
    "stale_days",
    columns.integer(
        "Days until a record counts as neglected",
        "记录多少天未动视为无人跟进",
        default=90,
        minimum=1,
        maximum=3650,
        help=Label("Neglected records stand in the data quality list.", "列入数据质量清单。"),
    ),
    Chapter.RECORDS,
)


@dataclass(frozen=True)
class Check:
    """One thing that may be wrong with a record."""

    key: str
    label: Label
    """The reason as a reader sees it; ``{field}`` stands for the name of the first field."""
    fields: tuple[str, ...]
    finds: Callable[[Any], ColumnElement[bool]]
    """The condition, given the entity's model."""
    compares: str = ""
    """The field whose values it compares among all records: the store indexes it."""


def check(key: str, en: str, zh: str, fields: str, finds: Any) -> Check:
    """Whatever the others don't say: a condition of the entity's own, over these fields."""
    return Check(key, Label(en, zh), tuple(fields.split()), finds)


def unreachable(fields: str) -> Check:
    """None of the fields by which one could be reached is filled in."""
    keys = fields.split()
    return check(
        "unreachable",
        "Neither telephone nor e-mail",
        "电话和邮箱均未填写",
        fields,
        lambda model: and_(*(getattr(model, key).is_(None) for key in keys)),
    )


def neglected(fields: str) -> Check:
    """The newest of these times is longer ago than :data:`STALE_DAYS`."""
    keys = fields.split()

    def finds(model: Any) -> ColumnElement[bool]:
        limit = clock.now() - timedelta(days=value(STALE_DAYS))
        times = [getattr(model, key) for key in keys]
        return and_(*(or_(time.is_(None), time < limit) for time in times))

    return check("neglected", "Neglected for long", "长期无人跟进", fields, finds)


def shared(key: str) -> Check:
    """Another record that the reader may list has the same value."""

    def finds(model: Any) -> ColumnElement[bool]:
        other = aliased(model)
        value_of_other = getattr(other, key)
        several = (
            select(value_of_other)
            .where(value_of_other.is_not(None))
            .group_by(value_of_other)
            .having(func.count() > 1)
        )
        found: ColumnElement[bool] = getattr(model, key).in_(several)
        return found

    en, zh = "{field} also of another record", "{field}与其他记录相同"
    return Check(f"shared_{key}", Label(en, zh), (key,), finds, compares=key)


def overtaken(planned: str, done: str) -> Check:
    """The next contact was planned for a time that a later one has overtaken."""
    return check(
        "overtaken",
        "Planned for before the last follow-up",
        "下次联系时间早于最后跟进时间",
        f"{planned} {done}",
        lambda model: getattr(model, planned) < getattr(model, done),
    )


def unborn(key: str) -> Check:
    """A birthday with a year that is still to come."""
    return check(
        "unborn",
        "Birthday in the future",
        "生日在未来",
        key,
        lambda model: and_(
            func.length(getattr(model, key)) == len("1990-11-21"),
            getattr(model, key) > clock.today().isoformat(),
        ),
    )


def lacking(key: str, **when: str) -> Check:
    """A key field is not filled in; with ``when`` only where another one has the value that asks
    for it.
    """
    return check(
        f"lacking_{key}",
        "{field} is missing",
        "缺少{field}",
        " ".join((key, *when)),
        lambda model: and_(
            getattr(model, key).is_(None),
            *(getattr(model, other) == wanted for other, wanted in when.items()),
        ),
    )


REACHED = (
    unreachable("mobile phone email"),
    shared("mobile"),
    shared("phone"),
    shared("email"),
)
"""For whomever one calls and writes to."""
FOLLOWED = (
    neglected("last_follow_up_at updated_at"),
    overtaken("next_contact_at", "last_follow_up_at"),
    lacking("level"),
    lacking("source"),
)
"""For whatever somebody follows up."""
