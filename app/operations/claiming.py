"""Claiming out of a pool: who gets a record, and which rule keeps him from it (POOL).

The rules are asked in the order of POOL-2, row by row; each refusal says which one it is and when
it will pass. A claim is counted when it has been made, and only then.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from app.operations import room
from app.operations.behaviour import Behaviour, Row, Run
from app.operations.outcome import Plan, Skip
from app.operations.ownership import follow_parents, free_seats, obtained
from app.operations.selection import owner_names
from app.spec import clock
from app.store import claims
from app.store.claims import Allowance
from app.store.context import actor
from app.store.writer import Change

PREVIOUS = "previous_owner"
"""The field of whoever owned a record before it came into its pool."""
ENTERED = "pooled_at"


def _used_up(run: Run, row: Row, allowed: Allowance) -> Skip | None:
    """Claims left in the period."""
    if allowed.left is None or allowed.left > 0:
        return None
    when = clock.shown(allowed.ends_at)
    return row.skip("claims_used", limit=allowed.limit, pool=allowed.name, when=when)


def _left_him(run: Run, row: Row, allowed: Allowance) -> Skip | None:
    """The previous owner waits, from when it left him."""
    since, mine = row.values[ENTERED], row.values[PREVIOUS] == actor().user_id
    if not mine or since is None or since + allowed.waits <= run.at:
        return None
    return row.skip("yours_before", when=clock.shown(since + allowed.waits))


def _new_here(run: Run, row: Row, allowed: Allowance) -> Skip | None:
    """New data waits for the pool's admins."""
    since = row.values[ENTERED]
    if since is None or since + allowed.protected <= run.at or _is_admin(allowed.pool_id):
        return None
    return row.skip("protected", when=clock.shown(since + allowed.protected))


def _is_admin(pool: int) -> bool:
    rights = actor().rights
    seat = rights.pools.get(pool)
    return rights.is_super or bool(seat and seat.is_admin)


CHECKS: tuple[Callable[[Run, Row, Allowance], Skip | None], ...] = (_used_up, _left_him, _new_here)
"""In the order of POOL-2. Before them come membership, which is the gate's, and the holding cap."""


class Claim(Behaviour):
    """POOL-2: exactly one gets it; the row's lock decides, and the late one is told who did."""

    slug = "claim"
    looks_late = True

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        """Look up what the pools leave him; a dry run goes on counting where it was."""
        known: dict[int, Allowance] = run.memory.setdefault("allowed", {}) if run.dry_run else {}
        pools = sorted({row.values["pool"] for row in rows} - known.keys())
        me = actor().user_id
        found = {pool: claims.unruled(pool) for pool in pools}
        if ruled := [pool for pool in pools if pool in actor().rights.organisation.ruled_pools]:
            found |= claims.allowances(ruled, me)
        if not run.dry_run:
            found |= claims.hold(found, me)
        run.memory["allowed"] = known | found
        run.memory["room"] = room.tally(run, run.entity, "claims")
        run.memory["room"].know([me])

    def plan(self, run: Run, row: Row) -> Plan:
        pool = row.values["pool"]
        allowed: Allowance = run.memory["allowed"][pool]
        mine = {**row.values, "owner": actor().user_id}
        if why := room.lack(run.memory["room"], mine):
            return row.skip(room.OVER, why=why)
        for check in CHECKS:
            if refusal := check(run, row, allowed):
                return refusal
        run.memory["room"].move((row.values, mine))
        run.memory["allowed"][pool] = replace(allowed, used=allowed.used + 1)
        return row.change(owner=actor().user_id, **obtained(run, "claimed"))

    def missing(self, run: Run, ids: Sequence[int]) -> list[Skip]:
        names = owner_names(run.entity, ids)
        return [
            Skip(i, "taken", {"name": names[i]}) if i in names else Skip(i, "gone") for i in ids
        ]

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        me = actor().user_id
        for pool, number in Counter(c.before["pool"] for c in changes).items():
            if run.memory["allowed"][pool].limit is not None:
                claims.spend(pool, me, number)
        free_seats(run, changes)
        follow_parents(run, {c.id: c for c in changes}, {c.id: me for c in changes})

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        """Whoever owned them before; a dry run names him where the doer is shown who (POOL-1)."""
        shown = [c for c in changes if not run.dry_run or _shows_previous_owner(run, c)]
        return dict(Counter(c.before[PREVIOUS] for c in shown if c.before[PREVIOUS]))


def _shows_previous_owner(run: Run, change: Change) -> bool:
    """Whether the doer sees in that pool who owned a record before."""
    columns: Any = run.policy.columns_in(change.before["pool"])
    return PREVIOUS in run.policy.readable and (columns is None or PREVIOUS in columns)
