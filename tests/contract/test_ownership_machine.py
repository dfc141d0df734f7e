"""Whose is what, whatever people do one after the other (POOL, XFER, CUS-2, CUS-3, BULK-5).

A state machine lets the people of the small company claim, release, transfer, assign, move, lock,
win, delete, restore, undo, hand over, disable and enable, while nights pass and rules change — all
through the product's own doors. ``tests.support.ledger`` says row by row what ought to become of
it, and after every step:

* each customer and lead has an owner or a pool, never both and never none;
* the history has no gap: what an entry says was there is what the one before it said, its last is
  what is stored, and there is one entry for each version;
* nobody got, or locked, more than his cap allows. More he may only have without getting any: a
  rule made stricter later, a customer that turns out not to be won, a lock handed over as it is
  (docs/decisions/0044);
* every row of an answer became what the answer says, and no other row changed;
* claims, waits of previous owners, protection of new data, locks and recycling are as the book
  counts them by itself, contacts along with their customers (POOL-8).

Now and then somebody looks: his lists, to-dos, pools and pickers show the numbers of the book.
"""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.contract.careless_owners import AT_ONCE, OTHERS, Break
from tests.contract.sales_floor import Floor, open_for_years
from tests.contract.sales_watch import PLURALS
from tests.support.ledger import DAY, HOLDING, LOCKED, POOLED, Values
from tests.support.worlds import World

DOERS = ("admin", "manager", "leader1", "sales1a", "sales1b", "sales2a")
SALES = ("sales1a", "sales1b", "sales2a")
POOLS = (
    "Open customers",
    "Open customers",
    "Customers of Sales 2",
    "Open leads",
    "Closed customers",
)
ANY = 7
"""A pick is of what the doer reaches, the lately changed first; this one is of any record."""

doers = st.sampled_from(DOERS)
people = st.sampled_from(DOERS[1:])
kinds = st.sampled_from(("customer", "customer", "lead"))
pools = st.sampled_from(POOLS)
some = st.lists(st.integers(0, ANY), min_size=1, max_size=6, unique=True)
until = st.sampled_from((None, timedelta(hours=5), 3 * DAY))


class Ownership(RuleBasedStateMachine):
    """People at work; every rule is a request, a night or a look."""

    world: ClassVar[World]
    """Given by the test, in a class of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor(self.world)
        self.book = self.floor.book
        self.born = 0

    def do(self, who: str, kind: str, slug: str, picks: list[int], params: Values) -> None:
        """Somebody's bulk operation; every other one is tried dry before."""
        assume(who not in self.book.inactive)
        heat = self.floor.heat
        reached = self.book.reach(who, kind, slug)
        reached = sorted(reached, key=lambda i: (-heat.get((kind, i), 0), i))
        known = sorted(i for of, i in self.book.rows if of == kind)
        ids = [
            reached[p % len(reached)] if reached and p < ANY else known[-1 - p % 3] for p in picks
        ]
        ids = list(dict.fromkeys(ids))
        self.floor.bulk(who, kind, slug, ids, params, dry=sum(picks) % 2 == 0)
        self.floor.check(self.floor.compare())

    def in_a_while(self, span: timedelta | None) -> Any:
        return None if span is None else self.book.now + span

    # --- the hour, and the rules

    @initialize(cap=st.integers(3, 6), limit=st.integers(2, 4), ban=st.integers(1, 3))
    def rules_of_the_house(self, cap: int, limit: int, ban: int) -> None:
        self.floor.limit("customer", HOLDING, cap, counts_done=False)
        self.set_pool("Open customers", claim_limit=limit, previous_owner_days=ban, quiet_days="20")

        self.set_pool("Open leads", claim_limit=limit, previous_owner_days=ban)
        for kind, ids in {"lead": [3, 4, 5, 8], "customer": [3, 4, 5]}.items():
            pool = {"pool": f"Open {PLURALS[kind]}"}
            self.floor.bulk("admin", kind, "release", ids, pool, dry=False)

    def set_pool(self, pool: str, **values: Any) -> None:
        self.floor.put("admin", "pools", self.floor.places[pool], values)
        names = {
            "claim_limit": "limit",
            "claim_period": "period",
            "previous_owner_days": "ban",
            "protection_days": "protection",
            "quiet_days": "quiet",
            "unwon_days": "unwon",
            "quiet_spares_won": "spares_won",
        }
        for key, value in values.items():
            days = int(value) if key in ("quiet_days", "unwon_days") and value else value
            setattr(self.book.settings[pool], names[key], days)

    @rule(hours=st.sampled_from((1, 5, 20, 24, 80, 200)))
    def time_passes(self, hours: int) -> None:
        self.book.now += timedelta(hours=hours)

    @rule(pool=st.sampled_from(POOLS[:4]), limit=st.sampled_from((None, 1, 2, 4)),
          period=st.sampled_from(("day", "week")), ban=st.integers(0, 4),
          protection=st.integers(0, 2))  # fmt: skip
    def claiming_rules_change(
        self, pool: str, limit: int | None, period: str, ban: int, protection: int
    ) -> None:
        self.set_pool(
            pool,
            claim_limit=limit,
            claim_period=period,
            previous_owner_days=ban,
            protection_days=protection,
        )

    @rule(pool=st.sampled_from(POOLS[:4]), quiet=st.sampled_from((None, "5", "12", "25")),
          unwon=st.sampled_from((None, "15")), spares=st.booleans())  # fmt: skip
    def recycling_rules_change(
        self, pool: str, quiet: str | None, unwon: str | None, spares: bool
    ) -> None:
        has_status = self.book.pools[pool].entity == "customer"
        values = {"unwon_days": unwon} if has_status else {}
        self.set_pool(pool, quiet_days=quiet, quiet_spares_won=spares, **values)

    @rule(kind=st.sampled_from(POOLED), counted=st.sampled_from((HOLDING, LOCKED)),
          most=st.integers(0, 6), counts_done=st.booleans())  # fmt: skip
    def caps_change(self, kind: str, counted: str, most: int, counts_done: bool) -> None:
        self.floor.limit(kind, counted, most, counts_done=counts_done)

    # --- what people do

    @rule(who=doers, kind=kinds, picks=some)
    def claim(self, who: str, kind: str, picks: list[int]) -> None:
        self.do(who, kind, "claim", picks, {})

    @rule(who=doers, kind=kinds, least=st.integers(1, 2))
    def claim_on(self, who: str, kind: str, least: int) -> None:
        """Again and again, until a rule says no."""
        for _ in range(3):
            self.do(who, kind, "claim", list(range(least)), {})

    @rule(who=doers, kind=kinds, picks=some, pool=pools)
    def release(self, who: str, kind: str, picks: list[int], pool: str) -> None:
        self.do(who, kind, "release", picks, {"pool": pool})

    @rule(who=st.sampled_from(DOERS[:3]), kind=kinds, picks=some, to=people, end=until,
          old=st.sampled_from(("remove", "read", "write")),
          cascade=st.sampled_from(((), ("contacts",))),
          of=st.sampled_from(("old_owner", "all")))  # fmt: skip
    def transfer(
        self, who: str, kind: str, picks: list[int], to: str, end: Any, old: str,
        cascade: tuple[str, ...], of: str,
    ) -> None:  # fmt: skip
        params: Values = {"new_owner": to, "old_owner": old}
        if old != "remove":
            params["until"] = self.in_a_while(end)
        if kind == "customer":
            params |= {"cascade": list(cascade), "cascade_of": of}
        self.do(who, kind, "transfer", picks, params)

    @rule(who=st.sampled_from(DOERS[:3]), kind=kinds, picks=some,
          to=st.lists(people, min_size=1, max_size=3, unique=True),
          how=st.sampled_from(("equal", "round_robin", "load", "room")))  # fmt: skip
    def assign(self, who: str, kind: str, picks: list[int], to: list[str], how: str) -> None:
        self.do(who, kind, "assign", picks, {"to": to, "how": how})

    @rule(who=st.sampled_from(("admin", "leader1", "sales1a")), kind=kinds, picks=some, pool=pools)
    def move_pool(self, who: str, kind: str, picks: list[int], pool: str) -> None:
        self.do(who, kind, "move_pool", picks, {"pool": pool})

    @rule(who=doers, kind=kinds, picks=some, end=until)
    def lock(self, who: str, kind: str, picks: list[int], end: Any) -> None:
        self.do(who, kind, "lock", picks, {"reason": "Ours", "until": self.in_a_while(end)})

    @rule(who=doers, kind=kinds, picks=some)
    def unlock(self, who: str, kind: str, picks: list[int]) -> None:
        self.do(who, kind, "unlock", picks, {})

    @rule(who=st.sampled_from(DOERS[:4]), picks=some, status=st.sampled_from(("won", "not_won")))
    def set_deal_status(self, who: str, picks: list[int], status: str) -> None:
        self.do(who, "customer", "set_deal_status", picks, {"status": status})

    @rule(who=st.sampled_from(DOERS[:4]), kind=kinds, picks=some)
    def delete(self, who: str, kind: str, picks: list[int]) -> None:
        self.do(who, kind, "delete", picks[:2], {})

    @rule(who=st.sampled_from(DOERS[:3]), kind=kinds, picks=some)
    def restore(self, who: str, kind: str, picks: list[int]) -> None:
        self.do(who, kind, "restore", picks, {})

    @precondition(lambda self: any(run.kind != "user" for run in self.book.runs.values()))
    @rule(who=st.none() | doers, back=st.integers(0, 4))
    def undo(self, who: str | None, back: int) -> None:
        """A late run, by its doer or by somebody else; now and then one that is undone already."""
        runs = [run for run in self.book.runs.values() if run.kind != "user"]
        left = [run for run in runs if not run.is_undone] if back < 4 else runs
        assume(left)
        past = left[-1 - back % len(left)]
        doer = who or past.doer or "admin"
        assume(doer not in self.book.inactive)
        self.floor.undo(doer, past.number)

    @rule(kind=kinds, picks=some, to=people, then=people)
    def undo_too_late(self, kind: str, picks: list[int], to: str, then: str) -> None:
        """Somebody else goes on with some of the rows before the first one is undone."""
        last = self.floor.last_run()
        self.do("admin", kind, "transfer", picks, {"new_owner": to, "old_owner": "remove"})
        number = self.floor.last_run()
        self.do("manager", kind, "assign", [0], {"to": [then], "how": "equal"})
        if number > last and number in self.book.runs:
            self.floor.undo("admin", number)

    @rule(who=st.sampled_from(SALES), kind=kinds, pick=st.integers(0, ANY))
    def follow_up(self, who: str, kind: str, pick: int) -> None:
        mine = sorted(k for k, one in self.book.rows.items() if k[0] == kind
                      and one["owner"] == who and not one["is_deleted"])  # fmt: skip
        assume(mine)
        self.floor.follow_up(who, *mine[pick % len(mine)])

    @rule(who=st.sampled_from(SALES), kind=kinds)
    def create(self, who: str, kind: str) -> None:
        assume(who not in self.book.inactive)
        self.born += 1
        self.floor.create(who, kind, f"Newcomer {self.born}")

    @rule(days=st.integers(1, 9))
    def nights_pass(self, days: int) -> None:
        """To a quarter past two in the morning, some days ahead; only then the clock runs."""
        ahead = self.book.now.replace(hour=18, minute=15) + (days - 1) * DAY
        self.book.now = ahead if ahead > self.book.now else ahead + DAY
        self.floor.night()

    # --- people who leave, and come back

    @rule(who=st.sampled_from(("admin", "people")), person=st.sampled_from(SALES),
          to=st.lists(people, min_size=1, max_size=2, unique=True), disables=st.booleans()
          )  # fmt: skip
    def hand_over(self, who: str, person: str, to: list[str], disables: bool) -> None:
        assume(person not in to and not {person, *to} & self.book.inactive)
        self.floor.hand_over(who, person, to, disables=disables)

    @precondition(lambda self: any(run.kind == "user" for run in self.book.runs.values()))
    @rule()
    def take_back(self) -> None:
        runs = [run for run in self.book.runs.values() if run.kind == "user"]
        self.floor.take_back("admin", runs[-1].number)

    @rule(person=st.sampled_from(SALES))
    def disable(self, person: str) -> None:
        assume(person not in self.book.inactive)
        self.floor.disable("admin", person)

    @precondition(lambda self: self.book.inactive)
    @rule()
    def enable(self) -> None:
        self.floor.enable("admin", min(self.book.inactive))

    # --- what holds after each step

    @rule(who=doers)
    def look(self, who: str) -> None:
        assume(who not in self.book.inactive)
        self.floor.look(who)

    @invariant()
    def the_book_is_right(self) -> None:
        self.floor.check(self.floor.compare())


def drive(world: World, examples: int, steps: int, **more: Any) -> None:
    """Let it run: the same examples every time, unless a seed is given on the command line."""
    machine = type("Ownership", (Ownership,), {"world": world})
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        **{"derandomize": True, "database": None, **more},
    )
    with open_for_years(world):
        run_state_machine_as_test(machine, settings=chosen)


def test_whatever_people_do(world: World) -> None:
    """A few working days."""
    drive(world, examples=4, steps=20)


@pytest.mark.prove
def test_whatever_people_do_for_months(world: World) -> None:
    """Other examples each time; a failing one is printed with how to have it again."""
    drive(world, examples=150, steps=50, derandomize=False, print_blob=True)


def find(world: World, breaks: Break, patch: pytest.MonkeyPatch, examples: int) -> None:
    breaks(patch)
    with pytest.raises(AssertionError):
        drive(world, examples, steps=20, phases=[Phase.generate], report_multiple_bugs=False)


@pytest.mark.parametrize("breaks", AT_ONCE, ids=lambda one: one.__name__)
def test_it_finds(world: World, breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within as few examples as the test above takes, or not much more."""
    find(world, breaks, monkeypatch, examples=8)


@pytest.mark.prove
@pytest.mark.parametrize("breaks", OTHERS, ids=lambda one: one.__name__)
def test_it_finds_too(world: World, breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    find(world, breaks, monkeypatch, examples=60)
