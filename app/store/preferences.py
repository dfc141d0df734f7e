"""What each person has chosen for himself: columns of a list, density, dashboard, seen hints.

A choice belongs to whoever acts and to nobody else; another person's is not to be had here. What
is stored was once valid: whoever reads a choice checks it against what there is today.
"""

import json
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.errors import Invalid
from app.store.context import actor
from app.store.engine import inserting

MAX_KEY = 80
MAX_BYTES = 16 * 1024


class Preference(db.Model):  # type: ignore[name-defined,misc]
    """One choice of one person: a dotted key, as ``list.customer``, and any JSON."""

    __tablename__ = "preference"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(MAX_KEY), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


def get(*keys: str) -> dict[str, Any]:
    """The choices made under these keys, in one statement; a key never chosen is absent."""
    row = Preference.__table__.c
    found = db.session.execute(
        select(row.key, row.value).where(row.user_id == actor().user_id, row.key.in_(keys))
    )
    return {key: value for key, value in found}  # noqa: C416 - rows are not pairs to mypy


def put(choices: Mapping[str, Any]) -> None:
    """Keep these choices, new or changed, in one statement; the caller commits.

    Raises Invalid when one of them is larger than 16 KiB.
    """
    if not choices:
        return
    who = actor().user_id
    statement = inserting(Preference.__table__).values(
        [{"user_id": who, "key": key, "value": _checked(v)} for key, v in choices.items()]
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "key"], set_={"value": statement.excluded.value}
        )
    )


def forget(*keys: str) -> None:
    """Go back to what everybody starts with; the caller commits."""
    row = Preference.__table__.c
    db.session.execute(
        delete(Preference.__table__).where(row.user_id == actor().user_id, row.key.in_(keys))
    )


def _checked(value: Any) -> Any:
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_BYTES:
        raise Invalid(_l("This is too much to remember."))
    return value
