"""The edited choices: what admins made of the dictionaries that declarations start with."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.kinds import OptionField
from app.spec.options import Dictionary, Option
from app.spec.words import Label


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


def declared() -> Iterator[Dictionary]:
    """Every editable dictionary that some field uses, each once."""
    seen: set[str] = set()
    for entity in catalogue:
        for field in entity.fields.values():
            if not isinstance(field, OptionField) or not field.choices.is_editable:
                continue
            if field.choices.key not in seen:
                seen.add(field.choices.key)
                yield field.choices


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
