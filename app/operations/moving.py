"""Moving an entry of a calendar: its record's times are edited as by any form (TASK)."""

from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import editing
from app.spec import clock
from app.spec.errors import BadRequest, NotPermitted
from app.store.calendar_days import Entry
from app.store.context import actor
from app.store.policy import Policy


def move(entry: Entry, starts: str, ends: str, version: int) -> int:
    """Let it begin at another time, said on the reader's clock; returns the record's version now.

    Without ``ends`` it keeps its length; a day alone keeps the time of day. In the transaction
    under way, with history. NotPermitted, NotFound, Invalid and StaleVersion as for any edit (C50).
    """
    kind, entity = entry.kind, entry.entity
    if not kind.moves:
        raise NotPermitted
    if entry.is_series:
        raise NotPermitted(_l("It repeats: open the record and change all of its times there."))
    if kind.starts not in Policy(actor(), entity, "edit").writable(creating=False):
        raise NotPermitted
    begins = _when(entry, starts)
    raw: dict[str, Any] = {kind.starts: begins}
    if kind.ends and (ends or entry.ends is not None):
        raw[kind.ends] = _when(entry, ends) if ends else entry.ends + (begins - entry.starts)
    _record, now = editing.edit(entity, entry.id, raw, version=version)
    return now


def _when(entry: Entry, said: str) -> Any:
    """The time that was said, as the record stores it; BadRequest for none."""
    try:
        if not isinstance(entry.starts, datetime):
            return date.fromisoformat(said)
        if entry.all_day:
            return clock.from_reader(datetime.combine(date.fromisoformat(said[:10]), time()))
        if len(said) == len("2026-11-23"):
            at = clock.local(entry.starts).time()
            return clock.from_reader(datetime.combine(date.fromisoformat(said), at))
        return clock.from_reader(datetime.fromisoformat(said))
    except (ValueError, OverflowError):
        raise BadRequest(_l("This is no time: %(said)s", said=said[:30])) from None
