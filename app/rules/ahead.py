"""Reminders so many minutes before a time of a record, to everybody in it (TASK, EVT, NOTE).

Each time and person once, however often the clock looks and whatever dies meanwhile; what is moved
reminds anew. Nothing is planned that would have to be kept in step: what is due is found, and the
key of a message says whether somebody has it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.notices import Data, Notice
from app.store import access, door, links, outbox
from app.store.context import acting_as, system_scope
from app.store.organisation import User
from app.store.scope import member_of

LATE = timedelta(days=1)
"""So late a reminder is still of use."""
FURTHEST = timedelta(days=7)
"""The most that ``columns.minutes_before`` allows."""
BANDS = (60, 24 * 60, 7 * 24 * 60)
"""Minutes: what reminds shortly before isn't looked for a week ahead."""


@dataclass(frozen=True)
class Due:
    """A time of a record of which its people are to be reminded now, and what they are told."""

    record: int
    owner: int | None
    moment: datetime
    says: Data

    @property
    def batch(self) -> str:
        """What this time is known by among the messages."""
        return f"{self.record}:{clock.iso(self.moment)}"


def is_time(moment: datetime, minutes: int, now: datetime) -> bool:
    """Whether a reminder so many minutes before that moment is due, and not long ago."""
    return now - LATE < moment - timedelta(minutes=minutes) <= now


def soon(moment: Any, minutes: Any, since: datetime, now: datetime) -> ColumnElement[bool]:
    """The condition on two columns, found by an index on them, of every time after ``since`` of
    which people may have to be reminded by now.
    """
    near = [and_(minutes <= m, moment <= now + timedelta(minutes=m)) for m in BANDS]
    return and_(minutes.is_not(None), moment > since, moment <= now + FURTHEST, or_(*near))


def tell(notice: Notice, entity: Entity, due: Iterable[Due]) -> int:
    """Tell everybody in these records who has not been told; answers how many messages."""
    found = {one.batch: one for one in due}
    people = _people(entity, {one.record: one.owner for one in found.values()})
    asked = [(one, user) for one in found.values() for user in people.get(one.record, ())]
    keys = {outbox.dedup_key(notice, one.batch, user): (one, user) for one, user in asked}
    waiting = [keys[key] for key in keys.keys() - outbox.known(keys)]
    told = 0
    for user in sorted({user for _one, user in waiting}):
        told += _tell(notice, entity, user, [one for one, whose in waiting if whose == user])
    return told


def _tell(notice: Notice, entity: Entity, user_id: int, waiting: list[Due]) -> int:
    """Tell one person of those that he may read by now; answers how many."""
    who = access.load_actor(user_id)
    with acting_as(who):
        readable = door.within(entity, sorted({one.record for one in waiting}), "read")
    who.rights.derived.clear()  # everybody's at once would be hundreds of MiB
    due = sorted((one for one in waiting if one.record in readable), key=lambda one: one.moment)
    about = {"entity": entity.key}
    messages = ((one.batch, user_id, {**about, "record": one.record, **one.says}) for one in due)
    return outbox.tell_all_once(notice, messages)


def _people(entity: Entity, owners: dict[int, int | None]) -> dict[int, set[int]]:
    """Who is in each of these records, as far as he is still here (ORG-1)."""
    with system_scope("who is in what is due"):
        pairs = [(record, user) for record, user in owners.items() if user]
        pairs += _let_in(entity, sorted(owners))
        people = sorted({user for _record, user in pairs})
        asked = select(User.id).where(User.is_active, member_of(User.id, people))
        active = set(db.session.scalars(asked))
    found: dict[int, set[int]] = {}
    for record, user in pairs:
        if user in active:
            found.setdefault(record, set()).add(user)
    return found


def _let_in(entity: Entity, records: list[int]) -> list[tuple[int, int]]:
    """Whom fields of these records let in (``LinksField.lets_in``), with the record."""
    pairs: list[tuple[int, int]] = []
    for field in entity.letting_in:
        mine, theirs = links.ends(entity, field)
        asked = select(mine, theirs).where(member_of(mine, records))
        pairs += [(record, user) for record, user in db.session.execute(asked)]
    return pairs
