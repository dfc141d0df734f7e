"""What a pool's rules leave somebody to claim: how many more, in which period (POOL-2).

How many he has claimed stands in one row per pool and person. Whoever claims holds that row until
his transaction ends, so two that come at once never take more than there are (R2).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, and_, case, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock, company
from app.spec.words import Label
from app.store.context import system_scope
from app.store.engine import inserting
from app.store.pools import Pool
from app.store.scope import member_of


class ClaimCount(db.Model):  # type: ignore[name-defined,misc]
    """How many records somebody has claimed from one pool, in the latest period of his claims."""

    __tablename__ = "claim_count"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    period: Mapped[str] = mapped_column(String(5))
    starts_on: Mapped[date]
    used: Mapped[int] = mapped_column(default=0)


@dataclass(frozen=True)
class Allowance:
    """The rules of one pool for one person's claims, and how many he has made of those he has."""

    pool_id: int
    name: Label | None
    """What it is called; None where no rule has to say it."""
    limit: int | None
    """How many he may claim in a period; None: as many as he likes."""
    period: str
    starts_on: date
    used: int
    waits: timedelta
    """For so long a record's previous owner may not claim it."""
    protected: timedelta
    """For so long only the pool's admins may claim what has come into it."""

    @property
    def left(self) -> int | None:
        """How many more he may claim in the period; None: as many as he likes."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def last_day(self) -> date:
        """The last day of the period."""
        return following(self.period, self.starts_on) - timedelta(days=1)

    @property
    def ends_at(self) -> datetime:
        """When the next period begins, by the company's clock."""
        return _midnight(following(self.period, self.starts_on))


def is_ruled() -> Any:
    """Whether a pool has rules about who may claim from it: a condition on pools."""
    days = Pool.previous_owner_days, Pool.protection_days
    return or_(Pool.claim_limit.is_not(None), *(func.coalesce(one, 0) > 0 for one in days))


def unruled(pool: int) -> Allowance:
    """What a pool without such rules leaves anybody: all of it."""
    never = timedelta()
    return Allowance(pool, None, None, "day", company.today(), 0, never, never)


def beginning(period: str, day: date) -> date:
    """The first day of the day, week or month that this day lies in."""
    if period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if period == "week" else day


def following(period: str, first: date) -> date:
    """The first day of the period after the one that begins then."""
    if period == "month":
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=7 if period == "week" else 1)


def _midnight(day: date) -> datetime:
    zone = clock.zone_of(company.time_zone())
    return clock.from_reader(datetime.combine(day, time.min, tzinfo=zone))


def allowances(pools: Sequence[int], user_id: int) -> dict[int, Allowance]:
    """What the pools leave that person to claim, by pool, in one statement; nothing is held."""
    return {pool: found for pool, found, _more in looked_up(pools, user_id)}


def looked_up(
    pools: Sequence[int], user_id: int, *more: Any
) -> Iterator[tuple[int, Allowance, Sequence[Any]]]:
    """By pool what it leaves him to claim, and what ``more`` is asked of each."""
    count, mine = ClaimCount, and_(ClaimCount.pool_id == Pool.id, ClaimCount.user_id == user_id)
    period = func.coalesce(Pool.claim_period, "day")
    columns = (Pool.id, Pool.name, Pool.name_en, Pool.claim_limit, period)
    found = select(
        *columns,
        Pool.previous_owner_days,
        Pool.protection_days,
        count.period,
        count.starts_on,
        count.used,
        *more,
    ).outerjoin(count, mine)
    with system_scope("a pool's rules hold for whoever claims from it"):
        rows = db.session.execute(found.where(member_of(Pool.id, pools))).all()
    for row in rows:
        yield row[0], _allowance(*row[:_COLUMNS]), row[_COLUMNS:]


_COLUMNS = 10


def _allowance(
    pool: int,
    name: str,
    name_en: str | None,
    limit: int | None,
    period: str,
    ban: int | None,
    protection: int | None,
    *counted: object,
) -> Allowance:
    label = Label(name_en or name, name)
    waits, protected = timedelta(days=ban or 0), timedelta(days=protection or 0)
    starts_on, used = beginning(period, company.today()), 0
    then, since, so_many = counted
    if then == period and isinstance(since, date) and since >= starts_on:
        starts_on, used = since, int(str(so_many))
    return Allowance(pool, label, limit, period, starts_on, used, waits, protected)


def hold(some: Mapping[int, Allowance], user_id: int) -> dict[int, Allowance]:
    """The limited ones of these as they are by now, in rows held until the transaction ends.

    A period that has begun meanwhile stays begun: whoever has waited for the row may have looked at
    his clock before midnight.
    """
    table = ClaimCount.__table__
    rows = [
        {
            "pool_id": one.pool_id,
            "user_id": user_id,
            "period": one.period,
            "starts_on": one.starts_on,
            "used": 0,
        }
        for one in sorted(some.values(), key=lambda one: one.pool_id)
        if one.limit is not None
    ]
    if not rows:
        return {}
    new = inserting(table).values(rows)
    goes_on = and_(
        table.c.period == new.excluded.period, table.c.starts_on >= new.excluded.starts_on
    )
    held = new.on_conflict_do_update(
        index_elements=["pool_id", "user_id"],
        set_={
            "period": new.excluded.period,
            "starts_on": case((goes_on, table.c.starts_on), else_=new.excluded.starts_on),
            "used": case((goes_on, table.c.used), else_=0),
        },
    )
    told = db.session.execute(held.returning(table.c.pool_id, table.c.starts_on, table.c.used))
    return {pool: replace(some[pool], starts_on=since, used=used) for pool, since, used in told}


def spend(pool: int, user_id: int, number: int) -> None:
    """Note so many more claims in a row that is held."""
    table = ClaimCount.__table__
    mine = and_(table.c.pool_id == pool, table.c.user_id == user_id)
    db.session.execute(update(table).where(mine).values(used=table.c.used + number))
