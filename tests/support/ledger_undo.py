"""What comes back and what goes by itself: undo, hand-overs and the night, in the book.

The rules: BULK-5 (undo), XFER-6 (hand-over), POOL-5 and POOL-8 (recycling).
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.support.ledger import (
    CHANGED,
    DAY,
    DONE,
    HOME,
    POOLED,
    Key,
    RefusedError,
    Run,
    Values,
    Verdicts,
)
from tests.support.ledger_bulk import Bulk

UNDO_DAYS = 30


@dataclass(frozen=True)
class Item:
    """A line of a hand-over's report: a place that its person had, and who was to get it."""

    place: str
    record: int
    receiver: str
    outcome: str
    code: str

    @property
    def kind(self) -> str:
        return self.place.partition(":")[0]

    @property
    def verdict(self) -> str:
        return DONE if self.outcome == DONE else self.code


class Ledger(Bulk):
    """The whole book."""

    # --- undo

    def undo(self, who: str, number: int, new: int) -> Verdicts:
        """What becomes of each row of a run that is taken back; Refused when it can't be."""
        past = self.runs[number]
        slug = self._may_undo(who, past)
        run, before = Run(new, who, "undo", past.kind, self.now), deepcopy(self.rows)
        along = {i: self._along(past, (past.kind, i)) for i in past.done}
        verdicts = {
            i: CHANGED if self._is_touched([(past.kind, i), *along[i]], number) else ""
            for i in sorted(past.done)
        }
        for i, verdict in verdicts.items():
            if not verdict:
                verdicts[i] = self._back(past, (past.kind, i), new)
        for i, verdict in verdicts.items():
            if not verdict and not all(self._goes_along(past, key) for key in along[i]):
                verdicts[i] = "dismissed"
        self._stay(past, verdicts, along, before)
        reached = self.reach(who, past.kind, "restore" if slug == "restore" else slug)
        for i, verdict in verdicts.items():
            if not verdict:
                verdicts[i] = DONE if i in reached else "not_permitted"
        self._stay(past, verdicts, along, before)
        past.is_undone = True
        self.close(run, before)
        self.runs.pop(new, None)  # nobody takes an undo back
        return verdicts

    def _may_undo(self, who: str, past: Run) -> str:
        """The operation whose permission it needs."""
        slug = "release" if past.operation == "recycle" else past.operation
        is_shown = past.doer == who or self.is_super(who)
        if not is_shown and not (past.pool and who in self.pools[past.pool].admins):
            raise RefusedError(404)
        if not self.oracle().may(who, past.kind, slug):
            raise RefusedError(403)
        if past.is_undone:
            raise RefusedError(409)
        if self.now >= past.at + UNDO_DAYS * DAY:
            raise RefusedError(410)
        return slug

    def _along(self, past: Run, key: Key) -> list[Key]:
        """What goes back with a record, or not at all."""
        if past.operation == "delete":
            batch = self.rows[key]["batch"]
            return [k for k in self.below(key) if self.rows[k]["batch"] == batch]
        if past.operation == "restore":
            return [k for k in self.below(key) if not self.rows[k]["is_deleted"]]
        return [k for k in self.below(key, "contact") if k in past.wrote]

    def _is_touched(self, keys: Iterable[Key], number: int) -> bool:
        return any(self.touched[key] != number for key in keys)

    def _back(self, past: Run, key: Key, new: int) -> str:
        """Put a chosen record back; answers why it stays, or nothing."""
        one = self.rows[key]
        if past.operation == "delete":
            values: Values = {"is_deleted": False}
        elif past.operation == "restore":
            values = {"is_deleted": True, "batch": new}
        else:
            values = self._old(past, key)
            if self._is_dismissed(values):
                return "dismissed"
        if self.lacks_room(key[0], self.there(one), self.there({**one, **values})):
            return "over_cap"
        batch = one["batch"]
        one.update(values)
        if past.operation in ("delete", "restore"):
            self.go_along(key, batch, new)
        self._put_seats_back(past, key)
        return ""

    def _goes_along(self, past: Run, key: Key) -> bool:
        """Put back what followed a chosen record; whether it can go."""
        values = self._old(past, key)
        if past.operation in ("delete", "restore"):
            return True
        if self._is_dismissed(values):
            return False
        self.rows[key].update(values)
        self._put_seats_back(past, key)
        return True

    @staticmethod
    def _old(past: Run, key: Key) -> Values:
        """What the run overwrote in a record."""
        was, new = past.wrote.get(key, ({}, {}))
        return {
            name: value for name, value in was.items() if value != new[name] and name != "seats"
        }

    def _put_seats_back(self, past: Run, key: Key) -> None:
        was, new = past.wrote.get(key, ({"seats": {}}, {"seats": {}}))
        seats = self.rows[key]["seats"]
        for who in was["seats"].keys() | new["seats"].keys():
            if was["seats"].get(who) != new["seats"].get(who):
                seats.pop(who, None)
                if who in was["seats"]:
                    seats[who] = was["seats"][who]

    def _is_dismissed(self, values: Values) -> bool:
        """Whether what stood there can't be chosen any more."""
        pool = values.get("pool")
        return values.get("owner") in self.inactive or bool(
            pool and not self.pools[pool].is_enabled
        )

    def _stay(
        self,
        past: Run,
        verdicts: Verdicts,
        along: Mapping[int, Sequence[Key]],
        before: Mapping[Key, Values],
    ) -> None:
        """Leave as they were those that can't go back after all, with what hangs on them."""
        for i, verdict in verdicts.items():
            if verdict not in ("", DONE):
                for key in ((past.kind, i), *along[i]):
                    self.rows[key] = deepcopy(before[key])

    # --- hand-over

    def hand_over(self, run: Run, items: Sequence[Item], receivers: Sequence[str]) -> None:
        """Everything of a person goes to these people; AssertionError where a line is not true."""
        before = deepcopy(self.rows)
        owned = {
            (kind, i)
            for (kind, i), one in self.rows.items()
            if kind != "follow_up" and one["owner"] == run.person and not one["is_deleted"]
        }
        told = {(item.kind, item.record) for item in items if item.place.endswith(":owner")}
        assert owned == {key for key in told if key in self.rows}, "everything he has is told of"
        stayed: set[Key] = set()
        for item in items:
            key = (item.kind, item.record)
            if key in self.rows and item.place.endswith((":owner", ":team")):
                assert item.receiver in receivers, item
                verdict = self._handed(run, item, key, stayed)
                assert item.verdict == verdict, f"{item} should be {verdict}"
        self.close(run, before)

    def _handed(self, run: Run, item: Item, key: Key, stayed: set[Key]) -> str:
        one, who = self.rows[key], item.receiver
        if item.place.endswith(":team"):
            seat = one["seats"].pop(run.person)
            if who != one["owner"]:
                one["seats"].setdefault(who, seat)
            return DONE
        if one.get("of") in stayed:
            return "parent_stays"
        if key[0] in POOLED and not self.has_room(key[0], who, one):
            stayed.add(key)
            return "over_cap"
        if key[0] in POOLED:
            one.update(self.got(who, "transferred"))
        self.give(key, who)
        return DONE

    def take_back(self, number: int, new: int) -> dict[Key, str]:
        """The undo of a hand-over: each record for itself; Refused as any undo."""
        past = self.runs[number]
        if past.is_undone:
            raise RefusedError(409)
        if self.now >= past.at + UNDO_DAYS * DAY:
            raise RefusedError(410)
        if past.person in self.inactive:
            raise RefusedError(409)
        run, before = Run(new, "", "undo", "user", self.now), deepcopy(self.rows)
        verdicts = {}
        for key in sorted(past.wrote):
            is_touched = self._is_touched([key], number)
            verdicts[key] = CHANGED if is_touched else self._back(past, key, new) or DONE
        past.is_undone = True
        self.close(run, before)
        self.runs.pop(new, None)
        return verdicts

    # --- the night

    def recycle(self) -> dict[str, list[int]]:
        """What each pool takes at this moment, in their order (POOL-5); contacts follow."""
        taken: dict[str, list[int]] = {}
        for pool in self.settings:
            kind = self.pools[pool].entity
            due = [key for key in sorted(self.rows) if key[0] == kind and self._is_due(pool, key)]
            if due and self.pools[pool].is_enabled:
                for key in due:
                    self.rows[key].update(self.into(pool, self.rows[key]))
                self.follow(due)
                taken[pool] = [i for _kind, i in due]
        return taken

    def due_within(self, kind: str, who: str, days: int) -> list[Key]:
        """Whose of his some pool takes by the run of that day, as things stand (POOL-6)."""
        now, today = self.now, self.now.astimezone(HOME).date()
        at_two = datetime(today.year, today.month, today.day, 2, tzinfo=HOME) + days * DAY
        self.now = at_two.astimezone(UTC)
        mine = [k for k, one in self.rows.items() if k[0] == kind and one["owner"] == who]
        pools = [p for p, one in self.pools.items() if one.entity == kind and one.is_enabled]
        found = [key for key in mine if any(self._is_due(pool, key) for pool in pools)]
        self.now = now
        return found

    def _is_due(self, pool: str, key: Key) -> bool:
        one, rule = self.rows[key], self.settings[pool]
        if one["is_deleted"] or not one["owner"] or self.is_locked(one):
            return False
        who, place = self.users[one["owner"]], self.pools[pool]
        if (place.members or place.departments) and not (
            who.name in place.members or who.department in place.departments
        ):
            return False
        is_won, since = one.get("deal_status") == "won", one["obtained_at"]
        quiet_since = max(since, one["last_follow_up_at"] or since)
        is_quiet = self._is_over(quiet_since, rule.quiet) and not (is_won and rule.spares_won)
        has_status = "deal_status" in one
        return is_quiet or (has_status and not is_won and self._is_over(since, rule.unwon))

    def _is_over(self, since: datetime, days: int | None) -> bool:
        if not days:
            return False
        return (self.now.astimezone(HOME).date() - since.astimezone(HOME).date()).days > days
