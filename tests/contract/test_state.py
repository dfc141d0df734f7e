"""Lock, unlock and deal status (CUS-1, CUS-2): the same answer wherever somebody asks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Engine

from tests.contract.calls import Api, condition, pool_ids, stored
from tests.support.worlds import World

LOCKED = condition("is_locked", "eq", True)
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)


@pytest.mark.parametrize("plural", ["customers", "leads"])
def test_a_lock_ends_by_itself_everywhere_at_once(
    world: World, engine: Engine, plural: str
) -> None:
    """CUS-2: record, list, filter, page and the release that it forbids read one definition."""
    api, pool = Api(world, "sales1a"), pool_ids(engine)[f"Open {plural}"]
    params = {"reason": "In talks", "until": SOON.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert api.bulk(plural, "lock", [1], params).json["done"] == 1
    assert api.bulk(plural, "lock", [1], params).json["skipped"][0]["code"] == "unchanged"
    for moment, is_locked in ((SOON - timedelta(seconds=1), True), (SOON, False)):
        with time_machine.travel(moment, tick=False):
            seen = Api(world, "sales1a")
            assert seen.get(f"/{plural}/1").json["result"]["is_locked"] is is_locked
            assert (1 in seen.ids(plural, LOCKED)) is is_locked
            assert (1 in seen.ids(plural, condition("is_locked", "eq", False))) is not is_locked
            assert ("Locked until 20" in seen.client.get(f"/{plural}/show/1").text) is is_locked
            run = seen.bulk(plural, "release", [1], {"pool": pool}, dry_run=True).json
            assert [one["code"] for one in run["skipped"]] == (["locked"] if is_locked else [])
            unlock = seen.bulk(plural, "unlock", [1], dry_run=True).json
            assert unlock["will_change"] == int(is_locked)


def test_unlocking_leaves_nothing_of_a_lock(world: World, engine: Engine) -> None:
    api = Api(world, "leader1")
    assert api.bulk("customers", "lock", [1, 3], {"reason": "Tender"}).json["done"] == 2
    answer = api.bulk("customers", "unlock", [1, 4])
    assert [(one["id"], one["code"]) for one in answer.json["skipped"]] == [(4, "unchanged")]
    row = stored(engine, "customer", 1)
    assert (row["is_locked"], row["locked_until"], row["lock_reason"]) == (False, None, None)
    for wrong in ({}, {"reason": "x" * 256}, {"reason": "x", "until": "2020-01-01"}):
        assert api.bulk("customers", "lock", [1], wrong).status_code == 422, wrong


def test_the_deal_status_by_hand_keeps_the_time(world: World, engine: Engine) -> None:
    """CUS-1: won sets the time, not yet won clears it; a permission of its own."""
    api = Api(world, "manager")
    assert api.bulk("customers", "set_deal_status", [1], {"status": "won"}).json["done"] == 1
    assert stored(engine, "customer", 1)["won_at"] is not None
    back = {"status": "not_won"}
    answer = api.bulk("customers", "set_deal_status", [1, 3], back)
    assert [(one["id"], one["code"]) for one in answer.json["skipped"]] == [(3, "unchanged")]
    assert stored(engine, "customer", 1)["won_at"] is None
    assert api.bulk("customers", "set_deal_status", [1], {"status": "lost"}).status_code == 422
    assert Api(world, "sales1a").bulk("customers", "set_deal_status", [1], back).status_code == 403
