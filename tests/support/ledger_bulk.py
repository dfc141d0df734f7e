"""What each bulk operation does to the rows of the book, row by row (contract section 5).

The rules: POOL-2 (claims), POOL-3, POOL-4, POOL-8, POOL-9 (caps), XFER-1 to XFER-4, CUS-1 to CUS-3.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import date, timedelta

from tests.support.ledger import DAY, DONE, HOME, Book, Key, RefusedError, Run, Values, Verdicts

HOUR = timedelta(hours=1)
WITHOUT_LOCK = {"is_locked": False, "locked_until": None, "lock_reason": None}


class Bulk(Book):
    """The book, with what people do to selected rows."""

    def bulk(
        self, run: Run, ids: Iterable[int], params: Values, given: Mapping[int, str | None]
    ) -> Verdicts:
        """What becomes of each row; ``given`` says whom an assignment chose, which is free.

        Raises RefusedError for what becomes of none.
        """
        kind, slug = run.kind, run.operation
        if not self.oracle().may(run.doer, kind, slug):
            raise RefusedError(403)
        reached, verdicts = self.reach(run.doer, kind, slug), Verdicts()
        for i in set(ids) - reached:
            verdicts[i] = self._out_of_reach(run.doer, kind, slug, i)
        if self._is_wrong(kind, params):
            raise RefusedError(422)
        before = deepcopy(self.rows)
        for i in sorted(set(ids) & reached):
            one = self.rows[kind, i]
            new = self._planned(run, one, {**params, "given": given.get(i)})
            if not isinstance(new, str):
                was, will_be = self.there(one), self.there({**one, **new})
                new = "over_cap" if self.lacks_room(kind, was, will_be) else new
            verdicts[i] = new if isinstance(new, str) else self._do(run, i, new)
        self._afterwards(run, params, before)
        self.close(run, before)
        return verdicts

    def _planned(self, run: Run, one: Values, params: Values) -> Values | str:
        plan: Callable[[Run, Values, Values], Values | str] = getattr(self, f"_{run.operation}")
        return plan(run, one, params)

    def _do(self, run: Run, i: int, new: Values) -> str:
        one = self.rows[run.kind, i]
        owner = one["owner"]
        one.update(new)
        if one["owner"] and one["owner"] != owner:
            one["seats"].pop(one["owner"], None)  # an owner needs no seat (CUS-4)
        run.done.append(i)
        return DONE

    def _out_of_reach(self, who: str, kind: str, slug: str, i: int) -> str:
        one = self.rows.get((kind, i))
        pool, when = self.left.get((kind, i), ("", None))
        was_faster = slug == "claim" and one and one["owner"] and not one["is_deleted"]
        if was_faster and when and when >= self.now - HOUR and self.is_member(who, pool):
            return "taken"
        if i in self.readable(who, kind):
            return "not_permitted"
        raise RefusedError(404)

    def _is_wrong(self, kind: str, params: Values) -> bool:
        """Somebody disabled, or a pool that is closed, or of another kind, can't be chosen."""
        people = {params.get("new_owner"), *params.get("to", ())} - {None}
        pool = self.pools[params["pool"]] if "pool" in params else None
        return bool(people & self.inactive) or bool(
            pool and (pool.entity != kind or not pool.is_enabled)
        )

    # --- what each operation means for one row

    def _transfer(self, run: Run, one: Values, params: Values) -> Values | str:
        who = params["new_owner"]
        return "same_owner" if one["owner"] == who else self.got(who, "transferred")

    def _assign(self, run: Run, one: Values, params: Values) -> Values | str:
        others = [who for who in params["to"] if who != one["owner"]]
        fit = [who for who in others if self.has_room(run.kind, who, one)]
        if not fit:
            return "over_cap" if others else "same_owner"
        assert params["given"] in fit, f"{params['given']} got it, but it was for one of {fit}"
        return self.got(params["given"], "assigned")

    def _claim(self, run: Run, one: Values, params: Values) -> Values | str:
        """In the order of POOL-2; only what is claimed is counted, and nothing gives it back."""
        who, pool = run.doer, one["pool"]
        rule, since = self.settings[pool], one["pooled_at"]
        if not self.has_room(run.kind, who, one):
            return "over_cap"
        used = self.claimed(pool, who)
        if rule.limit is not None and used >= rule.limit:
            return "claims_used"
        if since and one["previous_owner"] == who and since + rule.ban * DAY > self.now:
            return "yours_before"
        is_admin = self.is_super(who) or who in self.pools[pool].admins
        if since and since + rule.protection * DAY > self.now and not is_admin:
            return "protected"
        if rule.limit is not None:
            self.claims[pool, who] = (rule.period, self.first_day(rule.period), used + 1)
        return self.got(who, "claimed")

    def claimed(self, pool: str, who: str) -> int:
        """How many he has claimed in the period under way."""
        rule = self.settings[pool]
        period, first, used = self.claims.get((pool, who), ("", date.min, 0))
        return used if (period, first) == (rule.period, self.first_day(rule.period)) else 0

    def first_day(self, period: str) -> date:
        today = self.now.astimezone(HOME).date()
        return today - timedelta(days=today.weekday()) if period == "week" else today

    def _release(self, run: Run, one: Values, params: Values) -> Values | str:
        if one["owner"] is None:
            return "no_owner"
        return "locked" if self.is_locked(one) else self.into(params["pool"], one)

    def _move_pool(self, run: Run, one: Values, params: Values) -> Values | str:
        return "same_pool" if one["pool"] == params["pool"] else {"pool": params["pool"]}

    def _lock(self, run: Run, one: Values, params: Values) -> Values | str:
        until, reason = params.get("until"), params["reason"]
        new = {"is_locked": True, "locked_until": until, "lock_reason": reason}
        is_so = self.is_locked(one) and all(one[key] == value for key, value in new.items())
        return "unchanged" if is_so else new

    def _unlock(self, run: Run, one: Values, params: Values) -> Values | str:
        return dict(WITHOUT_LOCK) if self.is_locked(one) else "unchanged"

    def _set_deal_status(self, run: Run, one: Values, params: Values) -> Values | str:
        new = params["status"]
        return "unchanged" if one["deal_status"] == new else {"deal_status": new}

    def _delete(self, run: Run, one: Values, params: Values) -> Values | str:
        return {"is_deleted": True, "batch": run.number}

    def _restore(self, run: Run, one: Values, params: Values) -> Values | str:
        return {"is_deleted": False}

    # --- what hangs on the rows

    def _afterwards(self, run: Run, params: Values, before: Mapping[Key, Values]) -> None:
        rows = [(run.kind, i) for i in run.done]
        if run.operation in ("claim", "release", "assign", "transfer"):
            self.follow(key for key in rows if self.rows[key]["pool"] != before[key]["pool"])
        if run.operation == "transfer":
            for key in rows:
                self._settle_team(key, params, before[key]["owner"])
            if run.kind == "customer" and "contacts" in params.get("cascade", ()):
                self._take_along(run, params, before)
        if run.operation in ("delete", "restore"):
            for key in rows:
                self.go_along(key, before[key]["batch"], run.number)

    def _settle_team(self, key: Key, params: Values, former: str | None) -> None:
        """XFER-1: the former owner stays in the team, until a date, or has no seat any more.

        Nobody stays there whose account is disabled.
        """
        seats, level = self.rows[key]["seats"], params["old_owner"]
        if former:
            seats.pop(former, None)
            if level != "remove" and former not in self.inactive:
                seats[former] = (level, params.get("until"))

    def _take_along(self, run: Run, params: Values, before: Mapping[Key, Values]) -> None:
        """Of the contacts those that the doer may transfer himself: the old owner's, or all."""
        mine = self.reach(run.doer, "contact", "transfer")
        for i in run.done:
            for key in self.below(("customer", i), "contact"):
                was_his = self.rows[key]["owner"] == before["customer", i]["owner"]
                is_meant = was_his or params.get("cascade_of") == "all"
                former = self.rows[key]["owner"]
                if key[1] in mine and is_meant and former != params["new_owner"]:
                    self.give(key, params["new_owner"])
                    self._settle_team(key, params, former)
