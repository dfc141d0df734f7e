"""Secret addresses of calendars: one per person, kept only as a hash (EVT).

Whoever knows the address reads the calendar without logging in, so it is made anew or taken back at
any time, and ends with the person's account (ORG-1).
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime
from app.store.engine import inserting
from app.store.organisation import User
from app.store.scope import member_of
from app.store.separate import looking

BYTES = 32


class CalendarFeed(db.Model):  # type: ignore[name-defined,misc]
    """That somebody's calendar has a secret address, and since when."""

    __tablename__ = "calendar_feed"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime())


def make(user_id: int) -> str:
    """A new secret for that person; the one before leads nowhere from the commit on."""
    secret = secrets.token_urlsafe(BYTES)
    row = {"user_id": user_id, "secret_hash": _hash(secret), "made_at": clock.now()}
    made = inserting(CalendarFeed.__table__).values(row)
    kept = {key: made.excluded[key] for key in ("secret_hash", "made_at")}
    db.session.execute(made.on_conflict_do_update(index_elements=["user_id"], set_=kept))
    return secret


def take_back(people: Collection[int]) -> bool:
    """Let the addresses of these people lead nowhere; False when none of them had one."""
    mine = member_of(CalendarFeed.user_id, sorted(people))
    gone: Any = db.session.execute(delete(CalendarFeed).where(mine))
    return bool(gone.rowcount)


def made_at(user_id: int) -> datetime | None:
    """Since when that person has an address; None for none."""
    asked = select(CalendarFeed.made_at).where(CalendarFeed.user_id == user_id)
    return db.session.scalar(asked)


def whose(secret: str) -> int | None:
    """Whose calendar that secret opens, as long as he is active; looked for by its hash alone."""
    feed, person = CalendarFeed.__table__.c, User.__table__.c
    found = select(feed.user_id).join(User.__table__, person.id == feed.user_id)
    with looking() as connection:
        return connection.scalar(found.where(feed.secret_hash == _hash(secret), person.is_active))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
