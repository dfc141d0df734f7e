"""Asking the owner of a record that one may not see to transfer it (CUS-7)."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, NotFound
from app.spec.notices import Channel, Data, Notice, declare
from app.spec.words import Label, either
from app.store import history, outbox, titles
from app.store.context import actor, system_scope


@dataclass(frozen=True)
class Wanted:
    """A record of somebody else's: what it is called and whose it is."""

    title: str
    owner_id: int
    owner: str


def _says(data: Data) -> str:
    who, title = either(*data["by_name"]), data["title"]
    return str(_("%(who)s asks you to transfer “%(title)s”.", who=who, title=title))


ASKED = declare(
    Notice(
        key="asked_for",
        label=Label("Somebody asks for a record of yours", "有人申请转移您的记录"),
        says=_says,
        leads_to=lambda data: f"/{catalogue.get(data['entity']).plural}/show/{data['record']}",
        channels=frozenset({Channel.IN_APP, Channel.MAIL}),
    )
)


def wanted(entity: Entity, number: int) -> Wanted:
    """The record, for somebody who was shown its name and owner; NotFound when nobody owns it."""
    model = entity.model
    title = getattr(model, entity.title)
    with system_scope("name and owner of a duplicate were told already"):
        row = db.session.execute(
            select(title, model.owner_id).where(model.id == number, model.deleted_at.is_(None))
        ).one_or_none()
    if row is None or row[1] is None:
        raise NotFound
    [owner] = titles.by_ids(catalogue.get("user"), [row[1]]).values()
    return Wanted(row[0], row[1], owner)


def ask(entity: Entity, number: int) -> None:
    """Tell the owner who asks; does not commit. Conflict for the second time within a day."""
    record, doer = wanted(entity, number), actor()
    batch = f"{entity.key}:{number}:{doer.user_id}:{clock.now():%Y-%m-%d}"
    data = {
        "entity": entity.key,
        "record": number,
        "title": record.title,
        "by_name": [doer.name, doer.name_en],
    }
    if not outbox.tell_once(ASKED, batch, [(record.owner_id, data)]):
        raise Conflict(_l("You have asked for this today already."))
    detail = {"record": f"{entity.key} {number}", "asked": record.owner}
    history.record_event("asked_for", subject=record.title, detail=detail)
