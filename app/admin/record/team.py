"""The team tab of a record: its seats with level and end, and the way out (CUS-4)."""

from collections.abc import Sequence
from typing import Any

from flask import flash, request
from flask_babel import gettext as _

from app.admin import forms
from app.admin.once import once
from app.operations import team
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import WrongVerb
from app.spec.operation_choices import SEAT_LEVEL
from app.store import seats, titles
from app.store.context import actor
from app.store.idempotency import Replay


def leave(entity: Entity, pk: int) -> str:
    """Give up one's own seat; answers where to go on: not everybody may read it afterwards."""
    if "add_team" not in entity.operations:
        raise WrongVerb

    def left() -> Replay:
        team.leave(entity, pk)
        flash(_("You have left the team."), "success")
        return Replay(302, {}, {})

    once(request.form.get("form_nonce"), left)
    return f"/{entity.plural}/list/"


def screen(
    entity: Entity, record_id: int, offered: Sequence[dict[str, Any]]
) -> dict[str, Any] | None:
    """The seats of the record, running ones first; what one may do with them."""
    found = seats.of(entity.key, [record_id]).get(record_id, {})
    names = titles.by_ids(catalogue.get("user"), found)
    may_remove = any(one["slug"] == "remove_team" for one in offered)
    me, moment = actor().user_id, clock.now()
    rows = [
        {
            "user": names.get(user, str(user)),
            "level": SEAT_LEVEL.text(seat.level),
            "until": clock.shown(seat.until) if seat.until else "",
            "is_expired": seat.until is not None and seat.until <= moment,
            "leave_url": f"/{entity.plural}/leave/{record_id}" if user == me else "",
            "remove_url": f"/{entity.plural}/bulk/remove_team?id={record_id}&users={user}"
            if may_remove
            else "",
        }
        for user, seat in found.items()
    ]
    return {
        "nonce": forms.nonce(),
        "seats": sorted(rows, key=lambda row: row["is_expired"]),
        "add": next((one for one in offered if one["slug"] == "add_team"), None),
    }
