"""Who is logged in: sessions that can be ended, and the accounts behind them.

Every login, by page or by API, is one row here; the cookie or the token only carries its random
number (R11). What must hold even if the request itself is undone runs on a connection of its own.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Select,
    String,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime
from app.store import feeds
from app.store.engine import inserting
from app.store.installation import Installation
from app.store.organisation import User
from app.store.scope import member_of
from app.store.separate import looking, reading, writing
from app.store.version import version_now

PAGE, TOKEN = "page", "token"
SESSION_KEY = "session_key"
TOUCH_EVERY = timedelta(minutes=1)


class UserSession(db.Model):  # type: ignore[name-defined,misc]
    """One login of one person on one device; the number itself is stored only as a hash."""

    __tablename__ = "user_session"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    id: Mapped[int] = mapped_column(primary_key=True)
    sid_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8), default=PAGE)
    epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime(), default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime(), default=clock.now)
    ip: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime())


@dataclass(frozen=True)
class Login:
    """A session row together with its person, as one statement read them."""

    id: int
    kind: str
    epoch: int
    created_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None
    user_id: int
    username: str
    name: str
    name_en: str
    language: str
    timezone: str
    is_active: bool
    must_change_password: bool
    session_epoch: int
    rights_version: int

    @property
    def is_ended(self) -> bool:
        """Revoked, made before the last change of password, or of a disabled person."""
        return self.revoked_at is not None or self.epoch != self.session_epoch or not self.is_active


@dataclass(frozen=True)
class Credentials:
    """What is needed to check a password."""

    user_id: int
    username: str
    name: str
    name_en: str
    language: str
    timezone: str
    password: str | None
    is_active: bool
    must_change_password: bool
    session_epoch: int


def find_login(sid_hash: str) -> Login | None:
    """The session of that hashed number with its person and the rights' version: one statement."""
    with looking() as connection:
        found = connection.execute(_login_of(), {"sid_hash": sid_hash}).first()
    return Login(**found._asdict()) if found else None


@cache
def _login_of() -> Select[Any]:
    """Made once, because every request asks it."""
    row = UserSession.__table__.c
    person = User.__table__.c
    return (
        select(
            row.id,
            row.kind,
            row.epoch,
            row.created_at,
            row.last_seen_at,
            row.revoked_at,
            row.user_id,
            person.username,
            person.name,
            person.name_en,
            person.language,
            person.timezone,
            person.is_active,
            person.must_change_password,
            person.session_epoch,
            func.coalesce(version_now(), 0).label("rights_version"),
        )
        .join_from(UserSession.__table__, User.__table__, row.user_id == person.id)
        .where(row.sid_hash == bindparam("sid_hash"))
    )


def touch_login(login: Login) -> None:
    """Note that the session is alive: at most once a minute, whatever becomes of the request."""
    now = clock.now()
    if now - login.last_seen_at < TOUCH_EVERY:
        return
    row = UserSession.__table__
    with writing() as connection:
        connection.execute(
            update(row)
            .where(row.c.id == login.id, row.c.last_seen_at <= now - TOUCH_EVERY)
            .values(last_seen_at=now)
        )


def add_login(credentials: Credentials, sid_hash: str, kind: str, *, ip: str, agent: str) -> None:
    """Add a session to the transaction under way, and note the person's last login."""
    now = clock.now()
    row = {"sid_hash": sid_hash, "user_id": credentials.user_id, "kind": kind}
    session = {**row, "epoch": credentials.session_epoch, "created_at": now, "last_seen_at": now}
    db.session.execute(
        UserSession.__table__.insert().values(**session, ip=ip[:45], agent=agent[:200])
    )
    person = User.__table__
    db.session.execute(
        update(person).where(person.c.id == credentials.user_id).values(last_login_at=now)
    )


def end_logins(
    user_id: int, *, kind: str | None = None, only: int | None = None, sparing: int | None = None
) -> int:
    """End a person's sessions, in the transaction under way: all, those of one kind, the one
    ``only``, or all but the one to spare. Returns how many were alive.
    """
    row = UserSession.__table__
    ending = update(row).where(row.c.user_id == user_id, row.c.revoked_at.is_(None))
    if kind is not None:
        ending = ending.where(row.c.kind == kind)
    if only is not None:
        ending = ending.where(row.c.id == only)
    if sparing is not None:
        ending = ending.where(row.c.id != sparing)
    ended = db.session.execute(ending.values(revoked_at=clock.now()).returning(row.c.id))
    return len(ended.all())


def living_logins(user_id: int, idle: timedelta, absolute: timedelta) -> Sequence[UserSession]:
    """A person's sessions that would still be accepted, latest first."""
    now = clock.now()
    epoch = select(User.__table__.c.session_epoch).where(User.__table__.c.id == user_id)
    found = select(UserSession).where(
        UserSession.user_id == user_id,
        UserSession.revoked_at.is_(None),
        UserSession.epoch == epoch.scalar_subquery(),
        UserSession.created_at > now - absolute,
        or_(UserSession.last_seen_at > now - idle, UserSession.kind == TOKEN),
    )
    return db.session.scalars(found.order_by(UserSession.last_seen_at.desc())).all()


def find_credentials(username: str) -> Credentials | None:
    """The account of that name, whatever its capital letters; the exact spelling wins."""
    person = User.__table__.c
    statement = (
        select(
            person.id.label("user_id"),
            person.username,
            person.name,
            person.name_en,
            person.language,
            person.timezone,
            person.password,
            person.is_active,
            person.must_change_password,
            person.session_epoch,
        )
        .where(func.lower(person.username) == username.lower())
        .order_by(case((person.username == username, 0), else_=1), person.id)
        .limit(1)
    )
    with reading() as connection:
        found = connection.execute(statement).first()
    return Credentials(**found._asdict()) if found else None


def set_password(people: Collection[int], stored: str, *, must_change: bool) -> None:
    """Store a hashed password of these people and end all their sessions, uncommitted.

    The rows' version moves on, so an open edit form of the same user is not saved over it.
    """
    version = User.__table__.c.version + 1
    end_everything(people, password=stored, must_change_password=must_change, version=version)


def replace_hash(user_id: int, before: str, stored: str) -> None:
    """Keep the same password in a newer form, unless it was changed meanwhile (C5)."""
    person = User.__table__
    with writing() as connection:
        connection.execute(
            update(person)
            .where(person.c.id == user_id, person.c.password == before)
            .values(password=stored)
        )


def end_everything(people: Collection[int], **besides: Any) -> None:
    """Make all sessions and tokens of these people worthless, and the addresses of their calendars,
    in the transaction under way (C9).

    ``besides`` are other columns of theirs to write along.
    """
    person, row = User.__table__, UserSession.__table__
    epoch = person.c.session_epoch + 1
    mine = member_of(person.c.id, list(people))
    db.session.execute(update(person).where(mine).values(session_epoch=epoch, **besides))
    alive = member_of(row.c.user_id, list(people)), row.c.revoked_at.is_(None)
    db.session.execute(update(row).where(*alive).values(revoked_at=clock.now()))
    feeds.take_back(people)


def set_language(user_id: int, language: str) -> None:
    """Remember the language a person reads, in the transaction under way."""
    person = User.__table__
    db.session.execute(
        update(person)
        .where(person.c.id == user_id)
        .values(language=language, version=person.c.version + 1)
    )


def sweep_logins(keep: timedelta) -> int:
    """Drop sessions nobody will ask for again; answers how many."""
    row = UserSession.__table__
    with writing() as connection:
        gone = delete(row).where(row.c.last_seen_at < clock.now() - keep)
        return connection.execute(gone).rowcount


def claim_key(fingerprint: str, former: Iterable[str] = ()) -> bool:
    """Whether this database is served with that session key; the first to ask sets it (C110).

    A key in ``former`` is replaced: that is a rotation with fallbacks (C110b). Writes only when
    there is something to write, so whoever asks whether we are ready costs one small read.
    """
    row = Installation.__table__
    found = select(row.c.value).where(row.c.key == SESSION_KEY)
    replaceable = [None, *former]
    with reading() as connection:
        stored = connection.execute(found).scalar()
    if stored == fingerprint or stored not in replaceable:
        return bool(stored == fingerprint)
    with writing() as connection:
        connection.execute(
            inserting(row)
            .values(key=SESSION_KEY, value=fingerprint)
            .on_conflict_do_update(
                index_elements=[row.c.key],
                set_={"value": fingerprint},
                where=row.c.value.in_(replaceable[1:]),
            )
        )
        return bool(connection.execute(found).scalar() == fingerprint)
