"""The page of a pool: what its reader may still claim from it, and by which rules (POOL-2)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.operations import allowances
from app.spec.catalogue import catalogue
from app.spec.plurals import ngettext
from app.spec.words import Label
from app.store import claims
from app.store.claims import Allowance
from app.store.context import actor
from app.store.pools import Pool


def _claiming(seen: Seen) -> Mapping[str, Any] | None:
    """What is left and what refuses, for whoever may claim there."""
    if seen.entity.model is not Pool or not seen.record.is_enabled:
        return None
    rights, number = actor().rights, seen.record.id
    kind = next(entity for entity in catalogue if entity.plural == seen.record.kind)
    if not rights.may(kind.key, "claim") or not (rights.is_super or number in rights.pools):
        return None
    [allowed] = claims.allowances([number], rights.user_id).values()
    return {
        "items": [{"label": label, "text": text, "meaning": ""} for label, text in _of(allowed)]
    }


def _of(allowed: Allowance) -> list[tuple[str, str]]:
    told = [(_("Claims left"), allowances.left(allowed) or _("any number"))]
    if days := allowed.waits.days:
        told.append((_("Previous owner waits"), ngettext("%(num)s day", "%(num)s days", days)))
    if days := allowed.protected.days:
        told.append((_("New data is protected"), ngettext("%(num)s day", "%(num)s days", days)))
    return told


panels.declare(
    Panel(
        "claims_left",
        Label("Claiming", "领取"),
        "hand-grab",
        "panels/log_figures.html",
        _claiming,
        rank=15,
    )
)
