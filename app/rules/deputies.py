"""Arranging who stands in for somebody who is away (NOTE, APV; docs/decisions/0041).

Everybody names his own deputy; for somebody else only who is above him does, and super admins:
a deputy reads what was his alone, and nobody hands out more than he has (MATRIX-8).
"""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.operations.telling import AT_ONCE
from app.spec import clock
from app.spec.errors import Invalid, NotFound
from app.spec.notices import Data, Notice, declare
from app.spec.words import Label, either
from app.store import access, deputies, history, outbox
from app.store.context import actor

LONGEST = 366
"""Days."""
PLACE = "/deputies/"


def people() -> frozenset[int]:
    """For whom the reader may name a deputy, besides anybody as super admin.

    Of those below him whose records he reads himself: who has somebody below him by a line in the
    organisation alone hands out nothing by it.
    """
    me = actor()
    reaches = [me.rights.reach(kind, "read") for kind in access.waiting_kinds()]
    below = (one for one in me.rights.people if all(reach.covers(one) for reach in reaches))
    return frozenset({me.user_id, *below})


def arranged() -> list[Any]:
    """What the reader may know of: who stands in for those people, and for whom he does; a super
    admin knows of all.
    """
    me = actor()
    return deputies.of(None if me.rights.is_super else people(), me.user_id)


def may_end(row: Any) -> bool:
    """Whether the reader may end it: whoever may arrange it, and the deputy himself."""
    me = actor()
    return me.rights.is_super or row.user_id in people() or row.deputy_id == me.user_id


def arrange(user_id: int, deputy_id: int, first: date | None, last: date | None) -> None:
    """Let ``deputy_id`` stand in for ``user_id`` on these days of the reader's calendar.

    Invalid by field; NotFound for somebody the reader may not arrange it for. Caller commits.
    """
    if user_id not in people() and not actor().rights.is_super:
        raise NotFound
    wrong = _wrong(user_id, deputy_id, first, last)
    if wrong:
        raise Invalid(fields={key: [sentence] for key, sentence in wrong.items()})
    assert first is not None  # noqa: S101 - for the type checker; looked at above
    assert last is not None  # noqa: S101
    starts, ends = _midnight(first), _midnight(last + timedelta(days=1))
    row = deputies.add(user_id, deputy_id, starts, ends)
    if row is None:
        raise Invalid(fields={"from": [_l("Somebody stands in at that time already.")]})
    _note(NAMED, row)


def end(number: int) -> None:
    """End it now, or call it off; NotFound for one that the reader has no part in."""
    row = deputies.find(number)
    if row is None or not may_end(row) or not deputies.drop(number):
        raise NotFound
    _note(ENDED, row)


def _wrong(user_id: int, deputy_id: int, first: date | None, last: date | None) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    known = deputies.names({user_id, deputy_id})
    if user_id not in known:
        wrong["user"] = _l("Choose an active person.")
    if deputy_id not in known:
        wrong["deputy"] = _l("Choose an active person.")
    elif deputy_id == user_id:
        wrong["deputy"] = _l("Choose somebody else.")
    if first is None or first < clock.today():
        wrong["from"] = _l("Choose a day from today on.")
    elif last is None or last < first:
        wrong["until"] = _l("The last day is not before the first.")
    elif (last - first).days >= LONGEST:
        wrong["until"] = _l("At most %(n)s days.", n=LONGEST)
    return wrong


def _midnight(day: date) -> datetime:
    return clock.from_reader(datetime.combine(day, time()))


def _note(notice: Notice, row: Any) -> None:
    """Write it into the audit log; tell those of the two who didn't do it."""
    me = actor()
    known = deputies.names({row.user_id, row.deputy_id})
    whom, who = known.get(row.user_id, ("", "")), known.get(row.deputy_id, ("", ""))
    span = {"from": clock.iso(row.starts_at), "until": clock.iso(row.ends_at)}
    detail = {"person": either(*whom), "deputy": either(*who), **span}
    history.record_event(notice.key, subject=whom[0], detail=detail)
    data = {"whom": whom, "deputy": who, "by_name": [me.name, me.name_en], **span}
    told = sorted({row.user_id, row.deputy_id} - {me.user_id})
    batch = f"{row.user_id}:{row.deputy_id}:{span['from']}:{clock.iso(clock.now())}"
    outbox.tell(notice, batch, [(one, data) for one in told])


def _names(data: Data) -> dict[str, str]:
    """Whom it is about, and the days on the reader's clock, the last one among them."""
    first, until = (datetime.fromisoformat(data[key]) for key in ("from", "until"))
    return {
        "by": either(*data["by_name"]),
        "deputy": either(*data["deputy"]),
        "whom": either(*data["whom"]),
        "first": clock.local(first).date().isoformat(),
        "last": clock.local(until - timedelta(seconds=1)).date().isoformat(),
    }


def _says_named(data: Data) -> str:
    sentence = _("%(by)s: %(deputy)s stands in for %(whom)s from %(first)s to %(last)s.")
    return str(sentence % _names(data))


def _says_ended(data: Data) -> str:
    return str(_("%(by)s: %(deputy)s doesn't stand in for %(whom)s any more.") % _names(data))


NAMED, ENDED = (
    declare(Notice(key, label, says, lambda _data: PLACE, AT_ONCE, about=lambda _data: ""))
    for key, label, says in (
        ("deputy_named", Label("Deputies named", "指定代理人"), _says_named),
        ("deputy_ended", Label("Deputies that end", "结束代理"), _says_ended),
    )
)
