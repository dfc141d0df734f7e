"""Looking up linked records while somebody types (LIST-8): scoped rows, twenty at most."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, case, literal, null, or_, select, union_all

from app.admin import rooms
from app.extensions import db
from app.operations.registry import BEHAVIOURS
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, NotFound, NotPermitted
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.options import Option
from app.spec.pinyin import typed
from app.spec.private import MY_TAGS, OwnTagsField
from app.spec.relations import LinksField, RelationField, TagsField
from app.spec.text import fold, is_storable
from app.store import preferences, private, recent, scope, search_index, titles
from app.store.context import actor, current, system_scope
from app.store.policy import Policy
from app.store.scope import member_of

MOST = 20
AMONG = 500
"""So many hits of a common word are put in order; whoever wants another one types on."""
LONGEST = 50
REMEMBERED = 10
"""So many of those last chosen for a field are kept per person."""
ASKING = ("list", "create", "edit")


def options(entity: Entity, key: str, words: str, *, retired: bool = False) -> list[dict[str, Any]]:
    """The records to choose from for a field or an operation's parameter of an entity.

    For filters with the ``retired`` ones: disabled people stay choosable there (ORG-1).
    Raises NotPermitted when the asker has nothing to do with the entity, NotFound for a field that
    doesn't exist for him.
    """
    if key == MY_TAGS.key:
        return _my_tags(entity, words)
    field = _linking(entity, key)
    chosen = _chosen(entity, key)
    target = catalogue.get(field.to)
    offered = _offered(entity, field, retired=retired)
    found = _suggested(target, words, offered, chosen)
    if not retired:
        found = rooms.hinted(entity, field, found)
    if isinstance(field, LinksField) and field.is_named:
        return [{**one, "value": one["text"]} for one in found]
    return found


def note(entity: Entity, key: str, value: str) -> None:
    """Remember what was chosen for the field, so that it is offered first there (LIST-8).

    Raises as :func:`options` does, and NotFound for what the asker can't choose.
    """
    field = _linking(entity, key)
    target = catalogue.get(field.to)
    if target.is_owned and not actor().rights.may(target.key, "list"):
        raise NotPermitted
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    if not _these(target, [number], _offered(entity, field)):
        raise NotFound
    before = [one for one in _chosen(entity, key) if one != number]
    preferences.put({_chosen_key(entity, key): [number, *before][:REMEMBERED]})


def _chosen_key(entity: Entity, key: str) -> str:
    return f"chosen.{entity.key}.{key}"


def _chosen(entity: Entity, key: str) -> list[int]:
    """What the asker has chosen there lately, the last one first."""
    kept = _chosen_key(entity, key)
    found: list[int] = preferences.get(kept).get(kept, [])
    return found


def suggestions(
    entity: Entity,
    target: Entity,
    words: str,
    *,
    retired: bool = False,
    chosen: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """The target's records that these words find, for something about the entity.

    Those ``chosen`` there before come first, then, while nothing is typed, those looked at lately.
    Raises NotPermitted for owned records that the asker may not list, BadRequest for an endless
    search.
    """
    offered = rules_of(target).choosable(entity, retired=retired)
    return _suggested(target, words, offered, chosen)


def _offered(
    entity: Entity, field: RelationField | LinksField, *, retired: bool = False
) -> Sequence[ColumnElement[bool]]:
    """The conditions on what may be chosen there: fit for it, and among those asked for."""
    target = catalogue.get(field.to)
    fit = rules_of(target).choosable(entity, retired=retired)
    among = field.among() if isinstance(field, RelationField) and field.among else None
    return fit if among is None else (*fit, member_of(target.model.id, among))


def _suggested(
    target: Entity, words: str, offered: Sequence[Any], chosen: Sequence[int]
) -> list[dict[str, Any]]:
    if len(words) > LONGEST or not is_storable(words):
        raise BadRequest(_l("At most %(n)s characters.", n=LONGEST))
    if target.is_owned and not actor().rights.may(target.key, "list"):
        raise NotPermitted
    rows = _found(target, words.strip(), offered, chosen)
    if not words.strip():
        rows = [*_these(target, chosen, offered), *_lately(target, offered), *rows]
        rows = list({row.id: row for row in rows}.values())[:MOST]
    return [
        {"value": row.id, "text": _said(titles.title(target, row), row), "hint": _hint(row)}
        for row in rows
    ]


def first(entity: Entity, field: RelationField | LinksField) -> dict[str, str]:
    """The first records to choose from, so that a form works when its script doesn't (UI-2)."""
    look_up(entity, [field])
    found: dict[str, str] = current().memory[_first_key(entity, field)]
    return found


def look_up(entity: Entity, fields: Iterable[Field]) -> None:
    """Find the first records to choose from for all these fields, in one statement: what ``first``
    answers from then on, as long as this piece of work lasts.
    """
    memory, wanted = current().memory, {}
    for field in fields:
        if isinstance(field, RelationField | LinksField) and not isinstance(field, TagsField):
            wanted[_first_key(entity, field)] = field
    fresh = {key: field for key, field in wanted.items() if key not in memory}
    memory.update({key: {} for key in fresh})
    parts = []
    for key, field in fresh.items():
        target = catalogue.get(field.to)
        if not target.is_owned or actor().rights.may(target.key, "list"):
            parts.append(_first_ones(str(key), target, _offered(entity, field)))
    if parts:
        with system_scope("each part carries the predicate of its reader"):
            rows = db.session.execute(union_all(*parts)).all()
        places = {str(key): memory[key] for key in fresh}
        for row in sorted(rows, key=lambda row: (str(row.sorted_by or ""), row.id)):
            places[row.place][str(row.id)] = titles.called(row.own, row.other)


def _first_key(entity: Entity, field: RelationField | LinksField) -> tuple[str, ...]:
    """What is remembered once: the fields that lead to the same records share it."""
    own = field.key if getattr(field, "among", None) else ""
    return ("first choices", entity.key, field.to, own)


def _first_ones(place: str, target: Entity, offered: Sequence[Any]) -> Select[Any]:
    """The first of those offered within the asker's scope, with what they are in order by."""
    model, other = target.model, titles.english(target)
    order = (getattr(model, target.fields[target.title].sort_column), model.id)
    named = (
        order[0].label("sorted_by"),
        getattr(model, target.title).label("own"),
        (getattr(model, other) if other else null()).label("other"),
    )
    found = select(literal(place).label("place"), model.id, *named)
    mine = scope.predicate(target, current())
    found = found.where(mine, *offered).order_by(*order).limit(MOST)
    return select(found.subquery())


def _my_tags(entity: Entity, words: str) -> list[dict[str, Any]]:
    """One's own tags on records of that kind that have these words, to filter by (CUS-8)."""
    if not actor().rights.may(entity.key, "list"):
        raise NotPermitted
    if not entity.is_owned:
        raise NotFound
    sought = fold(words.strip())
    mine = [tag for tag in private.tags(entity.key, 0) if sought in fold(tag)]
    return [{"value": tag, "text": tag, "hint": ""} for tag in mine[:MOST]]


def may_create(field: TagsField) -> bool:
    """Whether a new tag comes to be by typing its name."""
    return field.is_open and actor().rights.may(field.to, "create")


def _linking(entity: Entity, key: str) -> RelationField | LinksField:
    """A field or parameter that points at others, as far as it exists for the asker.

    NotPermitted when he has nothing to do with the entity, NotFound for another field.
    """
    verbs = [v.slug for v in entity.verbs if actor().rights.may(entity.key, v.slug)]
    if not set(verbs) & {*ASKING, *BEHAVIOURS}:
        raise NotPermitted
    field = _field(entity, key, verbs)
    if not isinstance(field, RelationField | LinksField):
        raise NotFound
    return field


def _field(entity: Entity, key: str, verbs: list[str]) -> Field | None:
    for operation in ("read", "list", "create"):
        found = Policy(actor(), entity, operation).readable.get(key)
        if found is not None:
            return found
    for slug in verbs:
        if slug in BEHAVIOURS:
            for parameter in BEHAVIOURS[slug].params(entity):
                if parameter.key == key:
                    return parameter
    return None


def _lately(target: Entity, offered: Sequence[Any]) -> list[Any]:
    """Those to choose from that the reader has looked at last: first when nothing is typed."""
    chosen = select(target.model).where(*offered)
    return list(db.session.execute(recent.first(chosen, target).limit(MOST)).scalars())


def _these(target: Entity, ids: Sequence[int], offered: Sequence[Any]) -> list[Any]:
    """Those of the records that may still be chosen, in this order."""
    if not ids:
        return []
    found = select(target.model).where(target.model.id.in_(ids), *offered)
    return sorted(db.session.scalars(found), key=lambda row: ids.index(row.id))


def _found(
    target: Entity, words: str, offered: Sequence[Any], chosen: Sequence[int] = ()
) -> list[Any]:
    """The first of those ``offered``, a condition each, that the words find.

    Of these those ``chosen`` before come first.
    """
    model = target.model
    title = target.fields[target.title]
    places = {one: place for place, one in enumerate(chosen)}
    again = [case(places, value=model.id, else_=len(places))] if places and words else []
    order = (*again, getattr(model, title.sort_column), model.id)
    first_ones = select(model).order_by(*order).limit(MOST)
    if not words:
        return list(db.session.execute(first_ones.where(*offered)).scalars())
    some = (
        select(model.id)
        .where(*offered, _meant(target, title, words))
        .limit(AMONG)
        .cte("some")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return list(db.session.execute(first_ones.where(model.id.in_(select(some.c.id)))).scalars())


def _meant(target: Entity, title: Field, words: str) -> ColumnElement[bool]:
    """By the search index; its names that are not in there, or words too short for it, as text.

    A name that is in the index is never looked for as text besides: among a million that OR makes
    the database read every hit.
    """
    policy = Policy(actor(), target, "read" if target.is_owned else "list")
    fields = policy.searched if target.is_owned else target.searched
    named = [f.key for f in fields if target.is_owned or f.search != "phone"]
    hit = search_index.matches(target, words, named)
    other = target.fields.get(titles.english(target))
    names = [f for f in (title, other) if f is not None and (hit is None or not f.search)]
    plain = [getattr(target.model, f.column).icontains(words, autoescape=True) for f in names]
    return or_(*plain) if hit is None else or_(hit, *plain)


def _said(title: str, row: Any) -> str:
    """What it is called, and that it can't be chosen any more."""
    return title if getattr(row, "is_active", True) else _("%(name)s (disabled)", name=title)


def _hint(row: Any) -> str:
    """What tells two of the same name apart: a person's username."""
    return str(getattr(row, "username", "") or "")


def choices(field: Field, *, retired: bool = False) -> list[dict[str, str]]:
    """The choices that may be picked now; for filters those that old records still have too.

    Each with what one may type for it besides its label.
    """
    if not isinstance(field, OptionField):
        return []
    return [
        {"code": option.code, "label": _called(option), "typed": typed(str(option.label))}
        for option in field.choices.current()
        if option.is_active or retired
    ]


def _called(option: Option) -> str:
    if option.is_active:
        return str(option.label)
    return _("%(name)s (retired)", name=option.label)


def options_url(entity: Entity, field: Field, *, retired: bool = False) -> str:
    """Where choices are looked up as somebody types: of a relation, or one's own tags (LIST-8)."""
    if isinstance(field, RelationField | LinksField | OwnTagsField):
        return f"/{entity.plural}/options/{field.key}{'?retired=1' if retired else ''}"
    return ""
