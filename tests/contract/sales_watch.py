"""What is stored, looked at behind the product's back, and what the product shows of it.

Every look compares with the book (``tests.support.ledger``): row by row, entry by entry of the
history, and number by number on lists, to-dos, pools and pickers.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select, update

from app.extensions import db
from tests.contract.calls import Api, condition, pool_ids, user_ids
from tests.contract.test_pool_pages import cells
from tests.oracle import read_table
from tests.support.company import company
from tests.support.ledger import DAY, HOLDING, POOLED, Key, Settings, Values
from tests.support.ledger_undo import Item, Ledger
from tests.support.worlds import World

START = datetime(2035, 1, 1, 2, tzinfo=UTC)
"""A Monday, ten in the morning in Shanghai; later than any session of the template."""
PLURALS = {"customer": "customers", "lead": "leads"}
KEPT = ("owner", "pool", "previous_owner")
HELD = (
    *("pooled_at", "obtained_at", "obtained_way", "is_followed_up", "last_follow_up_at"),
    *("is_locked", "locked_until", "lock_reason"),
)
KINDS = (*POOLED, "contact", "follow_up")
GRANTS = read_table()
WARNED_AHEAD = 7
"""Days in which a pool warns, unless it is told otherwise (POOL-6)."""


SPECIAL: dict[Key, Values] = {
    ("customer", 7): {"is_locked": True, "lock_reason": "Ours"},
    ("customer", 8): {"deal_status": "won"},
    ("lead", 7): {"is_locked": True, "lock_reason": "Ours", "locked_until": START + 3 * DAY},
}
"""Old records that no night takes at first."""


def table(kind: str) -> Any:
    return db.metadata.tables[kind]


class Watch:
    """A company in its first hour, and its book."""

    def __init__(self, world: World) -> None:
        world.renew()
        self.world = world
        with world.app.app_context():
            self.engine: Engine = world.database.engine
        self.people, self.places = user_ids(self.engine), pool_ids(self.engine)
        self.names: dict[Any, str] = {number: name for name, number in self.people.items()}
        self.pool_names: dict[Any, str] = {number: name for name, number in self.places.items()}
        world.is_dirty = True
        self._arrange()
        self.book = self._opened()
        self._had: Mapping[Key, Values] = {}
        self._read_to = 0
        self.heat: dict[Key, int] = {}
        """By record its last entry in the history: what was changed lately is the hottest."""
        self._chains: dict[tuple[Key, str], Any] = {}
        self._versions: Counter[Key] = Counter()
        self._read_history()
        self._versions = Counter(self.versions())

    def hour(self) -> AbstractContextManager[None]:
        """What happens within happens at the book's hour."""
        raise NotImplementedError

    def api(self, who: str) -> Api:
        raise NotImplementedError

    def _arrange(self) -> None:
        """Nothing but customers, leads and contacts keeps anybody; all of them for some days."""
        past = START - 400 * DAY
        with self.engine.begin() as connection:
            connection.execute(update(table("task")).values(status="done"))
            connection.execute(
                update(table("event")).values(starts_at=past, ends_at=past, lasts_until=None)
            )
            noted = table("follow_up")
            since = {"created_at": START - 50 * DAY, "happened_at": START - 50 * DAY}
            connection.execute(update(noted).values(**since))
            for kind in POOLED:
                rows = table(kind)
                for number in connection.scalars(select(rows.c.id)).all():
                    obtained = START - (number * 3) * DAY
                    told = select(noted.c.id).where(
                        noted.c.deleted_at.is_(None), self._is_about(noted, kind, number)
                    )
                    last = START - 50 * DAY if connection.scalars(told).first() else None
                    values = {"obtained_at": obtained, "last_follow_up_at": last}
                    values |= {"is_followed_up": False, "created_at": obtained}
                    if kind == "customer" and number <= 10:
                        values["primary_contact_id"] = number
                    values |= SPECIAL.get((kind, number), {})
                    connection.execute(rows.update().where(rows.c.id == number).values(**values))
            left = {"pooled_at": START - DAY, "previous_owner_id": self.people["sales1a"]}
            rows = table("customer")
            connection.execute(rows.update().where(rows.c.id == 11).values(**left))

    @staticmethod
    def _is_about(noted: Any, kind: str, number: int) -> Any:
        """Of the small company the contact of a number belongs to the customer of that number."""
        is_it = noted.c[f"{kind}_id"] == number
        return is_it | (noted.c.contact_id == number) if kind == "customer" else is_it

    def _opened(self) -> Ledger:
        """The book as things are at the beginning."""
        small = company()
        order = sorted(small.pools, key=lambda name: self.places[name])
        return Ledger(
            now=START,
            departments=small.departments,
            users=small.users,
            pools=small.pools,
            grants=GRANTS,
            rows=self.read(),
            settings={name: Settings() for name in order},
        )

    # --- what is stored

    def read(self) -> dict[Key, Values]:
        """Every customer, lead, contact and follow-up, as the book writes them."""
        found: dict[Key, Values] = {}
        with self.engine.connect() as connection:
            for kind in KINDS:
                for row in connection.execute(select(table(kind))).mappings():
                    found[kind, row["id"]] = self._written(kind, row)
            for seat in connection.execute(select(table("team_seat"))):
                if (seat.entity, seat.record_id) in found and seat.entity != "follow_up":
                    seats = found[seat.entity, seat.record_id]["seats"]
                    seats[self.names[seat.user_id]] = (seat.level, seat.until)
        return found

    def _written(self, kind: str, row: Mapping[str, Any]) -> Values:
        gone = {"is_deleted": row["deleted_at"] is not None, "batch": row["delete_batch"]}
        if kind == "follow_up":
            about = next((k, row[f"{k}_id"]) for k in KINDS[:3] if row[f"{k}_id"])
            return {**gone, "of": about, "at": row["happened_at"], "owner": None}
        one = {**gone, "owner": self.names.get(row["owner_id"]), "seats": {}}
        if kind == "contact":
            return {**one, "of": ("customer", row["customer_id"])}
        one["pool"] = self.pool_names.get(row["pool_id"])
        one["previous_owner"] = self.names.get(row["previous_owner_id"])
        one |= {key: row[key] for key in HELD}
        return one | ({"deal_status": row["deal_status"]} if kind == "customer" else {})

    def _compared(self, rows: Mapping[Key, Values]) -> dict[Key, Values]:
        """What of each record has to be the same; of what lies in the bin not what it tells."""
        found = {}
        for key, one in rows.items():
            same = {name: value for name, value in one.items() if name != "batch"}
            if key[0] in POOLED:
                same["is_followed_up"] = bool(one["is_followed_up"])
                same["is_locked"] = self.book.is_locked(one)
                if not same["is_locked"]:
                    same |= {"locked_until": None, "lock_reason": None}
            told = ("last_follow_up_at", "is_followed_up") if one["is_deleted"] else ()
            found[key] = {name: value for name, value in same.items() if name not in told}
        return found

    def compare(self) -> dict[Key, Values]:
        """What is stored is what the book says: done rows changed, all others did not."""
        rows = self.read()
        is_so, should = self._compared(rows), self._compared(self.book.rows)
        wrong = {
            key: {
                name: (is_so.get(key, {}).get(name), "should be", value)
                for name, value in (should.get(key) or dict.fromkeys(is_so[key])).items()
                if is_so.get(key, {}).get(name) != value
            }
            for key in is_so.keys() | should.keys()
            if is_so.get(key) != should.get(key)
        }
        assert wrong == {}, wrong
        return rows

    def versions(self) -> dict[Key, int]:
        with self.engine.connect() as connection:
            return {
                (kind, number): version
                for kind in KINDS
                for number, version in connection.execute(
                    select(table(kind).c.id, table(kind).c.version)
                )
            }

    # --- what holds whatever happens

    def check(self, rows: Mapping[Key, Values]) -> None:
        """The invariants, of the stored rows alone: nothing here asks the book whose they are."""
        for (kind, number), one in rows.items():
            if kind in POOLED:
                has_one = (one["owner"] is None) is not (one["pool"] is None)
                assert has_one, f"{kind} {number}: {one['owner']}, {one['pool']}"
        self._check_caps(rows)
        self._read_history()
        self._check_history(rows)
        self._had = rows

    def _check_caps(self, rows: Mapping[Key, Values]) -> None:
        """Whoever got one that counts, or locked one, has no more than he may (POOL-9).

        More than that somebody may only have without having got anything: the rule was made
        stricter, or what he had turned out not to be won; and locked ones that he was handed as
        they were (docs/decisions/0044).
        """
        for (kind, counted), cap in self.book.caps.items():
            got: set[str] = set()
            for key, one in rows.items():
                was = self._had.get(key, one if not self._had else None)
                was = None if was is None or was["is_deleted"] else was
                if key[0] == kind and not one["is_deleted"]:
                    who = self.book.gainer(counted, was, one)
                    counts = cap.counts_done or one.get("deal_status") != "won"
                    got |= {who} if who and counts else set()
            for who in got:
                used = self._used(rows, kind, counted, who, counts_done=cap.counts_done)
                assert used <= cap.most, f"{who} has {used} of {cap.most} {kind} ({counted})"

    def _used(
        self, rows: Mapping[Key, Values], kind: str, counted: str, who: str, *, counts_done: bool
    ) -> int:
        mine = [o for k, o in rows.items() if k[0] == kind and o["owner"] == who]
        there = [one for one in mine if not one["is_deleted"]]
        held = [one for one in there if counted == HOLDING or self.book.is_locked(one)]
        return sum(counts_done or one.get("deal_status") != "won" for one in held)

    def _read_history(self) -> None:
        """Walk on along the chains of owners and pools: new.from is old.to, without a gap."""
        log = table("history")
        wanted = select(log).where(log.c.id > self._read_to, log.c.entity.in_(KINDS))
        with self.engine.connect() as connection:
            entries = connection.execute(wanted.order_by(log.c.id)).all()
        for entry in entries:
            key = (entry.entity, entry.record_id)
            for name in ("owner", "pool"):
                if name in entry.changes:
                    was, becomes = entry.changes[name]
                    last = self._chains.get((key, name))
                    assert was == last, f"{key} {name}: from {was}, but it was {last}"
                    self._chains[key, name] = becomes
            self._versions[key] += 1
            self.heat[key] = entry.id
            self.book.touched[key] = entry.operation_id
            self._read_to = entry.id

    def _check_history(self, rows: Mapping[Key, Values]) -> None:
        """Its last entry is what stands there, and there is one for each version."""
        versions = self.versions()
        for key, one in rows.items():
            if key[0] != "follow_up":
                owner = self.names.get(self._chains.get((key, "owner")))
                pool = self.pool_names.get(self._chains.get((key, "pool")))
                assert owner == one["owner"], f"{key}: {one['owner']}, but the history says {owner}"
                assert pool == one.get("pool"), f"{key}: {one.get('pool')}, history: {pool}"
            assert self._versions[key] == versions[key], f"{key}: one entry per version"

    # --- runs and reports

    def last_run(self) -> int:
        runs = table("operation_run")
        with self.engine.connect() as connection:
            return connection.scalar(select(runs.c.id).order_by(runs.c.id.desc()).limit(1)) or 0

    def runs_since(self, last: int, operation: str) -> list[Any]:
        runs = table("operation_run")
        wanted = select(runs).where(runs.c.id > last, runs.c.operation == operation)
        with self.engine.connect() as connection:
            return list(connection.execute(wanted.order_by(runs.c.id)))

    def items(self, number: int) -> list[Item]:
        """The report of a hand-over, place by place."""
        lines = table("hand_over_item")
        with self.engine.connect() as connection:
            rows = connection.execute(select(lines).where(lines.c.operation_id == number)).all()
        places: dict[str, int] = {}
        for row in sorted(rows, key=lambda row: row.id):
            places.setdefault(row.place, len(places))
        rows.sort(key=lambda row: (places[row.place], row.record_id))
        return [
            Item(r.place, r.record_id, self.names.get(r.receiver_id, ""), r.outcome, r.code)
            for r in rows
        ]

    # --- what somebody is shown

    def look(self, who: str) -> None:
        """Counters are counts: his lists, to-dos, pools and what people have of how many."""
        with self.hour():
            for kind, plural in PLURALS.items():
                self._look_at_list(who, kind, plural)
            self._look_at_to_dos(who)
            self._look_at_pools(who)
            self._look_at_caps(who)

    def _look_at_list(self, who: str, kind: str, plural: str) -> None:
        oracle, api = self.book.oracle(), self.api(who)
        answer = api.get(f"/{plural}/", page_size=100, exact_count=True).json
        mine = oracle.visible(who, kind, "list")
        assert (set(answer["ids"]), answer["count"]) == (mine, len(mine)), f"{who}: {plural}"
        for pool in (p for p in self.book.pools.values() if p.entity == kind):
            if self.book.is_member(who, pool.name):
                there = condition("pool", "rel_o_m", self.places[pool.name])
                answer = api.get(f"/{plural}/", filters=[there], page_size=100).json
                lies = oracle.visible(who, kind, "list", pool.name)
                assert (set(answer["ids"]), answer["count"]) == (lies, len(lies)), pool.name

    def _look_at_to_dos(self, who: str) -> None:
        answer = self.api(who).client.get("/api/v1/to-dos/").json
        counts = {
            (one["key"], tab["key"]): tab["count"] for one in answer["lists"] for tab in one["tabs"]
        }
        for kind, plural in PLURALS.items():
            mine = self.book.mine(kind, who)
            given = [one for one in mine if one["obtained_way"] in ("assigned", "transferred")]
            waits = sum(not one["is_followed_up"] for one in given)
            assert counts[f"{plural}_given", "open"] == waits, f"{who}: {plural} given"
            soon = len(self.book.due_within(kind, who, WARNED_AHEAD))
            assert counts[f"recycled_{plural}", "soon"] == soon, f"{who}: {plural} recycled soon"

    def _look_at_pools(self, who: str) -> None:
        page = self.api(who).client.get("/pools/list/").text
        for pool in self.book.pools.values():
            if not self.book.is_member(who, pool.name):
                continue
            lies = self.book.lying(pool.name)
            shown = cells(page, self.places[pool.name])
            assert shown["records"] == str(len(lies)), f"{who}: {pool.name}"
            limit = self.book.settings[pool.name].limit
            left = (
                "any number"
                if limit is None
                else str(max(0, limit - self.book.claimed(pool.name, who)))
            )
            assert shown["claims_left"].startswith(left), f"{who}: {pool.name}"

    def _look_at_caps(self, who: str) -> None:
        for kind, plural in PLURALS.items():
            cap = self.book.caps.get((kind, HOLDING))
            if cap and self.book.oracle().may(who, kind, "transfer"):
                offered = self.api(who).client.get(f"/{plural}/options/new_owner?q=").json
                for one in offered:
                    used = self.book.used(kind, HOLDING, self.names[int(one["value"])])
                    assert f"{used}/{cap.most}" in str(one), (used, cap.most, one)
