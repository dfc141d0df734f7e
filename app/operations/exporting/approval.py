"""Who may export how much by himself, and who decides about more (EXP-2).

The limit stands with the role. Above it a reason is asked for, and the superior decides; where
there is none, or not any more, a super admin does.
"""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid, NotFound
from app.spec.notices import Data, Notice, declare
from app.spec.roles import SUPER_ADMIN
from app.spec.text import is_storable
from app.spec.words import Label, either
from app.store import access, exports, history, outbox, titles
from app.store.context import actor
from app.store.exports import APPROVED, REJECTED, WAITING, Export

MOST_REMARK = 500
"""Characters of what is said with a decision."""


def _asked(data: Data) -> str:
    sentence = _(
        "%(who)s asks to export %(n)s records (%(kind)s): %(reason)s",
        who=either(*data["by_name"]),
        n=f"{data['count']:,}",
        kind=catalogue.get(data["entity"]).many,
        reason=data["reason"],
    )
    return str(sentence)


def _decided(data: Data) -> str:
    names = {"who": either(*data["by_name"]), "kind": catalogue.get(data["entity"]).many}
    if data["approval"] == APPROVED:
        sentence = _("%(who)s approved your export (%(kind)s).", **names)
    else:
        sentence = _("%(who)s rejected your export (%(kind)s).", **names)
    return f"{sentence} {data['remark']}".strip()


def _leads_to(_data: Data) -> str:
    return "/exports/"


ASKED = declare(
    Notice(
        key="export_asked",
        label=Label("Somebody asks you to approve an export", "有导出申请待您审批"),
        says=_asked,
        leads_to=_leads_to,
        about=lambda _data: "",
    )
)
DECIDED = declare(
    Notice(
        key="export_decided",
        label=Label("Your exports are approved or rejected", "您的导出申请被通过或驳回"),
        says=_decided,
        leads_to=_leads_to,
    )
)


def needs_approval(entity: Entity, total: int) -> bool:
    """Whether so many rows are more than the actor may export by himself."""
    limit = actor().rights.export_limit(entity.key)
    return limit is not None and total > limit


def foresee(entity: Entity, total: int, reason: str) -> Sequence[str]:
    """What has to be said about so many rows; Invalid when they need a reason that isn't given."""
    if not needs_approval(entity, total):
        return ()
    limit = f"{actor().rights.export_limit(entity.key):,}"
    if not reason:
        sentence = _l("More than %(n)s records need a reason and an approval.", n=limit)
        raise Invalid(fields={"reason": [sentence]})
    superior = _superior()
    who = titles.by_ids(catalogue.get("user"), [superior])[superior] if superior else ""
    told = _(
        "You may export %(n)s records by yourself. %(who)s is asked to approve this; then the file "
        "is written.",
        n=limit,
        who=who or _("A super admin"),
    )
    return (str(told),)


def ask(number: int, entity: Entity, total: int, reason: str) -> dict[str, Any]:
    """Ask whoever decides, in the transaction under way; what is to be noted with the export."""
    superior, me = _superior(), actor()
    note = {
        "entity": entity.key,
        "count": total,
        "reason": reason,
        "by_name": [me.name, me.name_en],
    }
    receivers = [superior] if superior else access.holders_of(SUPER_ADMIN)
    outbox.tell(ASKED, str(number), [(one, note) for one in receivers])
    return {"approval": WAITING, "approver_id": superior}


def _superior() -> int | None:
    """The actor's superior, when he is still there."""
    found = access.superior_of(actor().user_id)
    return found if found is not None and access.is_active(found) else None


def decide(number: int, remark: str, *, is_approved: bool) -> Export:
    """Approve or reject an export; its maker is told.

    NotFound for whoever isn't asked, and about one's own; Conflict when it is decided already,
    Invalid for a remark that is too long.
    """
    if len(remark) > MOST_REMARK or not is_storable(remark):
        raise Invalid(fields={"remark": [_l("At most %(n)s characters.", n=MOST_REMARK)]})
    me = actor()
    export = exports.find(number, lock=True)
    is_asked = export is not None and (export.approver_id == me.user_id or me.rights.is_super)
    if export is None or not export.approval or not is_asked or export.actor_id == me.user_id:
        raise NotFound
    if export.approval != WAITING:
        raise Conflict(_l("This has been decided already."))
    export.approval = APPROVED if is_approved else REJECTED
    export.decided_by_id, export.decided_at = me.user_id, clock.now()
    export.remark = remark
    about = {"run": number, "approval": export.approval, "remark": remark}
    history.record_event("export_decided", subject=f"{export.entity}: {export.total}", detail=about)
    note = {
        "entity": export.entity,
        "approval": export.approval,
        "remark": remark,
        "by_name": [me.name, me.name_en],
    }
    outbox.tell(DECIDED, str(number), [(export.actor_id, note)])
    return export
