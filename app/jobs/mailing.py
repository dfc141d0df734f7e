"""Mailing: after the commit messages become mails, and mails go out when they are due (NOTE, R6).

A business change never waits for a mail server. Two steps, each by the clock in any process: what
was told is sorted by what its reader wants, once; what is due is claimed, sent, and noted as sent.
"""

import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from flask_babel import refresh
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.jobs.letters import letter
from app.jobs.postman import Postman, RefusedError, ServerAwayError, connected
from app.spec import clock, company, mail, routines, words, workdays
from app.spec.catalogue import catalogue
from app.spec.notices import NOTICES, Channel
from app.spec.routines import Report, Routine
from app.spec.words import Label, either
from app.store import access, channels, door, mails
from app.store.channels import Wanted
from app.store.context import Actor, acting_as, system_scope
from app.store.engine import may_write
from app.store.mails import DIGEST, DROPPED, SENT, SINGLE, Planned
from app.store.outbox import Outbox

SORTED_AT_ONCE = 100
"""So few in one transaction: on SQLite nobody else writes meanwhile (R10)."""
SENT_AT_ONCE = 20
SECONDS = 45
"""So long one run goes on; the next one is a minute after it."""
CLOSING = timedelta(minutes=2)
"""A digest takes nothing more in so shortly before it is due: it may be on its way."""

log = logging.getLogger("crm.mail")


def run() -> Report:
    """Sort what was told, send what is due. Commits by itself; twice is as good as once."""
    until = time.monotonic() + SECONDS
    while sort():
        pass
    done = {SENT: 0, mails.DEAD: 0, DROPPED: 0}
    if mail.is_set_up():
        for state in send_due(until):
            done[state] = done.get(state, 0) + 1
    return {key: done[key] for key in ROUTINE.counted}


def sort() -> bool:
    """Decide of some messages which mails they go into; whether there were any.

    Without a mail server they go into none, so setting one up later sends nothing old.
    """
    with system_scope("whoever was told something may want it by mail"):
        found = mails.unsorted(SORTED_AT_ONCE)
        of: dict[int, list[Outbox]] = defaultdict(list)
        for message in found:
            of[message.user_id].append(message)
        if mail.is_set_up():
            readers = ((access.load_actor(reader), told) for reader, told in of.items())
            mails.add(one for reader, told in readers for one in _wanted(reader, told))
        mails.mark_sorted(found)
        db.session.commit()
    return bool(found)


def _wanted(reader: Actor, messages: Sequence[Outbox]) -> Iterator[Planned]:
    """The mails that somebody wants of what he was told."""
    me = reader.user_id
    with _speaking_to(reader):
        chosen = channels.mine()
    for one in messages:
        if chosen.takes(one.kind, Channel.MAIL):
            yield Planned(SINGLE, one.dedup_key, me, clock.now(), [one.id])
    daily = [one.id for one in messages if chosen.takes(one.kind, Channel.DIGEST)]
    if daily:
        due = chosen.next_digest(clock.now() + CLOSING)
        yield Planned(DIGEST, f"digest:{me}:{due:%Y%m%d%H%M}", me, due, daily)


def send_due(until: float) -> Iterator[str]:
    """Send what is due until nothing is or the time is up; yields what became of each mail."""
    worker = secrets.token_hex(8)
    while time.monotonic() < until and (claimed := mails.claim(worker, SENT_AT_ONCE)):
        left, lease = set(claimed), time.monotonic() + mails.LEASE.total_seconds() / 2
        said = ""
        try:
            with connected() as postman:
                for number in claimed:
                    if time.monotonic() > lease:
                        break
                    yield _deliver(postman, number, worker)
                    left.discard(number)
        except ServerAwayError as fault:
            log.warning("mail waits: %s", fault)
            said = str(fault)
            return
        finally:
            mails.let_go(left, worker, said)


def _deliver(postman: Postman, number: int, worker: str) -> str:
    """One mail: written for its reader as of now, handed over, noted; its state then."""
    attempts = 0
    try:
        attempts, made, becomes = _prepared(number, worker)
        if made is not None:
            postman.send(made)
            becomes = {"state": SENT, "sent_at": clock.now(), "error": ""}
    except RefusedError as refusal:
        said, is_final = str(refusal), refusal.is_final
        return mails.refuse(number, worker, attempts, said, is_final=is_final)
    if becomes:
        mails.mark(number, worker, **becomes)
    state: str = becomes.get("state", mails.WAITING)
    return state


def _prepared(number: int, worker: str) -> tuple[int, EmailMessage | None, dict[str, Any]]:
    """How often it was refused, and the mail, or what else becomes of it now."""
    with _only_looking():
        with system_scope("a mail goes to its reader"):
            row = mails.held(number, worker)
            if row is None:
                return 0, None, {}
            reader, person = access.load_actor(row.user_id), mails.addressee(row.user_id)
            messages = mails.told(number)
        with _speaking_to(reader):
            messages = [message for message in messages if _may_hear(reader, message)]
            if not messages or not person.is_active or not person.email:
                return row.attempts, None, {"state": DROPPED}
            kept_back = _kept_back(row.kind, channels.mine())
            if kept_back is not None:
                return row.attempts, None, {"due_at": kept_back}
            to = either(person.name, person.name_en), person.email
            return row.attempts, _written(row, to, messages), {}


def _kept_back(kind: str, chosen: Wanted) -> datetime | None:
    """Until when a mail waits: for the end of the quiet, a digest for the next working day too.

    One that would be due in the quiet comes at its end, whatever day that is, rather than never.
    """
    now = clock.now()
    quiet_end = chosen.quiet_end(now)
    if quiet_end is not None or kind != DIGEST or workdays.calendar().works(company.today()):
        return quiet_end
    due = chosen.next_digest(now)
    return due if chosen.quiet_end(due) is None else None


def _written(row: Any, to: tuple[str, str], messages: Sequence[Outbox]) -> EmailMessage:
    """The mail; RefusedError when it can't be written: this one is dead then, the others go."""
    try:
        return letter(row.kind, row.message_id, to, messages)
    except SQLAlchemyError:
        raise
    except Exception as fault:  # whatever is wrong with one mail, the others go
        log.exception("mail %s can't be written", row.id)
        raise RefusedError(str(fault) or type(fault).__name__, is_final=True) from fault


@contextmanager
def _only_looking() -> Iterator[None]:
    """A transaction that waits for no writer, and is over before the server takes its time."""
    token = may_write.set(False)
    try:
        yield
    finally:
        db.session.rollback()
        may_write.reset(token)


def _may_hear(reader: Actor, message: Outbox) -> bool:
    """Whether its reader may still list what it is about, and read the record that it is about.

    A kind that nobody knows any more is told to nobody.
    """
    notice = NOTICES.get(message.kind)
    if notice is None:
        return False
    about, record = notice.about(message.data), notice.record(message.data)
    if not about or not reader.rights.may(about, "list"):
        return not about
    return record is None or bool(door.within(catalogue.get(about), [record], "read"))


@contextmanager
def _speaking_to(reader: Actor) -> Iterator[None]:
    """As that person: his choices, his language, his clock."""
    tongue = words.language.set(reader.language or words.LANGUAGES[0])
    zone = clock.zone.set(reader.timezone or clock.DEFAULT_ZONE)
    refresh()
    try:
        with acting_as(reader):
            yield
    finally:
        clock.zone.reset(zone)
        words.language.reset(tongue)
        refresh()


ROUTINE = routines.declare(
    Routine(
        key="mail",
        label=Label("Send e-mails", "发送邮件"),
        at="* * * * *",
        does=run,
        counted={
            SENT: Label("sent", "已发送"),
            mails.DEAD: Label("refused for good", "被拒收"),
            DROPPED: Label("no longer wanted", "不再需要"),
        },
        catch_up=timedelta(minutes=1),
        kept=timedelta(days=1),
    )
)
