"""Instants: stored in UTC, shown in the reader's time zone (domain.md, preamble)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_ZONE = "Asia/Shanghai"

zone: ContextVar[str] = ContextVar("zone", default=DEFAULT_ZONE)
"""The reader's time zone: set once per request, job or message."""


def now() -> datetime:
    """This instant, aware, in UTC, whole seconds (contract §2)."""
    return datetime.now(UTC).replace(microsecond=0)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; the default when what is stored is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(DEFAULT_ZONE)


def readers_zone() -> ZoneInfo:
    """The reader's time zone."""
    return zone_of(zone.get())


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Read clocks of that zone meanwhile."""
    token = zone.set(name)
    try:
        yield
    finally:
        zone.reset(token)


def local(instant: datetime) -> datetime:
    """The instant on the reader's clock."""
    return instant.astimezone(readers_zone())


_TO_THE_SECOND = len("2026-11-21T08:00:00")


def iso(instant: datetime) -> str:
    """The instant as programs read it (contract §2): ``2026-11-21T08:00:00Z``."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return f"{utc.isoformat()[:_TO_THE_SECOND]}Z"


def shown(instant: datetime) -> str:
    """The instant as people read it: on the reader's clock, to the minute."""
    return local(instant).strftime("%Y-%m-%d %H:%M")


def today() -> date:
    """The reader's calendar day."""
    return local(now()).date()


def midnight(day: date) -> datetime:
    """The instant in UTC at which a day of the reader's begins."""
    return from_reader(datetime.combine(day, time()))


def from_reader(moment: datetime) -> datetime:
    """A time as typed: without an offset it is meant in the reader's zone. Returns UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=readers_zone())
    return aware.astimezone(UTC)
