"""The edited choices: what admins made of the dictionaries that declarations start with."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, delete, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, NotFound, StaleVersion
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.options import Dictionary, Option
from app.spec.words import Label
from app.store.history import record_event
from app.store.version import touch


class DictionaryOption(db.Model):  # type: ignore[name-defined,misc]
    """One choice of one dictionary: code, zh, en, order, active."""

    __tablename__ = "dictionary_option"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    dictionary: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    en: Mapped[str] = mapped_column(String(80))
    zh: Mapped[str] = mapped_column(String(80))
    colour: Mapped[str] = mapped_column(String(20), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)


@dataclass(frozen=True)
class Clash:
    """A choice that two people changed; None: it isn't there. ``code`` is empty for the order."""

    code: str
    mine: Option | None
    theirs: Option | None
    original: Option | None


def declared() -> Iterator[Dictionary]:
    """Every editable dictionary that some field uses, each once."""
    seen: set[str] = set()
    for _entity, field in _option_fields():
        if field.choices.is_editable and field.choices.key not in seen:
            seen.add(field.choices.key)
            yield field.choices


def get(key: str) -> Dictionary:
    """The editable dictionary of that key; NotFound for any other."""
    for words in declared():
        if words.key == key:
            return words
    raise NotFound


def users_of(key: str) -> list[tuple[Entity, Field]]:
    """The fields whose choices these are, with their entities."""
    return [(entity, f) for entity, f in _option_fields() if f.choices.key == key]


def _option_fields() -> Iterator[tuple[Entity, OptionField]]:
    for entity in catalogue:
        for field in entity.fields.values():
            if isinstance(field, OptionField) and field.is_stored:
                yield entity, field


def usage(key: str) -> Counter[str]:
    """How many records have each code, also those in the recycle bin: one statement per field."""
    found: Counter[str] = Counter()
    for entity, field in users_of(key):
        column = entity.model.__table__.c[field.column]
        rows = db.session.execute(
            select(column, func.count()).where(column.is_not(None)).group_by(column)
        )
        found.update({code: n for code, n in rows})  # noqa: C416 - rows are not pairs to mypy
    return found


def missing_rows(existing: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """The declared choices that the database doesn't have yet, as rows to insert."""
    return [
        {
            "dictionary": words.key,
            "code": choice.code,
            "en": choice.label.en,
            "zh": choice.label.zh,
            "colour": choice.colour,
            "position": position,
            "is_active": True,
        }
        for words in declared()
        for position, choice in enumerate(words.options)
        if (words.key, choice.code) not in existing
    ]


def load() -> Mapping[str, tuple[Option, ...]]:
    """All stored choices in one statement, by dictionary, in their order."""
    rows = db.session.execute(
        select(DictionaryOption).order_by(
            DictionaryOption.dictionary, DictionaryOption.position, DictionaryOption.code
        )
    ).scalars()
    found: dict[str, list[Option]] = {}
    for row in rows:
        choice = Option(row.code, Label(row.en, row.zh), row.colour, row.is_active)
        found.setdefault(row.dictionary, []).append(choice)
    return {key: tuple(choices) for key, choices in found.items()}


def save(words: Dictionary, original: Sequence[Option], mine: Sequence[Option]) -> bool:
    """Store the choices in this order, given what their editor started from; False: no change.

    In the transaction under way. What somebody else changed meanwhile is kept; StaleVersion with a
    :class:`Clash` for each choice that both changed differently (C37). Conflict for the removal
    of a code that is built in or in use: it may only be retired.
    """
    if list(original) == list(mine):
        return False
    touch()
    now = load().get(words.key, ())
    merged = _merged(original, mine, now)
    if merged == list(now):
        return False
    _keep_what_is_used(words, {o.code for o in now} - {o.code for o in merged})
    table = DictionaryOption.__table__
    db.session.execute(delete(table).where(table.c.dictionary == words.key))
    if merged:
        db.session.execute(insert(table), _rows(words.key, merged))
    before, after = _by_code(now), _by_code(merged)
    changed = {
        code: [_plain(before.get(code)), _plain(after.get(code))]
        for code in {**before, **after}
        if before.get(code) != after.get(code)
    }
    record_event("dictionary_changed", subject=words.key, detail=changed)
    return True


def _merged(
    original: Sequence[Option], mine: Sequence[Option], now: Sequence[Option]
) -> list[Option]:
    """What stands there now with what one editor changed of what he had seen."""
    seen, wanted, stored = _by_code(original), _by_code(mine), _by_code(now)
    clashes = [
        Clash(code, wanted.get(code), stored.get(code), seen.get(code))
        for code in {**seen, **wanted, **stored}
        if _differ(wanted.get(code), seen.get(code), stored.get(code))
    ]
    orders = [[o.code for o in one if o.code in seen] for one in (mine, original, now)]
    if _differ(*orders) and not any(set(orders[1]) - set(order) for order in orders):
        clashes.append(Clash("", None, None, None))
    if clashes:
        refusal = StaleVersion()
        refusal.conflicts = clashes
        raise refusal
    result = {c: o for c, o in stored.items() if c in wanted or c not in seen}
    result |= {c: o for c, o in wanted.items() if o != seen.get(c)}
    order = mine if orders[0] != orders[1] else now
    places = {o.code: place for place, o in enumerate(order)}
    return sorted(result.values(), key=lambda o: places.get(o.code, len(places)))


def _differ(mine: Any, original: Any, theirs: Any) -> bool:
    """Whether both sides went away from the original, and apart from each other."""
    return bool(mine != original and theirs not in (original, mine))


def _keep_what_is_used(words: Dictionary, leaving: set[str]) -> None:
    used = usage(words.key) if leaving else {}
    if leaving & {option.code for option in words.options}:
        raise Conflict(_l("A built-in value can't be deleted; retire it instead."))
    if any(used.get(code) for code in leaving):
        raise Conflict(_l("A value that records have can't be deleted; retire it instead."))


def _by_code(choices: Sequence[Option]) -> dict[str, Option]:
    return {option.code: option for option in choices}


def _plain(option: Option | None) -> dict[str, Any] | None:
    """A choice as the audit log keeps it."""
    if option is None:
        return None
    names = {"zh": option.label.zh, "en": option.label.en}
    return {**names, "colour": option.colour, "is_active": option.is_active}


def _rows(key: str, choices: Sequence[Option]) -> list[dict[str, Any]]:
    return [
        {"dictionary": key, "code": option.code, "position": place, **(_plain(option) or {})}
        for place, option in enumerate(choices)
    ]
