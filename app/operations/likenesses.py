"""Looking for duplicates while somebody types, and asking before one is saved (CUS-7, C84).

What lies outside the reader's scope is told with name, kind and owner only, at most ten at once;
how often is limited, and every time is in the audit log (PERM-4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Lookalike, Namesake, Throttled
from app.spec.kinds import IntegerField
from app.spec.likeness import ASKED
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label, listed
from app.store import door, history, likenesses, titles
from app.store.attempts import Attempt, count_attempts
from app.store.context import actor
from app.store.likenesses import Alike

WINDOW = timedelta(hours=1)
LOOKS: Setting[int] = declare(
    "duplicate_looks",
    IntegerField(
        label=Label("Looks for duplicates per person and hour", "每人每小时查重次数"),
        default=300,
        minimum=1,
        maximum=100_000,
        help=Label(
            "A look also finds what somebody may not see: its name, kind and owner.",
            "查重也会找到无权查看的记录，仅显示名称、类型和负责人。",
        ),
    ),
    Chapter.SECURITY,
)


@dataclass(frozen=True)
class Candidate:
    """A record that may be the same, as far as its reader may know it."""

    alike: Alike
    is_readable: bool
    owner: str

    @property
    def may_be_asked_for(self) -> bool:
        """Whether there is somebody who could hand over what the reader may not see."""
        return bool(self.owner) and not self.is_readable


def count_look() -> None:
    """Count one look of the actor's; Throttled when he has had too many within the hour.

    Ends the transaction under way: a count must hold whatever becomes of its request.
    """
    user_id, most = actor().user_id, value(LOOKS)
    db.session.rollback()
    refused = count_attempts([Attempt(f"alike:{user_id}", most)], WINDOW)
    if refused is not None:
        raise Throttled(refused.seconds)


def candidates(entity: Entity, values: Mapping[str, Any], *, besides: int = 0) -> list[Candidate]:
    """What has something in common with these values; what he may not open is audited."""
    found = likenesses.find(likenesses.asked(entity, values), (entity.key, besides))
    told = as_told(found)
    strange = [one for one in told if not one.is_readable]
    if strange:
        about = {"found": [f"{one.alike.entity.key} {one.alike.id}" for one in strange]}
        history.record_event("duplicates_told", subject=str(entity.one), detail=about)
    return told


def as_told(found: Sequence[Alike]) -> list[Candidate]:
    """The records with the names of their owners, and whether the reader may open them."""
    readable = {
        (key, i)
        for key in {one.entity.key for one in found}
        for i in door.within(
            catalogue.get(key), [one.id for one in found if one.entity.key == key], "read"
        )
    }
    owners = titles.by_ids(catalogue.get("user"), {one.owner_id for one in found if one.owner_id})
    return [
        Candidate(one, (one.entity.key, one.id) in readable, owners.get(one.owner_id or 0, ""))
        for one in found
    ]


def ask(entity: Entity, values: Mapping[str, Any], *, is_confirmed: bool, besides: int = 0) -> None:
    """Before values are saved that another record of the kind has: Lookalike, unless confirmed.

    Of two who save the same at once one is asked (C84).
    """
    wanted = likenesses.asked(entity, values, ASKED)
    if not wanted or is_confirmed:
        return
    likenesses.hold(wanted)
    found = likenesses.find(wanted, (entity.key, besides), [entity])
    if not found:
        return
    key = next(
        key
        for key, f in entity.fields.items()
        if f.likeness and f.likeness.name in found[0].by and values.get(key)
    )
    words = _l("Already exists: %(names)s.", names=listed(one.title for one in found))
    told = as_told(found)
    details = {"duplicates": [in_json(one) for one in told]}
    refusal = Lookalike(fields={key: [words]}, details=details, value=str(values[key]))
    refusal.found = told
    raise refusal


def note_told(refusal: Namesake) -> None:
    """Count and audit the names that a refusal tells (PERM-4); ends the transaction under way.

    Raises Throttled when the actor has been told too often.
    """
    count_look()
    known = refusal.details.get("duplicates") or refusal.details.get("namesakes") or ()
    history.record_event("duplicates_told", subject=refusal.value, detail={"number": len(known)})
    db.session.commit()


def in_json(one: Candidate) -> dict[str, Any]:
    """As the API tells it: the number only of what its reader may open."""
    return {
        "entity": one.alike.entity.key,
        "id": one.alike.id if one.is_readable else None,
        "label": one.alike.title,
        "owner": one.owner,
        "in_pool": one.alike.in_pool,
        "alike": list(one.alike.by),
    }
