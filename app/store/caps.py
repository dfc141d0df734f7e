"""How many records somebody has and may have (POOL-9): looked up once, counted on, kept to.

Whatever gives somebody a record asks here before it is written, and the writer asks again, so that
no way can go round it. Those who write wait for each other person by person: so two who give the
last place away at once see each other (C81). Without a rule for the kind of record nothing is asked
of the database.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, event, false, func, select, text

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import Conflict
from app.spec.types import Numbers
from app.spec.words import Label
from app.store import access
from app.store.cap_rules import HOLDING, LOCKED, Rule
from app.store.context import system_scope
from app.store.engine import is_postgres
from app.store.organisation import User
from app.store.scope import member_of
from app.store.snapshot import Snapshot, below

DONE: Mapping[str, Any] = {"deal_status": "won", "is_converted": True}
"""The fields and values by which a record has become what it was kept for: it leaves room."""
LOOKS_AT = ("is_locked", "locked_until", *DONE)
"""The fields of a record, as far as it has them, that decide what it counts for."""
ROOMS = "what people have and may have, as the transaction under way knows it"

Values = Mapping[str, Any]
Move = tuple[Values | None, Values | None]
"""A record as it was and as it is to be; None where it isn't there, or lies in the bin."""

NOBODY = Label("The owner", "负责人")


@dataclass(slots=True)
class Room:
    """What somebody has, and the rule that holds for him."""

    used: int
    rule: Rule

    @property
    def most(self) -> int:
        return self.rule.most

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)


def are_set(entity: Entity, counted: str = HOLDING) -> bool:
    """Whether any rule is about what people have, or lock, of this kind."""
    if not entity.is_pooled:
        return False
    return any(r.kind == entity.plural and r.counted == counted for r in access.organisation().caps)


def rule_for(entity: Entity, person: int, counted: str = HOLDING) -> Rule | None:
    """The rule that holds for somebody: the first by its order (POOL-9)."""
    now = access.organisation()
    key = (entity.plural, counted, person)
    if key not in now.caps_of:
        asked = (r for r in now.caps if r.kind == entity.plural and r.counted == counted)
        now.caps_of[key] = next((r for r in asked if _is_for(now, r, person)), None)
    return now.caps_of[key]


def _is_for(now: Snapshot, rule: Rule, person: int) -> bool:
    if not rule.users and not rule.departments:
        return True
    home = now.department_of.get(person, 0)
    return person in rule.users or any(
        home in below(now.departments_below, place) for place in rule.departments
    )


def rooms(
    entity: Entity, people: Iterable[int | None], counted: str = HOLDING, *, holds: bool = False
) -> dict[int, Room]:
    """What those of these people have for whom a rule holds: one statement for all of them.

    With ``holds`` nobody else gives them anything until this transaction ends, and what it gives
    them itself is counted on; without, it is how things look at the moment.
    """
    if not are_set(entity, counted):
        return {}
    known: dict[Any, Room] = db.session.info.setdefault(ROOMS, {}) if holds else {}
    rules = {p: r for p in set(people) if p and (r := rule_for(entity, p, counted))}
    new = sorted(p for p in rules if (entity.key, counted, p) not in known)
    if new and holds:
        _wait_for(entity, new)
    for person, used in (_used(entity, new, counted, rules) if new else {}).items():
        known[entity.key, counted, person] = Room(used, rules[person])
    return {p: known[entity.key, counted, p] for p in rules}


def _wait_for(entity: Entity, people: Sequence[int]) -> None:
    """One at a time gives these people records of this kind; taken in the order of their numbers.

    On SQLite whoever writes is alone anyway.
    """
    if is_postgres():
        person = func.unnest(bindparam(None, sorted(people), Numbers())).label("person")
        queue = select(person).order_by(text("person")).offset(0).subquery()
        kind = crc32(entity.key.encode()) & 0x7FFFFFFF
        db.session.execute(select(func.pg_advisory_xact_lock(kind, queue.c.person)))


def _used(
    entity: Entity, people: Sequence[int], counted: str, rules: Mapping[int, Rule]
) -> dict[int, int]:
    """How many each has by his rule, counted along the owners' index."""
    model, owner = entity.model, entity.model.owner_id
    lasting = [rules[person].counts_done for person in people]
    done = false() if all(lasting) else _is_done_sql(entity)
    alive = [model.deleted_at.is_(None), model.pool_id.is_(None)]
    locked = [model.is_locked] if counted == LOCKED else []
    found = (
        select(owner, func.count(), func.count().filter(done))
        .where(member_of(owner, people), *alive, *locked)
        .group_by(owner)
    )
    with system_scope("what everybody has is counted everywhere"):
        counts = {row[0]: (row[1], row[2]) for row in db.session.execute(found)}
    have = {person: counts.get(person, (0, 0)) for person in people}
    return {p: n if rules[p].counts_done else n - done for p, (n, done) in have.items()}


def _is_done_sql(entity: Entity) -> Any:
    key = next((key for key in DONE if key in entity.fields), None)
    return false() if key is None else getattr(entity.model, key) == DONE[key]


def is_done(values: Values) -> bool:
    """Whether a record has become what it was kept for."""
    return any(key in values and values[key] == reached for key, reached in DONE.items())


class Tally:
    """What people have while records are given out, before any of it is written."""

    def __init__(self, entity: Entity, counted: str = HOLDING, *, holds: bool) -> None:
        self.entity, self.counted, self._holds = entity, counted, holds
        self._rooms: dict[int, Room] = {}
        self._more: Counter[int] = Counter()
        self._called: dict[int, Label] = {}

    def know(self, people: Iterable[int | None]) -> None:
        """Look up these people, as far as they aren't known yet."""
        new = {p for p in people if p} - self._rooms.keys()
        self._rooms |= rooms(self.entity, new, self.counted, holds=self._holds)

    def room(self, person: int) -> Room | None:
        """What somebody has by now; None: no rule holds for him."""
        found = self._rooms.get(person)
        return found and Room(found.used + self._more[person], found.rule)

    def fits(self, person: int, values: Values) -> bool:
        """Whether he may have one more, of these values."""
        room = self.room(person)
        return room is None or room.left > 0 or not _counts(room.rule, values)

    def move(self, move: Move) -> int | None:
        """Count on as a record moves; the person who has no room for it, then nothing is."""
        gains, loses = whose(self.counted, move)
        before, after = move
        self.know({gains})
        if gains and after is not None and not self.fits(gains, after):
            return gains
        for person, values, n in ((gains, after, 1), (loses, before, -1)):
            room = self._rooms.get(person or 0)
            if person and room and values is not None and _counts(room.rule, values):
                self._more[person] += n
        return None

    def sentences(self, people: Iterable[int]) -> dict[int, LazyString]:
        """Why these people get no more, in the language of whoever reads it."""
        full = {person: room for person in people if (room := self.room(person))}
        if new := full.keys() - self._called.keys():
            self._called |= _names(new)
        return {
            person: _sentence(
                self.counted,
                name=self._called.get(person, NOBODY),
                used=room.used,
                most=room.most,
                kind=self.entity.many,
            )
            for person, room in full.items()
        }


def _sentence(counted: str, **places: Any) -> LazyString:
    if counted == LOCKED:
        return _l("%(name)s can't lock more: %(used)d of %(most)d × %(kind)s.", **places)
    return _l("%(name)s can't have more: %(used)d of %(most)d × %(kind)s.", **places)


def _names(people: Iterable[int]) -> dict[int, Label]:
    with system_scope("whose room is used up"):
        asked = select(User.id, User.name, User.name_en).where(User.id.in_(sorted(people)))
        return {
            row.id: Label(row.name_en or row.name, row.name) for row in db.session.execute(asked)
        }


def whose(counted: str, move: Move) -> tuple[int | None, int | None]:
    """Who gets a record by a move, or locks one, and who loses one."""
    before, after = move
    if counted == LOCKED:
        return _locking(before, after)
    had = before.get("owner") if before is not None else None
    has = after.get("owner") if after is not None else None
    return (None, None) if had == has else (has, had)


def _locking(before: Values | None, after: Values | None) -> tuple[int | None, int | None]:
    """Whose record gets locked, or comes free: not whoever is handed one as it is (CUS-2)."""
    if before is None or after is None or before.get("owner") != after.get("owner"):
        return None, None
    was, is_now, owner = _is_locked(before), _is_locked(after), after.get("owner")
    if was == is_now:
        return None, None
    return (owner, None) if is_now else (None, owner)


def _is_locked(values: Values) -> bool:
    until = values.get("locked_until")
    return bool(values.get("is_locked")) and (until is None or until > clock.now())


def _counts(rule: Rule, values: Values) -> bool:
    return rule.counts_done or not is_done(values)


def take(entity: Entity, moves: Iterable[Move]) -> None:
    """Let the writer write these, or refuse all of them: Conflict when somebody gets too many.

    The last look, for all ways there are; whoever plans row by row has looked before.
    """
    limited = [counted for counted in (HOLDING, LOCKED) if are_set(entity, counted)]
    looked_at = list(moves) if limited else []
    for counted in limited:
        _take(entity, looked_at, counted)


def _take(entity: Entity, moves: Sequence[Move], counted: str) -> None:
    getting = {gains for gains, _loses in (whose(counted, one) for one in moves) if gains}
    known: dict[Any, Room] = db.session.info.get(ROOMS, {})
    found = rooms(entity, getting, counted, holds=True) if getting else {}
    more: Counter[int] = Counter()
    for move in moves:
        for person, values, n in zip(whose(counted, move), reversed(move), (1, -1), strict=True):
            room = known.get((entity.key, counted, person)) or found.get(person or 0)
            if person and room and values is not None and _counts(room.rule, values):
                more[person] += n
    over = [p for p in getting if p in found and more[p] > max(0, found[p].left)]
    if over:
        tally = Tally(entity, counted, holds=True)
        tally.know(over[:1])
        raise Conflict(tally.sentences(over[:1])[over[0]])
    _count_on(entity, moves, counted, more)


def _count_on(entity: Entity, moves: Sequence[Move], counted: str, more: Mapping[int, int]) -> None:
    """Remember what people have now; of whoever's records change otherwise it is asked anew."""
    known: dict[Any, Room] = db.session.info.get(ROOMS, {})
    for person, n in more.items():
        if room := known.get((entity.key, counted, person)):
            room.used += n
    for before, after in moves:
        if before is not None and after is not None and _weighs_otherwise(counted, before, after):
            for owner in {before.get("owner"), after.get("owner")}:
                known.pop((entity.key, counted, owner), None)


def _weighs_otherwise(counted: str, before: Values, after: Values) -> bool:
    """Whether a record counts for another number than before though nobody gets or loses it."""
    moved = before.get("owner") != after.get("owner")
    is_other = is_done(before) != is_done(after)
    return is_other or (counted == LOCKED and moved and _is_locked(after))


def install(session: Any) -> None:
    """Forget what people have when the transaction ends, or a part of it is taken back."""
    event.listen(session, "after_transaction_end", _forget_at_its_end)
    event.listen(session, "after_soft_rollback", _forget)


def _forget_at_its_end(session: Any, transaction: Any) -> None:
    if transaction.parent is None:
        _forget(session, transaction)


def _forget(session: Any, _transaction: Any) -> None:
    session.info.pop(ROOMS, None)
