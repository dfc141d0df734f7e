"""Who gets the next record when several people share the work, and why he (POOL-3).

Each way works on lists and tables that are JSON values, given in the order in which equals are
chosen, so that a job can keep them from chunk to chunk.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations.rules import rules_of
from app.spec.entity import Entity
from app.spec.text import fold
from app.store.caps import Tally
from app.store.context import system_scope
from app.store.scope import member_of

Fits = Callable[[int], bool]
"""Whether somebody is there and has room for the record at hand."""
Values = Mapping[str, Any]
Pairs = list[list[int]]
"""People, each with a number."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is, and why: a sentence of few words."""

    person: int
    because: Any


class Way(Protocol):
    """One way of sharing."""

    def take(self, values: Values, fits: Fits) -> Turn | None:
        """Who gets the record of these values; None when there is nobody for it.

        Whoever owns it already is passed over.
        """


class Turns:
    """In turn: a queue. Whoever owns the row already, or doesn't fit, stays where he is in it."""

    def __init__(self, queue: list[int], *, in_turn: bool = False) -> None:
        self._queue, self._places = queue, sorted(queue) if in_turn else []

    def take(self, values: Values, fits: Fits) -> Turn | None:
        others = (person for person in self._queue if person != values["owner"])
        receiver = next((person for person in others if fits(person)), None)
        if receiver is None:
            return None
        self._queue.remove(receiver)
        self._queue.append(receiver)
        number = len(self._queue)
        if not self._places:
            return Turn(receiver, _l("equal shares among %(n)d", n=number))
        place = self._places.index(receiver) + 1
        return Turn(receiver, _l("in turn, %(place)d of %(n)d", place=place, n=number))


class LeastLoaded:
    """Whoever has the fewest to look after, counted on as the rows are given out."""

    def __init__(self, loads: Pairs) -> None:
        self._loads = loads

    def take(self, values: Values, fits: Fits) -> Turn | None:
        owner = values["owner"]
        receiver = _fewest(self._loads, owner, fits)
        if receiver is None:
            return None
        before = receiver[1]
        receiver[1] += 1
        for pair in self._loads:
            pair[1] -= pair[0] == owner
        return Turn(receiver[0], _l("fewest: %(n)d", n=before))


class MostRoom:
    """Whoever has the most room left; those without a limit first, all alike among themselves."""

    def __init__(self, given: Pairs, rooms: Tally) -> None:
        self._given, self._rooms = given, rooms

    def take(self, values: Values, fits: Fits) -> Turn | None:
        others = [pair for pair in self._given if pair[0] != values["owner"] and fits(pair[0])]
        if not others:
            return None
        receiver = min(others, key=self._order)
        receiver[1] += 1
        room = self._rooms.room(receiver[0])
        if room is None:
            return Turn(receiver[0], _l("no limit"))
        return Turn(receiver[0], _l("most room: %(n)d left", n=room.left))

    def _order(self, pair: list[int]) -> tuple[bool, int, int]:
        room = self._rooms.room(pair[0])
        return (room is not None, -room.left if room else 0, pair[1])


class Evenly:
    """Of every value of a field everybody gets as many, and of all of them together, too."""

    def __init__(self, tables: dict[str, Pairs], given: Pairs, key: str, said: Any) -> None:
        self._tables, self._given, self._key, self._said = tables, given, key, said

    def take(self, values: Values, fits: Fits) -> Turn | None:
        value = str(values.get(self._key) or "")
        table = self._tables.setdefault(value, [[person, 0] for person, _n in self._given])
        totals = {person: n for person, n in self._given}  # noqa: C416 - of pairs that are lists
        others = [pair for pair in table if pair[0] != values["owner"] and fits(pair[0])]
        if not others:
            return None
        receiver = min(others, key=lambda pair: (pair[1], totals[pair[0]]))
        receiver[1] += 1
        _count(self._given, receiver[0])
        return Turn(receiver[0], _l("%(value)s evenly", value=self._said(value)))


class Together:
    """Records of one place stay with one person; the sizes were balanced before (``shares``).

    Those of no place are given to whoever has the fewest. When somebody gets full, or has gone,
    the rest of his place goes to one other.
    """

    def __init__(self, places: dict[str, int], given: Pairs, key: str) -> None:
        self._places, self._given, self._key = places, given, key

    def take(self, values: Values, fits: Fits) -> Turn | None:
        named, owner = str(values.get(self._key) or "").strip(), values["owner"]
        place = same_place(named)
        person = self._places.get(place)
        if person is None or (person != owner and not fits(person)):
            receiver = _fewest(self._given, None if place else owner, fits)
            if receiver is None:
                return None
            person = receiver[0]
            if place:
                self._places[place] = person
        if person != owner:
            _count(self._given, person)
        return Turn(person, named or _l("no place given"))


def _fewest(pairs: Pairs, owner: int | None, fits: Fits) -> list[int] | None:
    others = [pair for pair in pairs if pair[0] != owner and fits(pair[0])]
    return min(others, key=lambda pair: pair[1]) if others else None


def _count(pairs: Pairs, person: int) -> None:
    for pair in pairs:
        pair[1] += pair[0] == person


def same_place(name: str) -> str:
    """What is the same of a place however it is written: 浙江 and 浙江省."""
    folded = fold(name.strip())
    return folded.removesuffix("省") or folded


def shares(sizes: Iterable[tuple[Any, int]], people: Sequence[int]) -> dict[str, int]:
    """One person for each place, the largest first to whoever has the fewest by then."""
    places: dict[str, int] = {}
    for name, n in sizes:
        if place := same_place(str(name or "")):
            places[place] = places.get(place, 0) + n
    totals = dict.fromkeys(people, 0)
    found = {}
    for place, n in sorted(places.items(), key=lambda one: (-one[1], one[0])):
        person = min(totals, key=totals.__getitem__)
        totals[person] += n
        found[place] = person
    return found


def loads_of(entity: Entity, people: Sequence[int]) -> Pairs:
    """How many records each of these people has to look after at the moment, in their order."""
    owner = entity.model.owner_id
    with system_scope("how much everybody has is counted everywhere"):
        rows = db.session.execute(
            select(owner, func.count())
            .where(member_of(owner, people), entity.model.deleted_at.is_(None))
            .where(*rules_of(entity).workload(entity))
            .group_by(owner)
        )
        owned: dict[int, int] = dict(rows.all())
    return [[person, owned.get(person, 0)] for person in people]
