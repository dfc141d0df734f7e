"""What pages say of an export: who decides about it, and what of its file (EXP-2, EXP-3)."""

from collections.abc import Iterable

from flask_babel import gettext as _

from app.admin import cells
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.plurals import ngettext
from app.store import titles
from app.store.exports import REJECTED, WAITING, Export


def names_in(found: Iterable[Export]) -> dict[int, str]:
    """The people whom exports are about: one statement for all."""
    people = {one for e in found for one in (e.actor_id, e.approver_id, e.decided_by_id) if one}
    return titles.by_ids(catalogue.get("user"), people)


def approval(export: Export, names: dict[int, str]) -> str:
    """Where the question stands whether it may be made; empty when nobody was asked."""
    if export.approval == WAITING:
        asked = names.get(export.approver_id or 0) or _("A super admin")
        return _("Waiting for approval: %(who)s", who=asked)
    if not export.approval:
        return ""
    who = names.get(export.decided_by_id or 0, "")
    said = _("Rejected by %(who)s") if export.approval == REJECTED else _("Approved by %(who)s")
    return " · ".join(one for one in (said % {"who": who}, export.remark) if one)


def file(export: Export) -> str:
    """Its size, how long it is kept, how often it was fetched."""
    if export.is_expired:
        return _("no longer kept")
    if not export.can_be_fetched:
        return ""
    until = _("kept until %(when)s", when=clock.shown(export.expires_at))
    size = [cells.file_size(export.size)] if export.is_kept else []
    fetched = ngettext("fetched %(num)s time", "fetched %(num)s times", export.fetched)
    return " · ".join([*size, until, *([fetched] if export.fetched else [])])
