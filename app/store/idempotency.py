"""One POST, one effect (BULK-8, R5): a key is stored in the transaction of the effect itself.

A second request with the same key waits on the row until the first has committed, then gets the
first one's answer again; a killed process rolls both back, so there is no limbo. No field of a
record is kept with the key: what a record says is shown anew, under the rights of that moment.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, Integer, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.errors import BadRequest, Invalid
from app.spec.types import UTCDateTime
from app.store.engine import inserting
from app.store.separate import writing

KEPT = timedelta(hours=72)
MAX_KEY = 255


class Idempotency(db.Model):  # type: ignore[name-defined,misc]
    """A used key and the answer that was given: the status, where it led, ids, the run's report.

    Of a bulk run the report stands here as it was told: numbers, and why rows were left out.
    """

    __tablename__ = "idempotency"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(String(MAX_KEY), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer, default=0)
    headers: Mapped[Any] = mapped_column(JSON, default=dict)
    body: Mapped[Any] = mapped_column(JSON, default=dict)
    at: Mapped[Any] = mapped_column(UTCDateTime())


@dataclass(frozen=True)
class Replay:
    """The answer given the first time; ``kept`` is stored instead of a body with a record in it."""

    status: int
    headers: Mapping[str, str]
    body: Any
    kept: Mapping[str, Any] | None = None


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What tells two requests with one key apart."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), body])).hexdigest()


def begin(user_id: int, key: str, digest: str) -> Replay | None:
    """Take the key for this transaction, or give the earlier answer.

    Raises Invalid (422) when the key was used for something else, BadRequest for an unusable key.
    """
    if not 0 < len(key) <= MAX_KEY or not key.isprintable():
        raise BadRequest(_l("The Idempotency-Key must have 1 to 255 printable characters."))
    table = Idempotency.__table__
    taken = db.session.execute(
        inserting(table)
        .values(
            key=key,
            user_id=user_id,
            fingerprint=digest,
            status=0,
            headers={},
            body={},
            at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(table.c.key)
    ).first()
    if taken is not None:
        return None
    row = db.session.execute(
        select(Idempotency.__table__).where(Idempotency.key == key, Idempotency.user_id == user_id)
    ).one()
    if row.fingerprint != digest:
        raise Invalid(_l("This Idempotency-Key was used for another request."))
    return Replay(row.status, row.headers, row.body)


def finish(user_id: int, key: str, answer: Replay) -> None:
    """Keep the answer for whoever asks again, for 72 hours (contract §1)."""
    body = answer.body if answer.kept is None else dict(answer.kept)
    db.session.execute(
        update(Idempotency)
        .where(Idempotency.key == key, Idempotency.user_id == user_id)
        .values(status=answer.status, headers=dict(answer.headers), body=body)
    )


def sweep(keep: timedelta = KEPT) -> int:
    """Forget keys that nobody will send again; answers how many."""
    with writing() as connection:
        row = Idempotency.__table__
        return connection.execute(delete(row).where(row.c.at < clock.now() - keep)).rowcount
