"""What a person has and is part of, by declaration: nothing here knows any kind of record.

A place is a way to be in a record: as its owner, in a field for people, with a seat in its team.
What is over stays where it is: what the rules of its entity don't count as anybody's work.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, or_, select

from app.extensions import db
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import NotFound, NotPermitted
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.operations import HAND_OVER
from app.spec.relations import LinksField, RelationField
from app.spec.words import Label
from app.store import access, links
from app.store.context import actor, operating, system_scope
from app.store.pools import TeamSeat

PEOPLE = "user"
OWNER, TEAM = "owner", "team"
LEVEL, REGION = "level", "province"
"""The fields by which a kind of record can be split, where it has them."""


@dataclass(frozen=True)
class Place:
    """A way to be in the records of an entity."""

    entity: Entity
    part: str
    """The field that names him, or ``TEAM``."""
    needs: str
    """The operation in whose scope somebody may give the place to another."""

    @property
    def key(self) -> str:
        return f"{self.entity.key}:{self.part}"

    @property
    def label(self) -> Label:
        """What it is called: the kind of record, and what he is in it unless he owns it."""
        if self.part == OWNER:
            return self.entity.many
        what = Label("Team", "团队") if self.part == TEAM else self.entity.fields[self.part].label
        many = self.entity.many
        return Label(f"{many.en} · {what.en}", f"{many.zh} · {what.zh}")

    @property
    def ties(self) -> tuple[RelationField, ...]:
        """The fields by which a record of his hangs on another one of his and goes with it."""
        if self.part != OWNER:
            return ()
        fields = self.entity.fields.values()
        return tuple(
            f
            for f in fields
            if isinstance(f, RelationField) and not f.system and _is_handed(catalogue.get(f.to))
        )

    def splits(self) -> dict[str, Field]:
        """The fields by whose values it can be split."""
        fields = self.entity.fields
        return {key: fields[key] for key in (LEVEL, REGION) if key in fields}

    def where(self, person: int) -> list[Any]:
        """The conditions of the records in which that person has this place."""
        model: Any = self.entity.model
        found = [self._his(model, person)]
        if self.entity.is_binned:
            found.append(model.deleted_at.is_(None))
        return [*found, *rules_of(self.entity).workload(self.entity)]

    def _his(self, model: Any, person: int) -> Any:
        if self.part == TEAM:
            seat = TeamSeat.__table__.c
            running = or_(seat.until.is_(None), seat.until > clock.now())
            mine = (seat.entity == self.entity.key, seat.user_id == person, running)
            return model.id.in_(select(seat.record_id).where(*mine))
        declared = self.entity.fields[self.part]
        if isinstance(declared, LinksField):
            records, people = links.ends(self.entity, declared)
            return model.id.in_(select(records).where(people == person))
        return getattr(model, declared.column) == person


def _is_handed(entity: Entity) -> bool:
    """Whether its records go to somebody else when their owner leaves."""
    return entity.is_owned and entity.verb("transfer") is not None


@cache
def places() -> Mapping[str, Place]:
    """Every place there is, by its key; what others hang on comes before them."""
    found = [Place(entity, OWNER, "transfer") for entity in _in_order()]
    for entity in catalogue:
        if entity.verb("edit") is not None and (_is_handed(entity) or not entity.responsible):
            found += [Place(entity, f.key, "edit") for f in _naming_people(entity)]
    found += [Place(e, TEAM, "add_team") for e in catalogue if e.verb("add_team")]
    return {place.key: place for place in found}


def _in_order() -> list[Entity]:
    order: list[Entity] = []

    def put(entity: Entity) -> None:
        if entity in order or entity in going:
            return
        going.append(entity)
        for tie in Place(entity, OWNER, "").ties:
            put(catalogue.get(tie.to))
        order.append(entity)

    going: list[Entity] = []
    for one in catalogue:
        if _is_handed(one):
            put(one)
    return order


def _naming_people(entity: Entity) -> Iterator[Field]:
    """The fields in which somebody else can stand instead of him; not what tells of the past."""
    for f in entity.fields.values():
        is_of_people = isinstance(f, RelationField | LinksField) and f.to == PEOPLE
        if is_of_people and not f.system and f.key != OWNER:
            yield f


@dataclass(frozen=True)
class Way:
    """How far somebody may hand over what a person has.

    Whoever was granted ``hand_over`` reaches all that the person owns, whatever he may himself;
    a superior reaches what he may transfer. Both need their own right to what nobody owns.
    """

    person: int
    is_whole: bool

    def reaches(self, place: Place) -> bool:
        is_granted = actor().rights.may(place.entity.key, place.needs)
        return is_granted or (self.is_whole and place.entity.is_owned)

    @contextmanager
    def into(self, place: Place) -> Iterator[None]:
        """The enclosed statements reach what may be handed over of that place."""
        if self.is_whole and place.entity.is_owned:
            with system_scope("whoever hands over for a leaver reaches all that he has"):
                yield
        else:
            with operating(place.needs, place.entity.key):
                yield


def way(person: int) -> Way:
    """How far the actor may hand over what that person has.

    Raises NotPermitted when he may not at all, NotFound when there is no such person.
    """
    rights = actor().rights
    is_whole = rights.may(PEOPLE, HAND_OVER.slug)
    if not is_whole and not _is_superior(person):
        raise NotPermitted
    model: Any = catalogue.get(PEOPLE).model
    if db.session.scalar(select(model.id).where(model.id == person)) is None:
        raise NotFound
    if access.rights_of(person).is_super and not rights.is_super:
        raise NotPermitted(_l("This person may do more than you."))
    return Way(person, is_whole)


def _is_superior(person: int) -> bool:
    """Whether the actor is above that person and may transfer something."""
    rights = actor().rights
    may = (rights.may(entity.key, "transfer") for entity in _in_order())
    return person in rights.people and any(may)


def as_superior(person: int) -> bool:
    """Whether the actor may hand over what that person has because he is above him: then a link to
    the page stands wherever he meets him. Whoever was granted it has a button.
    """
    rights = actor().rights
    if rights.may(PEOPLE, HAND_OVER.slug) or not _is_superior(person):
        return False
    return not access.rights_of(person).is_super


@dataclass(frozen=True, slots=True)
class Held:
    """A record in which he has a place, with what splitting asks of it."""

    id: int
    groups: Mapping[str, Any]
    hangs_on: tuple[tuple[str, int], ...] = ()


@dataclass
class Book:
    """Everything that a person has, as far as somebody may hand it over."""

    held: dict[str, list[Held]] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)
    """How many more there are, by place, that he may not hand over."""

    @property
    def is_empty(self) -> bool:
        return not any(self.held.values())


def book(way: Way) -> Book:
    """What the person has: a statement or two for each place."""
    found = Book()
    for key, place in places().items():
        where = place.where(way.person)
        with system_scope("how much a leaver has is counted everywhere"):
            total = db.session.scalar(
                select(func.count()).select_from(place.entity.model).where(*where)
            )
        if not total:
            continue
        held = _held(way, place, where) if way.reaches(place) else []
        found.held[key] = held
        if total > len(held):
            found.beyond[key] = total - len(held)
    return found


def _held(way: Way, place: Place, where: Sequence[Any]) -> list[Held]:
    model: Any = place.entity.model
    splits, ties = list(place.splits().values()), place.ties
    columns = [getattr(model, f.column) for f in (*splits, *ties)]
    with way.into(place):
        rows = db.session.execute(select(model.id, *columns).where(*where).order_by(model.id))
        return [
            Held(
                row[0],
                {f.key: row[1 + n] for n, f in enumerate(splits)},
                tuple(
                    (f"{f.to}:{OWNER}", row[1 + len(splits) + n])
                    for n, f in enumerate(ties)
                    if row[1 + len(splits) + n]
                ),
            )
            for row in rows
        ]


def named(split: Field, value: Any) -> str:
    """What a group of records is called."""
    if value in (None, ""):
        return ""
    return split.to_text(value) if isinstance(split, OptionField) else str(value)
