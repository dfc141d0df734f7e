"""The sales floor of the small company: people act through the product's doors, the book follows.

``Floor`` asks the product, and lets ``tests.support.ledger`` say what ought to have happened. The
clock is moved, never waited for.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from typing import ClassVar

import time_machine
from werkzeug.test import TestResponse

from app.jobs import recycling
from tests.contract.calls import Api, stored
from tests.contract.sales_watch import HELD, KEPT, PLURALS, START, Watch
from tests.contract.test_hand_over import Desk
from tests.support.ledger import POOLED, Cap, RefusedError, Run, Values, Verdicts
from tests.support.mailbox import as_the_clock
from tests.support.web import COOKIE, cookie_of, csrf_token, log_in
from tests.support.worlds import World

LONG = timedelta(days=36500)
LASTING = ("CRM_SESSION_IDLE", "CRM_SESSION_ABSOLUTE", "PERMANENT_SESSION_LIFETIME")


@contextmanager
def open_for_years(world: World) -> Iterator[None]:
    """Nobody is logged out by the clock, however far it is moved."""
    before = {name: world.app.config[name] for name in LASTING}
    world.app.config.update(dict.fromkeys(LASTING, LONG))
    try:
        yield
    finally:
        world.app.config.update(before)


class Floor(Watch):
    """One company, from its first hour on."""

    _sessions: ClassVar[dict[tuple[int, str], tuple[str, dict[str, str]]]] = {}
    """By application and person the cookie and the token of the first hour: they are good again
    when the database has been renewed."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.caps: dict[tuple[str, str], int] = {}
        """By kind and what is counted the number of the rule."""
        self._own: dict[str, Api] = {}
        self._lost: set[str] = set()
        """Who was logged out everywhere when he was disabled."""

    # --- doors

    @contextmanager
    def hour(self) -> Iterator[None]:
        """What happens within happens at the book's hour."""
        with time_machine.travel(self.book.now, tick=False):
            yield

    def api(self, who: str) -> Api:
        """Somebody's session; whoever was disabled since has to log in again."""
        if who not in self._own:
            self._own[who] = self._again(who) if who in self._lost else self._first(who)
        return self._own[who]

    def _first(self, who: str) -> Api:
        key = (id(self.world.app), who)
        if key not in self._sessions:
            with time_machine.travel(START, tick=False):
                new = Api(self.world, who)
            self._sessions[key] = (cookie_of(new.client), new.headers)
        api = object.__new__(Api)
        api.client, (cookie, api.headers) = self.world.app.test_client(), self._sessions[key]
        api.client.set_cookie(COOKIE, cookie)
        return api

    def _again(self, who: str) -> Api:
        api = object.__new__(Api)
        api.client = log_in(self.world.app.test_client(), who)
        api.headers = {"X-CSRFToken": csrf_token(api.client, "/notifications/")}
        return api

    def bulk(
        self, who: str, kind: str, slug: str, ids: Sequence[int], params: Values, *, dry: bool
    ) -> None:
        """Somebody does something to these rows; every row's answer is what the book says."""
        sent = self._sent(params)
        with self.hour():
            rehearsed = self._ask(who, kind, slug, ids, sent, dry=True) if dry else None
            if dry:
                self.compare()
            answer = self._ask(who, kind, slug, ids, sent)
        number = answer.json.get("operation_id", 0) if answer.status_code == 200 else 0
        run = Run(number, who, slug, kind, self.book.now)
        owners = {i: one["owner"] for (of, i), one in self.read().items() if of == kind}
        try:
            expected = self.book.bulk(run, ids, params, owners)
        except RefusedError as refused:
            self._refused(slug, answer, refused)
            return
        self._agree(slug, answer, ids, expected)
        if rehearsed is not None:
            self._rehearsed(slug, rehearsed, expected)

    def _ask(
        self, who: str, kind: str, slug: str, ids: Sequence[int], params: Values, **more: bool
    ) -> TestResponse:
        named = {"dry_run": True} if more.get("dry") else {}
        return self.api(who).bulk(PLURALS[kind], slug, ids, params, **named)

    def _sent(self, params: Values) -> Values:
        sent = {key: value for key, value in params.items() if value is not None}
        if "pool" in sent:
            sent["pool"] = self.places[sent["pool"]]
        if "until" in sent:
            sent["until"] = sent["until"].isoformat()
        return sent

    @staticmethod
    def _said(slug: str, answer: TestResponse) -> str:
        return f"{slug}: {answer.status_code} {answer.text[:2000]}"

    def _refused(self, slug: str, answer: TestResponse, refused: RefusedError) -> None:
        assert answer.status_code == refused.status, f"{self._said(slug, answer)}: not {refused}"

    def _agree(
        self, slug: str, answer: TestResponse, ids: Sequence[int], expected: Verdicts
    ) -> None:
        assert answer.status_code == 200, f"{self._said(slug, answer)}, but {expected}"
        skipped = {one["id"]: one["code"] for one in answer.json["skipped"]}
        told = {i: skipped.get(i, "done") for i in ids}
        if slug.startswith("undo"):  # of what he doesn't read it is told only that it stays
            told = {i: "changed" if code == "gone" else code for i, code in told.items()}
        assert told == expected, f"{slug}: {told} should be {expected}"
        numbers = (answer.json["total"], answer.json["done"], len(answer.json["skipped"]))
        done = sum(code == "done" for code in expected.values())
        assert numbers == (len(expected), done, len(expected) - done), numbers
        assert answer.json["failed"] == []

    def _rehearsed(self, slug: str, dry: TestResponse, expected: Verdicts) -> None:
        """The dry run said the same (BULK-2)."""
        assert dry.status_code == 200, self._said(slug, dry)
        done = sum(code == "done" for code in expected.values())
        reasons = Counter(code for code in expected.values() if code != "done")
        told = {one["code"]: one["count"] for one in dry.json["reasons"]}
        assert (dry.json["will_change"], told) == (done, dict(reasons)), slug

    def undo(self, who: str, number: int) -> None:
        """Somebody takes a run back."""
        past = self.book.runs[number]
        with self.hour():
            answer = self.api(who).post(f"/operations/{number}/undo", {})
        new = answer.json.get("operation_id", 0) if answer.status_code == 200 else 0
        try:
            expected = self.book.undo(who, number, new)
        except RefusedError as refused:
            self._refused("undo", answer, refused)
            return
        self._agree(f"undo of {past.operation}", answer, past.done, expected)

    def put(self, who: str, plural: str, number: int, values: Values) -> None:
        kind = plural.removesuffix("s")
        version = stored(self.engine, kind, number)["version"]
        with self.hour():
            answer = self.api(who).put(f"/{plural}/{number}", values, version)
        assert answer.status_code == 200, self._said(f"edit {plural}", answer)

    def limit(self, kind: str, counted: str, most: int, *, counts_done: bool) -> None:
        """Whoever keeps the caps sets one, or changes it."""
        values = {"number": most, "counts_done": counts_done}
        self.book.caps[kind, counted] = Cap(most, counts_done)
        if (kind, counted) in self.caps:
            self.put("system", "caps", self.caps[kind, counted], values)
            return
        named = {"name": f"{kind} {counted}", "kind": PLURALS[kind], "counted": counted}
        with self.hour():
            answer = self.api("system").post("/caps/", {**named, **values, "is_enabled": True})
        assert answer.status_code == 201, self._said("cap", answer)
        self.caps[kind, counted] = answer.json["id"]

    def follow_up(self, who: str, kind: str, number: int) -> None:
        """Whoever has a record notes something there; nothing else of it changes."""
        with self.hour():
            answer = self.api(who).post("/follow-ups/", {"text": "Rang up", kind: number})
        assert answer.status_code == 201, self._said("follow-up", answer)
        now, one = self.book.now, self.book.rows[kind, number]
        one.update(last_follow_up_at=now, is_followed_up=True)
        noted = {"of": (kind, number), "is_deleted": False, "batch": None, "at": now, "owner": None}
        self.book.rows["follow_up", answer.json["id"]] = noted

    def create(self, who: str, kind: str, name: str) -> None:
        """Somebody enters a new record; a cap refuses it."""
        one = self._born(who, kind)
        is_full = self.book.lacks_room(kind, None, one)
        with self.hour():
            answer = self.api(who).post(f"/{PLURALS[kind]}/", {"name": name})
        assert answer.status_code == (422 if is_full else 201), self._said("create", answer)
        if not is_full:
            self.book.rows[kind, answer.json["id"]] = one

    def _born(self, who: str, kind: str) -> Values:
        nothing = dict.fromkeys((*KEPT, *HELD))
        status = {"deal_status": "not_won"} if kind == "customer" else {}
        obtained = {"obtained_at": self.book.now, "obtained_way": "created"}
        more = {"is_deleted": False, "batch": None, "seats": {}, "is_locked": False}
        return {**nothing, **status, **obtained, **more, "owner": who, "is_followed_up": False}

    def night(self) -> None:
        """The clock recycles what is due at this hour."""
        before, last = deepcopy(self.book.rows), self.last_run()
        with self.hour():
            as_the_clock(self.world, recycling.run)
        taken, runs = self.book.recycle(), self.runs_since(last, "recycle")
        told = {self.pool_names[row.params["pool"]]: (row.id, row.done) for row in runs}
        counts = {pool: done for pool, (_run, done) in told.items()}
        assert counts == {pool: len(ids) for pool, ids in taken.items()}, "the night took"
        for pool, ids in taken.items():
            kind, number = self.book.pools[pool].entity, told[pool][0]
            run = Run(number, "", "recycle", kind, self.book.now, list(ids), pool=pool)
            mine = {(kind, i) for i in ids}
            mine |= {below for key in mine for below in self.book.below(key)}
            self.book.close(run, {key: one for key, one in before.items() if key in mine})

    # --- people who leave

    def hand_over(self, who: str, person: str, to: Sequence[str], *, disables: bool) -> None:
        """All that a person has goes to these; the account is disabled where nothing keeps it."""
        last = self.last_run()
        with self.hour():
            desk = Desk(self.world, self.engine, who, person)
            form = desk.form(*to, **({"disable": "1"} if disables else {}))
            answer = desk.post(form, "run")
        if answer.status_code == 409:
            assert not disables, answer.text
            assert not self.has_things(person), answer.text
            return
        assert answer.status_code == 302, answer.text
        [row] = self.runs_since(last, "hand_over")
        run = Run(row.id, who, "hand_over", "user", self.book.now, person=person)
        self.book.hand_over(run, self.items(row.id), to)
        if disables:
            self._disabled(person)

    def take_back(self, who: str, number: int) -> None:
        """The undo of a hand-over; the account is enabled with it."""
        past, last = self.book.runs[number], self.last_run()
        if not past.is_undone and past.person in self.book.inactive:
            self.book.inactive.discard(past.person)
            self._own.pop(past.person, None)
        with self.hour():
            desk = Desk(self.world, self.engine, who, past.person)
            answer = desk.undo(number, enable="1")
        new = [row.id for row in self.runs_since(last, "undo")]
        try:
            expected = self.book.take_back(number, new[0] if new else 0)
        except RefusedError as refused:
            self._refused("take back", answer, refused)
            return
        assert answer.status_code == 302, self._said("take back", answer)
        told = {(i.kind, i.record): i.verdict for i in self.items(new[0])}
        told = {key: code for key, code in told.items() if key in expected}
        assert told == expected, f"undo of a hand-over: {told} should be {expected}"

    def disable(self, who: str, person: str) -> None:
        """Somebody who has nothing any more is disabled; whoever has something isn't (ORG-1)."""
        with self.hour():
            answer = self.api(who).bulk("users", "disable", [self.people[person]])
        assert answer.status_code == 200, self._said("disable", answer)
        is_done = answer.json["done"] == 1
        assert is_done == (not self.has_things(person)), self._said("disable", answer)
        if is_done:
            self._disabled(person)

    def enable(self, who: str, person: str) -> None:
        with self.hour():
            answer = self.api(who).bulk("users", "enable", [self.people[person]])
        assert answer.json["done"] == 1, self._said("enable", answer)
        self.book.inactive.discard(person)

    def _disabled(self, person: str) -> None:
        if not self.has_things(person):
            self.book.inactive.add(person)
            self._lost.add(person)
            self._own.pop(person, None)
            with self.hour():
                client = self.world.client(person)
                assert client.get("/api/v1/customers/").status_code == 401, "logged out everywhere"

    def has_things(self, person: str) -> bool:
        return any(self.book.mine(kind, person) for kind in (*POOLED, "contact"))
