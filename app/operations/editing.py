"""Creating and editing one record: the same way for forms, inline edits, the API and imports.

Values come in as a person or a program sent them; out come stored records, or a refusal that names
every field that is wrong. The version somebody saw decides who was faster (R4).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import false, literal, or_, select

from app.extensions import db
from app.operations import likenesses, namesakes, primary, room, telling
from app.operations.rules import rules_of
from app.spec import clock, masks
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid, StaleVersion
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField, TagsField
from app.store import door, history, links
from app.store.context import actor, operating
from app.store.policy import Policy
from app.store.scope import member_of
from app.store.writer import Change, Context, insert_rows, update_rows


@dataclass(frozen=True)
class Conflict:
    """A field that two people changed: what I want, what stands there now, what I had seen."""

    field: Field
    mine: Any
    theirs: Any


def parse(
    fields: Mapping[str, Field], raw: Mapping[str, Any], *, complete: bool = False
) -> dict[str, Any]:
    """Raw values as stored values; Invalid names every wrong, unknown or missing field.

    With ``complete`` required fields must be there, and all can be entered by now; otherwise only
    those given are looked at.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, list[Any]] = {
        key: [_l("This field can't be written.")] for key in raw if key not in fields
    }
    for key, f in fields.items():
        if key not in raw and not complete:
            continue
        try:
            value = f.parse(raw.get(key))
            if value is None and key not in raw:
                value = f.initial()
            f.check_required(value)
            if complete:
                f.check_new(value)
        except ValueError as error:
            wrong[key] = [error.args[0]]
        else:
            if key in raw or value is not None:
                values[key] = value
    if wrong:
        raise Invalid(fields=wrong)
    return values


def _check_new(fields: Mapping[str, Field], values: Mapping[str, Any]) -> None:
    """Invalid for values that can't be entered by now."""
    wrong: dict[str, list[Any]] = {}
    for key, value in values.items():
        try:
            fields[key].check_new(value)
        except ValueError as error:
            wrong[key] = [error.args[0]]
    if wrong:
        raise Invalid(fields=wrong)


def resolve(
    entity: Entity,
    fields: Mapping[str, Field],
    values: dict[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    writes: bool = False,
) -> None:
    """Check that every record pointed at exists within the reader's scope (C23).

    Usernames and names of tags become ids. People must be active to be chosen (ORG-1); what the
    record pointed at ``before`` may stay. For whoever ``writes`` a new tag is made, else its name
    stays a name; and what is chosen is held, but for records of the same kind: two that choose
    each other would wait for ever. Raises Invalid.
    """
    wrong: dict[str, list[Any]] = {}
    for key, f in fields.items():
        if not isinstance(f, RelationField | LinksField) or values.get(key) in (None, []):
            continue
        if isinstance(f, TagsField):
            try:
                values[key] = _tags(f, values[key], creates=writes)
            except ValueError as error:
                wrong[key] = [error.args[0]]
            continue
        wanted = values[key] if isinstance(values[key], list) else [values[key]]
        kept = {one: one for one in wanted if one in _pointed_at((before or {}).get(key))}
        new = [one for one in wanted if one not in kept]
        found = kept | _existing(entity, f.to, new, holds=writes and f.to != entity.key)
        if len(found) != len(set(wanted)):
            wrong[key] = [_l("Not a valid choice.")]
        else:
            ids = [found[one] for one in wanted]
            values[key] = sorted(ids) if isinstance(f, LinksField) else ids[0]
    if wrong:
        raise Invalid(fields=wrong)


def _tags(field: TagsField, names: list[str], *, creates: bool) -> list[Any]:
    """The ids of these tags, new ones last; ValueError for a name that he may not make a tag of."""
    target = catalogue.get(field.to)
    found = links.by_names(target, names)
    unknown = [name for name in names if name not in found]
    if unknown and not (field.is_open and actor().rights.may(target.key, "create")):
        raise ValueError(_l("There is no tag called %(name)s.", name=unknown[0]))
    new = [create(target, {target.title: name}) if creates else name for name in unknown]
    return [*sorted(found.values()), *new]


def _pointed_at(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value]


def _existing(chooser: Entity, to: str, wanted: list[Any], *, holds: bool) -> dict[Any, int]:
    """The ids that this reader may choose in that entity, by what was asked for: id or username."""
    target = catalogue.get(to)
    ids = [one for one in wanted if isinstance(one, int)]
    if not wanted:
        return {}
    if target.is_owned:
        return {i: i for i in door.within(target, ids, "read", holds=holds)}
    model, may_name = target.model, "username" in target.fields
    name = model.username if may_name else literal(None)
    named = name.in_([one for one in wanted if isinstance(one, str)]) if may_name else false()
    statement = select(model.id, name).where(
        or_(member_of(model.id, ids), named), *rules_of(target).choosable(chooser)
    )
    rows = db.session.execute(door.held(statement, model) if holds else statement).all()
    by_id = {row[0]: row[0] for row in rows if row[0] in ids}
    return by_id | {row[1]: row[0] for row in rows if row[1] in wanted}


def create(entity: Entity, raw: Mapping[str, Any], *, is_confirmed: bool = False) -> int:
    """Write a new record from what was sent and return its id.

    Raises NotPermitted, Invalid, Duplicate, and Namesake unless the writer ``is_confirmed`` in
    wanting two of one name. The doer becomes the owner unless he names another within his scope
    (C29).
    """
    door.demand(entity.key, "create")
    fields = Policy(actor(), entity, "create").writable(creating=True)
    values = parse(fields, raw, complete=True)
    resolve(entity, _chosen(entity, fields), values, writes=True)
    complete_ownership(entity, values)
    with operating("create", entity.key), history.together():
        rules = rules_of(entity)
        rules.before_create(entity, values)
        room.demand(entity, values)
        marks = namesakes.marks(entity, values, is_confirmed=is_confirmed)
        likenesses.ask(entity, values, is_confirmed=is_confirmed)
        how = Context("create", extra=marks, is_seen=entity.is_attached)
        [record_id] = insert_rows(entity, [values], how)
        rules.after_create(entity, record_id, values)
        telling.of_birth(entity, record_id, values)
        telling.of_joining(entity, record_id, {}, values)
    return record_id


def _chosen(entity: Entity, fields: Mapping[str, Field]) -> Mapping[str, Field]:
    """The fields whose choice is looked up here: the record that a row is attached to is looked up
    by the rules, which have more to ask of it."""
    if not entity.is_attached:
        return fields
    return {key: f for key, f in fields.items() if f not in entity.parents}


def create_plain(entity: Entity, raws: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write new records of an entity without owners and namesakes, as tags, in one insert.

    Returns their ids in the order given. Raises NotPermitted, Invalid, Duplicate.
    """
    door.demand(entity.key, "create")
    fields = Policy(actor(), entity, "create").writable(creating=True)
    rows = [parse(fields, raw, complete=True) for raw in raws]
    with operating("create", entity.key):
        rules = rules_of(entity)
        for values in rows:
            rules.before_create(entity, values)
        ids = insert_rows(entity, rows, Context("create"))
        rules.after_write(entity, ids)
    return ids


def complete_ownership(entity: Entity, values: dict[str, Any]) -> None:
    """Whose a new record is, and when and how he obtained it (POOL-8, XFER-4)."""
    whose = entity.responsible
    if not whose:
        return
    values[whose] = values.get(whose) or actor().user_id
    if entity.is_pooled:
        values["obtained_at"] = clock.now()
        values["obtained_way"] = "created"


def edit(
    entity: Entity,
    record_id: int,
    raw: Mapping[str, Any],
    *,
    version: int | Callable[[], int],
    is_confirmed: bool = False,
) -> tuple[Any, int]:
    """Write changed values of one record; returns the record as it was and its version now.

    ``version`` is what the writer saw; given as a function it is asked for last, so that a missing
    one is complained of after everything else (contract §1). Raises NotPermitted, NotFound,
    Invalid, StaleVersion with the conflicting fields, Duplicate, Namesake unless ``is_confirmed``.
    """
    door.demand(entity.key, "edit")
    policy = Policy(actor(), entity, "edit")
    fields = policy.writable(creating=False) | primary.writable(entity)
    stored = [
        f
        for f in entity.fields.values()
        if f.is_stored or (isinstance(f, LinksField) and f.key in raw)
    ]
    record = door.fetch(entity, record_id, "edit", stored, lock=True)
    before = door.values_of(entity, record, stored)
    raw = drop_masks(policy, before, raw)
    values = parse(fields, raw)
    changed = {key: value for key, value in values.items() if before.get(key) != value}
    _check_new(fields, changed)
    pointing = {key: fields[key] for key in changed}
    resolve(entity, pointing, changed, before, writes=True)
    primary.check(entity, record_id, changed)
    changed = {key: value for key, value in changed.items() if before.get(key) != value}
    if record.version != (version if isinstance(version, int) else version()):
        raise stale(policy, record, before, values)
    if not changed:
        return record, record.version
    with operating("edit", entity.key, pools=True):
        rules = rules_of(entity)
        rules.before_change(entity, record_id, before, changed)
        change = Change(record_id, door.title_of(entity, before), before, changed)
        marks = namesakes.marks(entity, changed, is_confirmed=is_confirmed, besides=record_id)
        likenesses.ask(entity, changed, is_confirmed=is_confirmed, besides=record_id)
        how = Context("edit", extra=marks)
        if not update_rows(entity, [change], how, version=record.version):
            raise stale(policy, record, before, values)
        rules.after_edit(entity, record_id, before, changed)
        telling.of_joining(entity, record_id, before, changed, record.version + 1)
    return record, record.version + 1


def drop_masks(policy: Policy, before: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """A mask posted back unchanged keeps the value; a half-changed one is refused (C44)."""
    kept = dict(raw)
    for key in policy.masked & set(raw):
        f = policy.entity.fields[key]
        sent = raw[key]
        if sent == policy.shown(f, before.get(key)) or (sent in (None, "") and not before.get(key)):
            del kept[key]
        else:
            refuse_masks(policy, {key: sent})
    return kept


def refuse_masks(policy: Policy, values: Mapping[str, Any]) -> None:
    """Invalid when a value of a masked field is itself a mask, whole or half edited (C44)."""
    for key in policy.masked & set(values):
        f, sent = policy.entity.fields[key], values[key]
        if isinstance(sent, str) and f.mask and masks.looks_masked(f.mask, sent):
            raise Invalid(fields={key: [_l("Give the whole value or leave it as it is.")]})


def stale(
    policy: Policy, record: Any, before: Mapping[str, Any], values: Mapping[str, Any]
) -> StaleVersion:
    """The refusal for a save over a newer version, with what would have been overwritten.

    A value sent for a masked field always counts: that it is the same must not be told (C43).
    """
    refusal = StaleVersion()
    refusal.details["version"] = record.version
    refusal.stored = before
    refusal.conflicts = [
        Conflict(policy.entity.fields[key], value, before.get(key))
        for key, value in values.items()
        if key in policy.masked or before.get(key) != value
    ]
    return refusal
