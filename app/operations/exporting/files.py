"""Who may fetch a written file, and for how long (EXP-3, C76).

A file is a copy of what somebody was allowed to have when it was written. It is given out as long
as he may still have all of that: the operation, each column, each unmasked value, the whole scope.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.exporting.drafts import Draft
from app.operations.exporting.table import Table
from app.spec import clock, columns
from app.spec.catalogue import catalogue
from app.spec.entity import NUMBER, Entity
from app.spec.errors import Gone, NotFound, NotPermitted
from app.spec.operations import READ
from app.spec.scopes import union
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store import door, exports, history, runs, scope
from app.store.context import actor, current
from app.store.exports import Export
from app.store.policy import Policy
from app.store.rights import Rights

EXPORT_DAYS: Setting[int] = declare(
    "export_days",
    columns.integer(
        "Exported files are kept for (days)",
        "导出的文件保留（天）",
        default=7,
        minimum=1,
        maximum=90,
        help=Label(
            "Only whoever made an export can fetch its file; that it was made stays in the audit "
            "log.",
            "文件仅导出人本人可下载；导出记录会永久保留在审计日志中。",
        ),
    ),
    Chapter.RETENTION,
)


def kept_for() -> timedelta:
    """How long a file can be fetched."""
    return timedelta(days=value(EXPORT_DAYS))


def address(number: int) -> str:
    """Where the file of a run is fetched."""
    return f"/api/v1/operations/{number}/file"


def named(export: Export) -> str:
    """What the file is called, in the language of whoever writes it."""
    many = catalogue.get(export.entity).many
    return f"{many}-{clock.today():%Y%m%d}-{export.operation_id}.{export.format}"


def store(export: Export, draft: Draft, table: Table) -> None:
    """Keep a file that is whole, with the rights it was written with; in the audit log too."""
    exports.keep(export, draft.portions(), kept_for())
    export.name, export.count = named(export), draft.count
    export.sha256, export.grounds = draft.digest, grounds(table)
    note(export, draft.count, draft.digest)


def note(export: Export, count: int, digest: str) -> None:
    """Every file is in the audit log: what, how many, its fingerprint (EXP-2, C74)."""
    run = runs.under_way(export.operation_id)
    about = {"count": count, "sha256": digest, "run": run.id}
    history.record_event(
        "export",
        subject=f"{run.entity}: {count}",
        detail={**run.params, **run.selection, **about},
    )


def grounds(table: Table) -> dict[str, Any]:
    """The rights that a table is made with, in JSON values."""
    entity, rights = table.entity, actor().rights
    reach = rights.reach(entity.key, "export")
    keys = [field.key for field in table.fields]
    seats = {str(i): seat for i, seat in rights.pools.items() if seat.kind == entity.plural}
    return {
        "columns": keys,
        "masked": sorted(table.policy.masked.intersection(keys)),
        "owners": None if reach.everything else sorted(reach.owners),
        "pools": {i: None if s.is_admin else sorted(s.columns) for i, s in seats.items()},
        "parents": _parents(entity),
    }


def _parents(entity: Entity) -> dict[str, Any]:
    """By which records the rows come that belong to others: what he reads of each kind.

    Only the roles that grant the export count (decision 0032, PERM-2).
    """
    alone = list(scope.each_role(entity, actor().rights, "export")) if entity.is_attached else []
    kinds = [catalogue.get(link.to) for link in entity.parents] if entity.is_attached else []
    return {kind.key: _read(kind, alone) for kind in kinds}


def _read(entity: Entity, alone: Sequence[Rights]) -> dict[str, Any]:
    """The records he reads as wholes: by owner, by seat in their team, in pools he administers.

    None stands for all there are.
    """
    may = [rights for rights in alone if rights.may(entity.key, "read")]
    reach = union(rights.reach(entity.key, "read") for rights in may)
    seats = scope.seat_ids(entity, current(), READ.seats) if may and not reach.everything else []
    pools = actor().rights.pools.values() if may else ()
    administered = sorted(p.pool_id for p in pools if p.is_admin and p.kind == entity.plural)
    return {
        "owners": None if reach.everything else sorted(reach.owners),
        "seats": None if reach.everything else sorted(seats),
        "pools": None if actor().rights.is_super else administered,
    }


def check(export: Export) -> None:
    """Whether its maker may fetch it now: NotPermitted, NotFound, or Gone when its time is over.

    Asked of the rights of now: whoever may see less than the file holds doesn't get it (C76).
    """
    entity = catalogue.get(export.entity)
    door.demand(entity.key, "export")
    if export.is_expired:
        raise Gone
    if not export.can_be_fetched:
        raise NotFound
    if export.is_kept and not _covers(entity, export.grounds):
        raise NotPermitted(_l("You may see less by now than this file holds. Export it again."))


def _covers(entity: Entity, then: dict[str, Any]) -> bool:
    """Whether the rights of now give at least what those of then gave."""
    policy, rights = Policy(actor(), entity, "export", in_list=True), actor().rights
    reach, keys = rights.reach(entity.key, "export"), set(then["columns"])
    return (
        keys <= {NUMBER.key, *policy.readable}
        and policy.masked & keys <= set(then["masked"])
        and (reach.everything or (then["owners"] is not None and reach.owners >= {*then["owners"]}))
        and (rights.is_super or all(_sees(int(i), seen) for i, seen in then["pools"].items()))
        and _reads(_parents(entity), then.get("parents", {}))
    )


def _reads(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether of each kind of parent at least that is read; one of which nothing is known, isn't.

    Files of earlier versions don't say by which records their rows came.
    """
    return all(kind in then and _gives(of_now, then[kind]) for kind, of_now in now.items())


def _gives(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether each way to such records leads at least as far; None stands for all there are."""
    return all(
        mine is None or (then[way] is not None and {*mine} >= {*then[way]})
        for way, mine in now.items()
    )


def _sees(pool: int, then: list[str] | None) -> bool:
    """Whether the actor sees at least those columns of a pool's records; None stands for all."""
    seat = actor().rights.pools.get(pool)
    if seat is None or seat.is_admin:
        return seat is not None
    return then is not None and (not seat.columns or (bool(then) and seat.columns >= {*then}))
