"""The ``setting`` table (SET-1): what admins have set, obeyed by every process on its next request.

Read with the rights, by version, so that no page pays for it; every change is in the audit log.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, Integer, String, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import checks, clock, company, settings
from app.spec.errors import StaleVersion
from app.spec.kinds import SecretField
from app.spec.settings import Setting
from app.spec.types import UTCDateTime
from app.store import sealing
from app.store.context import actor_id
from app.store.history import record_event
from app.store.separate import reading
from app.store.version import touch

log = logging.getLogger("crm.settings")


class StoredSetting(db.Model):  # type: ignore[name-defined,misc]
    """One setting that somebody has touched; without a value its default holds again."""

    __tablename__ = "setting"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[Any] = mapped_column(UTCDateTime())
    updated_by_id: Mapped[Any] = mapped_column(Integer, nullable=True)


@dataclass(frozen=True)
class Wish:
    """A new value for a setting (None: its default) from somebody who had seen ``version``."""

    setting: Setting[Any]
    value: Any
    version: int


@dataclass(frozen=True)
class Clash:
    """A setting that two people changed: what I want, what stands there now, and its version."""

    setting: Setting[Any]
    mine: Any
    theirs: Any
    version: int


def load() -> Mapping[str, Any]:
    """What has been set, by key: one statement in the transaction under way."""
    return _understood(db.session.execute(_all()).all())


def obey(values: Mapping[str, Any]) -> None:
    """Let these hold for the request, job or command under way."""
    settings.live.set(values)
    checks.home.set(settings.value(company.COUNTRY))


def obey_now() -> None:
    """Look and obey, where no rights are read: a guest's request, a sweep. One small statement."""
    with reading() as connection:
        obey(_understood(connection.execute(_all()).all()))


def versions() -> dict[str, int]:
    """The version of every setting that was ever touched; all others have version 0."""
    return dict(db.session.execute(select(StoredSetting.key, StoredSetting.version)).all())


def save(wishes: Sequence[Wish]) -> list[str]:
    """Store what differs from what holds, with an audit entry each; returns the changed keys.

    In the transaction under way. StaleVersion, with a :class:`Clash` for each, when somebody else
    set one of them to something else meanwhile (C37); those whom nobody touched don't clash.
    """
    if not wishes:
        return []
    touch()
    rows = {row.key: row for row in db.session.execute(select(StoredSetting.__table__))}
    holding = _understood([(row.key, row.value) for row in rows.values()])
    clashes, changed = [], []
    for wish in wishes:
        key = wish.setting.key
        now = holding.get(key)
        if wish.value == now:
            continue
        version = rows[key].version if key in rows else 0
        if version != wish.version:
            clashes.append(Clash(wish.setting, wish.value, now, version))
        else:
            changed.append((wish, now))
    if clashes:
        refusal = StaleVersion()
        refusal.conflicts = clashes
        raise refusal
    for wish, before in changed:
        _write(wish, before)
    return [wish.setting.key for wish, _before in changed]


def _write(wish: Wish, before: Any) -> None:
    field, table = wish.setting.field, StoredSetting.__table__
    after = None if wish.value is None else field.to_json(wish.value)
    old = None if before is None else field.to_json(before)
    told = [old, after]
    if isinstance(field, SecretField):
        told = [field.to_text(one) for one in told]
        after = after and sealing.seal(after)
    marks = {"value": after, "updated_at": clock.now(), "updated_by_id": actor_id()}
    marks["version"] = wish.version + 1
    if wish.version:
        db.session.execute(update(table).where(table.c.key == field.key).values(**marks))
    else:
        db.session.execute(insert(table).values(key=field.key, **marks))
    record_event("setting_changed", subject=field.key, detail={field.key: told})


def _all() -> Any:
    return select(StoredSetting.key, StoredSetting.value)


def _understood(rows: Sequence[Any]) -> Mapping[str, Any]:
    """Stored values as their kinds read them; one that a kind can't read any more is left out."""
    found = {}
    for key, stored in rows:
        setting = settings.find(key)
        if setting is None or stored is None:
            continue
        try:
            found[key] = setting.field.from_json(stored)
        except ValueError:
            log.warning("the setting %s is not understood: its default holds", key)
    return MappingProxyType(found)
