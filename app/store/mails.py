"""Mails to people: one row each, claimed with a lease, sent at least once, never lost (R6, C85).

They are made of messages after the change they tell of has committed. Each has its Message-ID from
the start: who gets one twice, because a sender died between sending and noting it, has a mail
program that shows it once.
"""

import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime
from app.store import leases
from app.store.engine import inserting
from app.store.organisation import User
from app.store.outbox import Outbox
from app.store.separate import reading, writing

LEASE = timedelta(minutes=2)
"""So long a sender may take for what it has claimed; then another one sends it."""
PAUSES = tuple(timedelta(minutes=n) for n in (1, 5, 30, 120, 480))
"""How long to wait after the first, second … refusal by the server; one more is the last."""
WAITING, SENT, DEAD, DROPPED = "waiting", "sent", "dead", "dropped"
SINGLE, DIGEST = "message", "digest"
KEPT = timedelta(days=90)


class Mail(db.Model):  # type: ignore[name-defined,misc]
    """One mail to one person, about one message or as the digest of several."""

    __tablename__ = "mail"
    __table_args__ = (
        Index(
            "ix_mail_due_at",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index("ix_mail_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(160), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str] = mapped_column(String(10))
    message_id: Mapped[str] = mapped_column(String(80))
    """Its Message-ID without the sender's domain: the same however often it is sent."""
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    due_at: Mapped[Any] = mapped_column(UTCDateTime())
    attempts: Mapped[int] = mapped_column(default=0)
    """How often the server has refused it; that the server was away doesn't count."""
    worker: Mapped[str] = mapped_column(String(80), default="")
    lease_until: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    error: Mapped[str] = mapped_column(Text, default="")
    """What was wrong last, for the admin: mostly what the server said."""
    sent_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)


class MailPart(db.Model):  # type: ignore[name-defined,misc]
    """A message that a mail tells."""

    __tablename__ = "mail_part"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    mail_id: Mapped[int] = mapped_column(ForeignKey("mail.id"), primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), primary_key=True)


_T = Mail.__table__
_P = MailPart.__table__


def unsorted(most: int) -> Sequence[Outbox]:
    """The oldest messages that nobody has looked at for mailing, locked; other senders get others.

    In the transaction under way, which marks them by :func:`mark_sorted`.
    """
    found = select(Outbox).where(Outbox.sorted_at.is_(None)).order_by(Outbox.id).limit(most)
    return db.session.scalars(found.with_for_update(skip_locked=True)).all()


def mark_sorted(messages: Iterable[Outbox]) -> None:
    """These need not be looked at again."""
    moment = clock.now()
    for message in messages:
        message.sorted_at = moment


@dataclass(frozen=True)
class Planned:
    """A mail that somebody wants: of which messages, and from when on."""

    kind: str
    dedup_key: str
    user_id: int
    due_at: datetime
    messages: Sequence[int]

    @property
    def row(self) -> dict[str, Any]:
        named = ("kind", "dedup_key", "user_id", "due_at")
        new = {"message_id": secrets.token_hex(16), "state": WAITING, "attempts": 0}
        return {**{key: getattr(self, key) for key in named}, **new, "worker": "", "error": ""}


def add(planned: Iterable[Planned]) -> None:
    """Mails of these messages, or these added to the mail that has the key: two statements.

    In the transaction under way, in the order of the keys: of two senders none waits for ever.
    """
    wanted = sorted(planned, key=lambda one: one.dedup_key)
    if not wanted:
        return
    adding = inserting(_T).values([one.row for one in wanted])
    same = {"dedup_key": adding.excluded.dedup_key}
    adding = adding.on_conflict_do_update(index_elements=["dedup_key"], set_=same)
    numbers = dict(db.session.execute(adding.returning(_T.c.dedup_key, _T.c.id)).all())
    parts = ((numbers[one.dedup_key], message) for one in wanted for message in one.messages)
    rows = [{"mail_id": number, "outbox_id": message} for number, message in parts]
    db.session.execute(insert(_P), rows)


def claim(worker: str, most: int) -> list[int]:
    """Take mails that are due and that nobody holds, oldest first; their numbers."""
    free = leases.is_over(_T.c.lease_until)
    due = select(_T.c.id).where(_T.c.state == WAITING, _T.c.due_at <= clock.now(), free)
    some = due.order_by(_T.c.due_at, _T.c.id).limit(most).with_for_update(skip_locked=True)
    taking = update(_T).where(_T.c.id.in_(some))
    taking = taking.values(worker=worker, lease_until=leases.moment(LEASE))
    with writing() as connection:
        return sorted(connection.scalars(taking.returning(_T.c.id)))


def held(number: int, worker: str) -> Any:
    """The row of a mail that this sender holds; None when another one has it by now."""
    mine = (_T.c.id == number, _T.c.worker == worker, _T.c.state == WAITING)
    return db.session.execute(select(_T).where(*mine)).first()


def addressee(user_id: int) -> Any:
    """Name, English name, address and whether he is active, of somebody; for system work."""
    person = select(User.name, User.name_en, User.email, User.is_active)
    return db.session.execute(person.where(User.id == user_id)).one()


def told(number: int) -> Sequence[Outbox]:
    """The messages of a mail, oldest first."""
    found = select(Outbox).join(_P, _P.c.outbox_id == Outbox.id).where(_P.c.mail_id == number)
    return db.session.scalars(found.order_by(Outbox.id)).all()


def mark(number: int, worker: str, **values: Any) -> None:
    """Note what became of a mail, and let go of it; nothing when another sender has it by now."""
    mine = (_T.c.id == number, _T.c.worker == worker, _T.c.state == WAITING)
    with writing() as connection:
        connection.execute(update(_T).where(*mine).values(**values, worker="", lease_until=None))


def let_go(numbers: Collection[int], worker: str, error: str) -> None:
    """Give claimed mails back as they are: the server is away, and says why."""
    if not numbers:
        return
    mine = (_T.c.id.in_(numbers), _T.c.worker == worker, _T.c.state == WAITING)
    with writing() as connection:
        connection.execute(update(_T).where(*mine).values(worker="", lease_until=None, error=error))


def refuse(number: int, worker: str, attempts: int, error: str, *, is_final: bool) -> str:
    """Note that the server refused this mail: tried again later, or dead; answers its state."""
    if is_final or attempts >= len(PAUSES):
        mark(number, worker, state=DEAD, attempts=attempts + 1, error=error)
        return DEAD
    again = clock.now() + PAUSES[attempts]
    mark(number, worker, due_at=again, attempts=attempts + 1, error=error)
    return WAITING


def counts() -> dict[str, int]:
    """How many mails are in each state, and how many of the waiting ones are late by an hour."""
    late = (_T.c.state == WAITING) & (_T.c.due_at < clock.now() - timedelta(hours=1))
    with reading() as connection:
        found = connection.execute(select(_T.c.state, func.count()).group_by(_T.c.state))
        states: dict[str, int] = dict(found.all())
        return {**states, "late": connection.scalar(select(func.count()).where(late)) or 0}


def last_error() -> str:
    """Why mails are waiting that could have gone; empty when nothing is wrong."""
    wrong = select(_T.c.error).where(_T.c.state == WAITING, _T.c.error != "")
    with reading() as connection:
        return connection.scalar(wrong.order_by(_T.c.due_at.desc()).limit(1)) or ""


def dead(most: int) -> Sequence[Mail]:
    """The newest mails that the server has refused for good."""
    found = select(Mail).where(Mail.state == DEAD).order_by(Mail.id.desc()).limit(most)
    return db.session.scalars(found).all()


def settle(number: int, *, again: bool) -> bool:
    """Try a dead mail once more from the start, or leave it; False when it isn't dead."""
    state = (
        {"state": WAITING, "attempts": 0, "due_at": clock.now()} if again else {"state": DROPPED}
    )
    done: Any = db.session.execute(
        update(Mail).where(Mail.id == number, Mail.state == DEAD).values(**state)
    )
    return bool(done.rowcount)


def sweep() -> int:
    """Forget mails that are long over; answers how many."""
    over = select(_T.c.id).where(_T.c.state.in_((SENT, DROPPED)), _T.c.due_at < clock.now() - KEPT)
    with writing() as connection:
        connection.execute(_P.delete().where(_P.c.mail_id.in_(over)))
        return connection.execute(_T.delete().where(_T.c.id.in_(over))).rowcount
