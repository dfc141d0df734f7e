"""By which ways each person wants to hear of what, when the digest comes, when all is quiet (NOTE).

One choice of the person's own; kinds and ways that he never touched are as they are declared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.spec import clock, columns, company, workdays
from app.spec.notices import NOTICES, Channel
from app.spec.options import Dictionary, Option
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store import preferences

KEY = "notices"
HALF_HOURS = tuple(f"{half // 2:02d}:{half % 2 * 30:02d}" for half in range(48))
"""The times of day that can be chosen."""

DIGEST_AT: Setting[str] = declare(
    "digest_at",
    columns.choice(
        "Daily digest at",
        "每日摘要发送时间",
        Dictionary(
            "digest_at",
            Label("Daily digest at", "每日摘要发送时间"),
            tuple(Option(at, Label(at, at)) for at in HALF_HOURS),
            is_editable=False,
        ),
        default="08:30",
        help=Label(
            "On working days, by the company's clock; everybody may choose another time.",
            "工作日发送，以公司时区为准；每个人可自行选择其他时间。",
        ),
    ),
    Chapter.MAIL,
)


@dataclass(frozen=True)
class Wanted:
    """What one person has chosen."""

    ways: Mapping[str, frozenset[Channel]] = field(default_factory=dict)
    digest_at: str = ""
    """A half hour of the company's clock; "" for the company's usual one."""
    quiet_from: str = ""
    quiet_until: str = ""
    """Half hours of his own clock; without both, or when they are the same, no time is quiet."""

    def takes(self, kind: str, channel: Channel) -> bool:
        """Whether messages of this kind come this way; a kind that is gone takes none."""
        if kind in self.ways:
            return channel in self.ways[kind]
        return kind in NOTICES and channel in NOTICES[kind].channels

    @property
    def muted(self) -> list[str]:
        """The kinds that don't show in the bell."""
        return [kind for kind in NOTICES if not self.takes(kind, Channel.IN_APP)]

    def next_digest(self, now: datetime) -> datetime:
        """When the digest after ``now`` is due: on a working day of the company's (SET-1)."""
        zone, works = ZoneInfo(company.time_zone()), workdays.calendar().works
        return _next(self.digest_at or value(DIGEST_AT), now, zone, works)

    def quiet_end(self, now: datetime) -> datetime | None:
        """When the quiet that holds now ends, on the clock of whoever is being told; None: it
        isn't quiet."""
        times = {self.quiet_from, self.quiet_until}
        if "" in times or len(times) < 2:
            return None
        zone = clock.readers_zone()
        end = _next(self.quiet_until, now, zone)
        return end if end <= _next(self.quiet_from, now, zone) else None

    def to_json(self) -> dict[str, Any]:
        ways = {kind: sorted(chosen) for kind, chosen in self.ways.items()}
        return {
            "ways": ways,
            "digest_at": self.digest_at,
            "quiet": [self.quiet_from, self.quiet_until],
        }


def _next(
    at: str, now: datetime, zone: ZoneInfo, counts: Callable[[date], bool] = lambda _day: True
) -> datetime:
    """The first instant after ``now`` when clocks of that zone show that, on a day that counts."""
    hour, _colon, minute = at.partition(":")
    day = now.astimezone(zone).date()
    while True:
        due = datetime.combine(day, time(int(hour), int(minute)), zone)
        if due > now and counts(day):
            return due
        day += timedelta(days=1)


def mine() -> Wanted:
    """The actor's choice, as far as it is understood today."""
    stored = preferences.get(KEY).get(KEY)
    if not isinstance(stored, Mapping):
        return Wanted()
    ways = stored.get("ways") or {}
    quiet_from, quiet_until = [*(stored.get("quiet") or []), "", ""][:2]
    return Wanted(
        {
            kind: frozenset(map(Channel, set(chosen) & set(Channel)))
            for kind, chosen in ways.items()
        },
        _half_hour(stored.get("digest_at")),
        _half_hour(quiet_from),
        _half_hour(quiet_until),
    )


def keep(wanted: Wanted) -> None:
    """Remember the actor's choice; the caller commits."""
    preferences.put({KEY: wanted.to_json()})


def _half_hour(stored: Any) -> str:
    return stored if stored in HALF_HOURS else ""
