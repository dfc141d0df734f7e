"""What each kind of message says in its reader's language, and where it leads (NOTE)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.jobs import alarm, ending
from app.operations.undoing import UNDO
from app.spec.catalogue import catalogue
from app.spec.routines import ROUTINES
from app.spec.words import either

Data = Mapping[str, Any]


def _transferred(n: int, names: Data) -> str:
    return ngettext(
        "%(who)s transferred %(num)d record to you (%(kind)s).",
        "%(who)s transferred %(num)d records to you (%(kind)s).",
        n,
        **names,
    )


def _assigned(n: int, names: Data) -> str:
    return ngettext(
        "%(who)s assigned %(num)d record to you (%(kind)s).",
        "%(who)s assigned %(num)d records to you (%(kind)s).",
        n,
        **names,
    )


def _joined_the_team(n: int, names: Data) -> str:
    return ngettext(
        "%(who)s added you to the team of %(num)d record (%(kind)s).",
        "%(who)s added you to the team of %(num)d records (%(kind)s).",
        n,
        **names,
    )


def _undone(n: int, names: Data) -> str:
    return ngettext(
        "%(who)s undid a bulk operation on %(num)d record that concerns you (%(kind)s).",
        "%(who)s undid a bulk operation on %(num)d records that concern you (%(kind)s).",
        n,
        **names,
    )


SENTENCES: dict[str, Callable[[int, Data], str]] = {
    "transfer": _transferred,
    "assign": _assigned,
    "add_team": _joined_the_team,
    "undo": _undone,
}
"""What a message says, by the operation it tells of; one of its own for each."""


def _routine_failed(data: Data) -> str:
    routine = ROUTINES.get(data["routine"])
    return _(
        "The scheduled task “%(name)s” has failed three times.",
        name=routine.label if routine else data["routine"],
    )


def _job_ended(data: Data) -> str:
    values = {
        "what": _work(data),
        "done": f"{data['done']:,}",
        "left_out": f"{data['left_out']:,}",
        "error": data["error"],
    }
    if data["state"] == "failed":
        return _("%(what)s: failed after %(done)s records. %(error)s", **values)
    if data["state"] == "cancelled":
        return _("%(what)s: cancelled after %(done)s records.", **values)
    return _("%(what)s: finished, %(done)s done, %(left_out)s left out.", **values)


def _work(data: Data) -> str:
    if not data["entity"]:
        return _("Dry run of an import")
    entity = catalogue.get(data["entity"])
    verb = UNDO if data["operation"] == UNDO.slug else entity.verb(data["operation"])
    return f"{verb.label if verb else data['operation']} · {entity.many}"


def sentence(kind: str, data: Data) -> str:
    """The message as a sentence of the reader's language; KeyError for a kind that has none."""
    if kind in _OWN:
        return _OWN[kind](data)
    names = {"who": either(*data["by_name"]), "kind": catalogue.get(data["entity"]).many}
    text = SENTENCES[kind](data["count"], names)
    note = data.get("message") or ""
    return _("%(sentence)s %(note)s", sentence=text, note=note).strip()


_OWN: dict[str, Callable[[Data], str]] = {alarm.KIND: _routine_failed, ending.KIND: _job_ended}
"""What messages say that tell of no operation of somebody else's."""


def address(kind: str, data: Data) -> str:
    """Where the records are; an undone hand-over may have taken them out of the reader's reach."""
    if kind == alarm.KIND:
        return "/clock/"
    if kind == ending.KIND and (data["page"] or not data["entity"]):
        return data["page"] or "/operations/"
    plural = catalogue.get(data["entity"]).plural
    if kind == ending.KIND:
        return f"/{plural}/bulk/{data['operation']}/report/{data['run']}"
    if data.get("record") and kind != UNDO.slug:
        return f"/{plural}/show/{data['record']}"
    return f"/{plural}/list/?view=mine"
