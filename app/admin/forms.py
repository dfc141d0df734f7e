"""Forms from declarations: what a form shows, and what came back from it (UI-6).

A form posts text; what was typed stays in the inputs when something is wrong with it.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from app.admin import choosing, rooms
from app.admin.choosing import choices, options_url
from app.operations import editing
from app.spec import clock, days, recurrence, repeats
from app.spec.catalogue import catalogue
from app.spec.days import DaysField
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound
from app.spec.field import SECTION_LABELS, Field, Section
from app.spec.kinds import ChoicesField, OptionField
from app.spec.recycling import OTHERS
from app.spec.relations import LinksField, RelationField, TagsField
from app.spec.repeats import RepeatField
from app.store import titles
from app.store.context import actor
from app.store.policy import Policy

CONFIRMED = "confirmed"
"""The button with the name that two records shall have (CUS)."""
CONTROL = frozenset(
    {
        "csrf_token",
        "row_version",
        "form_nonce",
        "original",
        "disputed",
        "pasted",
        "then",
        CONFIRMED,
        "step",
        "next",
    }
)
"""Inputs that are no fields."""
CHOICE = "keep-"
"""How the names of choices between two versions begin; no field has a dash in its name."""

Raw = dict[str, Any]


def read(form: MultiDict[str, str], fields: Mapping[str, Field]) -> Raw:
    """What a form sent, by field: lists for fields with several values, "" for emptied ones.

    A box that isn't ticked isn't sent, so boxes of the form count as "no" when they are missing.
    """
    raw: Raw = {}
    beside = inputs_beside(fields.values())
    for key in form:
        f = fields.get(key)
        if key in CONTROL or key in beside or key.startswith(CHOICE):
            continue
        raw[key] = form.getlist(key) if isinstance(f, LinksField | ChoicesField) else form[key]
        if isinstance(f, RepeatField):
            parts = {part: form.get(f"{key}-{part}", "") for part in repeats.PARTS}
            raw[key] = repeats.composed(form[key], parts)
        elif isinstance(f, DaysField):
            levels = {level: form.get(name, "") for level, name in days.inputs(f).items()}
            raw[key] = days.composed(form[key], levels)
    for key, f in fields.items():
        if key in raw:
            continue
        if f.kind == "boolean":
            raw[key] = False
        elif isinstance(f, LinksField | ChoicesField):
            raw[key] = []
    return raw


def inputs_beside(fields: Iterable[Field]) -> set[str]:
    """The names of inputs that say a part of what another one says; none of them is a field."""
    named: set[str] = set()
    for f in fields:
        if isinstance(f, RepeatField):
            named.update(repeats.inputs(f))
        elif isinstance(f, DaysField):
            named.update(days.inputs(f).values())
    return named


def nonce() -> str:
    """A key that makes one form one effect, however often it is sent (BULK-8)."""
    return secrets.token_urlsafe(18)


def is_confirmed(form: MultiDict[str, str], raw: Mapping[str, Any]) -> bool:
    """Whether two records may be called so: asked about that very name, the writer said yes."""
    return form.get(CONFIRMED, "") in (value for value in raw.values() if value)


def typed(field: Field, value: Any) -> Any:
    """A stored value as an input holds it; no page ever holds a secret."""
    if value is None or field.kind == "secret":
        return ""
    if field.kind == "datetime":
        return clock.local(value).strftime("%Y-%m-%dT%H:%M")
    if field.kind == "money":
        return f"{value:.2f}"
    if field.kind in ("date", "integer"):
        return str(value)
    return value


def control(
    entity: Entity,
    field: Field,
    value: Any,
    *,
    errors: Sequence[Any] = (),
    policy: Policy | None = None,
    text: str | None = None,
    offers: bool = True,
) -> dict[str, Any]:
    """One input: ``value`` as typed or stored-as-typed, ``text`` what a chosen record is called.

    Unless it ``offers`` the first of the records to choose from, they come by being typed for.
    """
    masked = policy is not None and field.key in policy.masked
    is_many = isinstance(field, LinksField | ChoicesField)
    kind = field.kind
    if is_many and kind != "tags":
        kind = "options"
    elif getattr(field, "to", "") == "user":
        kind = "user"
    return {
        "key": field.key,
        "label": str(field.label),
        "kind": "text" if masked else kind,
        "required": field.required,
        "help": str(field.help) if field.help else "",
        "value": [str(v) for v in value or []] if is_many else value,
        "text": _text(field, value) if text is None else text,
        "errors": [str(e) for e in errors],
        "masked": masked,
        "options": _options(entity, field, value, offers=offers),
        "options_url": options_url(entity, field),
        "is_noted": isinstance(field, RelationField),
        "creates": isinstance(field, TagsField) and choosing.may_create(field),
        "only_with": " ".join(field.only_with),
        "max_length": getattr(field, "max_length", None),
        "has_phrases": getattr(field, "has_phrases", False),
        "suggested": [str(one) for one in getattr(field, "suggested", ())],
        "repeat": _repeat(value) if kind == "repeat" else None,
        "days": _days(field, value) if isinstance(field, DaysField) else None,
    }


def _days(field: DaysField, value: Any) -> dict[str, Any]:
    """The number of days for all, or for all others, and those of each level."""
    typed, labels = days.taken_apart(str(value or "")), days.levels()
    names = days.inputs(field)
    return {
        "others": typed.get(OTHERS, ""),
        "levels": [
            {"name": names[level], "label": str(label), "value": typed.get(level, "")}
            for level, label in labels.items()
        ],
    }


def _repeat(value: Any) -> dict[str, Any]:
    """The choice of how something repeats, and the inputs beside it."""
    apart = repeats.taken_apart(str(value or ""))
    offered = {code: str(label) for code, label in repeats.USUAL.items()}
    if apart["chosen"] not in ("", *offered):
        offered[apart["chosen"]] = repeats.sentence(apart["chosen"])
    names = zip(recurrence.WEEKDAYS, repeats.weekday_names(), strict=True)
    return {
        **apart,
        "offered": [{"code": code, "label": label} for code, label in offered.items()],
        "weekday_names": [{"code": code, "label": label} for code, label in names],
        "weekly": [code for code in offered if code == "FREQ=WEEKLY"],
    }


def _options(entity: Entity, field: Field, value: Any, *, offers: bool) -> list[dict[str, str]]:
    """The choices of a list; for linked records those chosen already and the first others."""
    if isinstance(field, OptionField):
        return choices(field)
    if not isinstance(field, RelationField | LinksField) or isinstance(field, TagsField):
        return []
    offered = choosing.first(entity, field) if offers else {}
    if isinstance(field, LinksField):
        ids = [int(v) for v in value or [] if _is_number(v) and str(v) not in offered]
        names = titles.by_ids(catalogue.get(field.to), ids)
        offered = {str(i): names.get(i, str(i)) for i in ids} | offered
    have = rooms.of(entity, field, map(int, offered))
    return [
        {"code": code, "label": f"{label} ({have[int(code)]})" if int(code) in have else label}
        for code, label in offered.items()
    ]


def _text(field: Field, value: Any) -> str:
    if isinstance(field, OptionField) and isinstance(value, str):
        return field.to_text(value)  # a retired choice stays, under its name
    if isinstance(field, RelationField) and _is_number(value):
        return titles.by_ids(catalogue.get(field.to), [int(value)]).get(int(value), "")
    return ""


def _is_number(value: Any) -> bool:
    """Whether it can be a record's number: what was typed may be longer than any column holds."""
    return str(value or "").isdecimal() and len(str(value)) < 10


def pointed(
    entity: Entity, fields: Mapping[str, Field], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Values given in an address as inputs hold them.

    NotFound when one is wrong or points at a record that doesn't exist for the reader (C23).
    """
    try:
        parsed = editing.parse({key: fields[key] for key in given}, given)
        editing.resolve(entity, fields, parsed)
    except Invalid:
        raise NotFound from None
    policy = Policy(actor(), entity, "create")
    return stored_values(policy, (fields[key] for key in given), parsed)


def sections(
    policy: Policy,
    fields: Iterable[Field],
    values: Mapping[str, Any],
    errors: Mapping[str, Sequence[Any]],
    texts: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The inputs of a form grouped by the sections of the declaration."""
    grouped: dict[Any, list[dict[str, Any]]] = {}
    shown = list(fields)
    choosing.look_up(policy.entity, shown)
    for f in shown:
        grouped.setdefault(f.section, []).append(
            control(
                policy.entity,
                f,
                values.get(f.key),
                errors=errors.get(f.key, ()),
                policy=policy,
                text=texts.get(f.key),
            )
        )
    return [
        {"label": str(SECTION_LABELS[section]), "fields": grouped[section]}
        for section in Section
        if section in grouped
    ]


def stored_values(
    policy: Policy, fields: Iterable[Field], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Stored values as the inputs of a form hold them, masked where the reader sees a mask."""
    return {
        f.key: policy.shown(f, values.get(f.key))
        if f.key in policy.masked
        else _names(f, values.get(f.key))
        if isinstance(f, TagsField)
        else typed(f, values.get(f.key))
        for f in fields
    }


def _names(field: TagsField, value: Any) -> list[str]:
    """Tags as they are typed, by name."""
    stored = [one for one in value or [] if isinstance(one, int)]
    known = titles.by_ids(catalogue.get(field.to), stored)
    return sorted(known.get(one, "") if isinstance(one, int) else one for one in value or [])
