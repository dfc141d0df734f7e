"""Records become records of another kind, new ones or one that exists; and back again (LEAD-1)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import attached_copies, judging, pointing, room
from app.operations.behaviour import Behaviour, Row, Run, permitted, write
from app.operations.editing import complete_ownership
from app.operations.lifecycle import Delete, Levels
from app.operations.outcome import Plan
from app.operations.putting_back import PutBack
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.conversion import Beside, Conversion, Sources
from app.spec.entity import Entity
from app.spec.errors import Invalid, Refusal
from app.spec.field import Field
from app.spec.kinds import BooleanField
from app.spec.relations import RelationField
from app.spec.words import Label
from app.store import attachments, door, history, namesakes, opinions, seats
from app.store.context import system_scope
from app.store.writer import Change, Context, insert_rows

MADE = "made"
"""The note of what a record has become: entity to id of what was made for it."""


class Convert(Behaviour):
    """Each becomes a new record with what it knows, its team and its tags; or all join one.

    What is made belongs to whoever owned what it was made of.
    """

    slug = "convert"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        way = _way(entity)
        one = catalogue.get(way.into).one
        label = Label(f"Existing {one.en.lower()}", f"已有{one.zh}")
        words = Label(
            "Choose one to attach to it; left empty, a new one is made for each.",
            "选择后归入该记录；留空则逐条新建。",
        )
        joins = RelationField(key=way.into, label=label, to=way.into, help=words)
        return (joins, *map(_question, way.beside))

    def prepare(self, run: Run) -> None:
        """NotPermitted without the right to make what is to be made; Invalid for one to keep."""
        way = _way(run.entity)
        chosen = run.params.get(way.into)
        door.demand(way.into, "edit" if chosen else "create")
        if chosen and not door.within(catalogue.get(way.into), [chosen], "edit"):
            raise Invalid(fields={way.into: [_l("You may read this one, but not change it.")]})
        for beside in _wanted(run):
            door.demand(beside.entity, "create")

    def columns(self, run: Run) -> Sequence[str]:
        return tuple(run.entity.fields)

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        """Which unique values of those to be made somebody has already; who has room for them."""
        target = catalogue.get(_way(run.entity).into)
        run.memory["room"] = room.tally(run, target, "born")
        if not run.params.get(target.key):
            run.memory["room"].know(row.values["owner"] for row in rows)
        taken = run.memory.setdefault("taken", defaultdict(set))
        run.memory["born"] = {}
        with system_scope("whether a unique value is taken is looked at everywhere"):
            for f in target.fields.values():
                if f.is_unique:
                    new = (_new(run, target, row).get(f.key) for row in rows)
                    values = [namesakes.unique_value(f, one) for one in new]
                    taken[f.key] |= namesakes.taken(target, f, values)

    def plan(self, run: Run, row: Row) -> Plan:
        way = _way(run.entity)
        if row.values["is_converted"]:
            return row.skip("converted")
        values = {"is_converted": True, "converted_at": clock.now()}
        chosen = run.params.get(way.into)
        done = permitted(run, row, **values, **({way.into: chosen} if chosen else {}))
        try:
            born = _born(run, row) if isinstance(done, Change) else {}
        except Refusal as refusal:
            return row.skip("invalid", why=refusal.message)
        if why := room.lack(run.memory["room"], born.get(way.into)):
            return row.skip(room.OVER, why=why)
        if clash := _clash(run, born.get(way.into, {})):
            return row.skip("duplicate", field=clash.label)
        run.memory["room"].move((None, born.get(way.into)))
        run.memory["born"][row.id] = born
        return done

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        """What they have become first, then what is made along, then they themselves."""
        way, born = _way(run.entity), run.memory["born"]
        chosen = run.params.get(way.into)
        made: dict[int, dict[str, int]] = {change.id: {} for change in changes}
        if not chosen:
            for i, new in _insert(run, way.into, {i: born[i][way.into] for i in made}).items():
                made[i][way.into] = new
            _share_teams(run, way.into, {i: made[i][way.into] for i in made})
        became = {i: chosen or made[i][way.into] for i in made}
        for beside in _wanted(run):
            rows = {i: {**born[i][beside.entity], beside.through: became[i]} for i in made}
            for i, new in _insert(run, beside.entity, rows).items():
                made[i][beside.entity] = new
        _share_files(run, way.into, became, {c.id: c.title for c in changes})
        attached_copies.make(run, way.into, became)
        judging.carry(run, catalogue.get(way.into), became)
        told = [
            replace(c, values={**c.values, way.into: became[c.id]}, notes=_note(made[c.id]))
            for c in changes
        ]
        write(run, told, {})


class TakeBack(PutBack):
    """What was converted is as before; what was made of it goes, unless others build upon it."""

    def along(self, run: Run, ids: Sequence[int]) -> Levels:
        """What the run made, each with the record that it was made for."""
        run.memory["root"] = run.entity.key
        written = history.written_by(run.params["run"], run.entity.key, ids)
        levels: dict[str, dict[int, tuple[str, int]]] = defaultdict(dict)
        for i, changes in written.items():
            for key, new in changes[MADE][1].items():
                levels[key][new] = (run.entity.key, i)
        return [(catalogue.get(key), rows) for key, rows in levels.items()]

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        super().prepare_chunk(run, rows)
        run.memory["held"] = set()
        if _was_made(run):
            ids = [row.id for row in rows]
            run.memory["held"] = pointing.at(run.entity, ids, besides=run.params["run"])

    def plan(self, run: Run, row: Row) -> Plan:
        if not _was_made(run):
            return super().plan(run, row)
        if row.id in run.memory["held"]:
            return row.skip("blocked", why=_l("“%(name)s” is in use by now.", name=row.title))
        return replace(row.change(), notes={"deleted": [False, True]})

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        if _was_made(run):
            write(run, changes, Delete().marks(run))
        else:
            super().carry_out(run, changes)
            way, written = _way(run.entity), run.written
            became = {c.id: written[c.id][way.into][1] for c in changes}
            attachments.unshare(run.entity.key, way.into, became)
            attached_copies.take_back(run, way.into, became)
            if catalogue.get(way.into).judged:
                opinions.take_back(run.params["run"], way.into, sorted(set(became.values())))


def _way(entity: Entity) -> Conversion:
    assert entity.conversion is not None  # noqa: S101 - the declaration was checked
    return entity.conversion


def _was_made(run: Run) -> bool:
    """Whether this part of an undo is about what the run made."""
    return bool(run.entity.key != run.memory["root"])


def _question(beside: Beside) -> Field:
    one = catalogue.get(beside.entity).one
    label = Label(f"Also make a {one.en.lower()}", f"同时新建{one.zh}")
    return BooleanField(key=beside.entity, label=label, default=False)


def _wanted(run: Run) -> list[Beside]:
    return [beside for beside in _way(run.entity).beside if run.params.get(beside.entity)]


def _born(run: Run, row: Row) -> dict[str, dict[str, Any]]:
    """What is to be made for a row, by entity; a Refusal when the rules don't let it be."""
    way = _way(run.entity)
    born = {b.entity: _new(run, catalogue.get(b.entity), row, b.sources) for b in _wanted(run)}
    if not run.params.get(way.into):
        target = catalogue.get(way.into)
        born[way.into] = _new(run, target, row)
        rules_of(target).before_create(target, born[way.into])
    return born


def _new(run: Run, target: Entity, row: Row, sources: Sources | None = None) -> dict[str, Any]:
    """The filled fields of the same name and kind, and those that are said to come from others."""
    told = _way(run.entity).sources if sources is None else sources
    found: dict[str, Any] = {"owner": row.values["owner"]}
    for key, f in target.fields.items():
        asked = told.get(key, (key,) if _is_same(f, run.entity.fields.get(key)) else ())
        value = next(
            (row.values[one] for one in asked if row.values[one] not in (None, "", [])), None
        )
        longest = getattr(f, "max_length", None)
        if value is not None:
            found[key] = value[:longest] if longest else value
    complete_ownership(target, found)
    return found


def _is_same(field: Field, other: Field | None) -> bool:
    if other is None or field.system or other.system or not field.editable:
        return False
    return field.kind == other.kind and _dictionary(field) is _dictionary(other)


def _dictionary(field: Field) -> Any:
    return getattr(field, "choices", None)


def _clash(run: Run, values: Mapping[str, Any]) -> Field | None:
    """The unique field in which another record, or one made before in this run, has the same."""
    fields = catalogue.get(_way(run.entity).into).fields
    asked = run.memory["taken"]
    mine = {key: namesakes.unique_value(fields[key], values.get(key)) for key in asked}
    found = next((key for key, one in mine.items() if one in run.memory["taken"][key]), None)
    if found is not None:
        return fields[found]
    for key, one in mine.items():
        run.memory["taken"][key] |= {one} - {None}
    return None


def _insert(run: Run, key: str, rows: Mapping[int, Mapping[str, Any]]) -> dict[int, int]:
    """Write new records; by the row that each was made for, its id."""
    entity = catalogue.get(key)
    how = Context(run.verb.slug, run.operation_id, is_handover=True)
    ids = insert_rows(entity, list(rows.values()), how)
    rules_of(entity).after_write(entity, ids)
    return dict(zip(rows, ids, strict=True))


def _note(made: Mapping[str, int]) -> dict[str, Any]:
    return {MADE: [{}, dict(made)]}


def _share_files(run: Run, key: str, became: dict[int, int], titles: dict[int, str]) -> None:
    """What was attached to a record is attached to what it has become (LEAD-1)."""
    target = catalogue.get(key)
    if run.entity.has_files and target.has_files:
        attachments.share(run.entity.key, target, became, titles)


def _share_teams(run: Run, key: str, made: Mapping[int, int]) -> None:
    """Whoever was in the team of a record is in that of what it has become (CUS-4)."""
    alike: dict[tuple[str, Any], list[tuple[int, int]]] = defaultdict(list)
    for record, team in seats.of(run.entity.key, list(made)).items():
        for user, seat in team.items():
            alike[seat.level, seat.until].append((made[record], user))
    for (level, until), places in alike.items():
        seats.add(key, places, level, until)
