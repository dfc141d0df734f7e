"""Instants: stored in UTC, shown in the reader's time zone (domain.md, preamble)."""

from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"

zone: ContextVar[str] = ContextVar("zone", default=DEFAULT_ZONE)
"""The reader's time zone: set once per request, job or message."""


def now() -> datetime:
    """This instant, aware, in UTC, whole seconds (contract §2)."""
    return datetime.now(UTC).replace(microsecond=0)


def local(instant: datetime) -> datetime:
    """The instant on the reader's clock."""
    return instant.astimezone(ZoneInfo(zone.get()))


def today() -> date:
    """The reader's calendar day."""
    return local(now()).date()


def from_reader(moment: datetime) -> datetime:
    """A time as typed: without an offset it is meant in the reader's zone. Returns UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone.get()))
    return aware.astimezone(UTC)
