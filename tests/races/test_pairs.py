"""Two people cross each other's way on one record or one name, each pair in processes of its own.

Claim and transfer, editing and bulk editing, restoring and creating, importing and a form (C84,
C86, C102): whatever the order, it must look as if one had come after the other.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, func, select

from app.extensions import db
from app.spec.catalogue import catalogue
from tests.contract.calls import Api
from tests.contract.test_imports import csv_of, send
from tests.races import naive
from tests.races.crowd import PATIENCE, Elsewhere, Meeting, Place, at_once, persist
from tests.support.web import hidden_inputs
from tests.support.worlds import World

BINNED, SENT = "Customer 09", "Sent and typed"
SLOW = ("claim", "bulk edit", "restore", "import")
QUICK = ("claim and transfer", "edit", "create", "form")
"""Who comes while the careless one of his pair has looked and not written yet."""


def begun(api: Api, what: str) -> Any:
    """What the first of a pair does."""
    if what == "claim":
        return api.bulk("customers", "claim", [11])
    if what == "bulk edit":
        return api.bulk("customers", "bulk_edit", [1], {"set": {"level": "A"}})
    if what == "restore":
        return api.bulk("customers", "restore", [9])
    return send(api, "customers", csv_of([["Name"], [SENT]]))


def crossing(here: Elsewhere, what: str, begin: Callable[[], Any]) -> Any:
    """What the second does, a moment after he has opened what he is about to change."""
    api, version = here.api("admin"), 0
    if what == "edit":
        version = persist(lambda: api.get("/customers/1")).json["result"]["version"]
    page = api.client.get("/customers/add").text if what == "form" else ""
    begin()
    if what == "claim and transfer":
        first = here.api("sales1a")
        persist(lambda: first.bulk("customers", "claim", [11]))
        return persist(lambda: api.bulk("customers", "transfer", [11], {"new_owner": "sales2a"}))
    if what == "edit":
        return persist(lambda: api.put("/customers/1", {"level": "C"}, version))
    if what == "form":
        form = {**hidden_inputs(page), "name": SENT}
        return persist(lambda: api.client.post("/customers/add", data=form))
    return persist(lambda: api.post("/customers/", {"name": BINNED}))


def meet(here: Elsewhere, what: str, meeting: Meeting | None) -> Any:
    """One of a pair; with a meeting the first is careless, and the second comes in between."""
    if meeting:
        naive.hold_no_names()
    if what in QUICK and meeting:
        answer = crossing(here, what, lambda: meeting.looked.wait(PATIENCE))
        meeting.acted.set()
        return what, answer.status_code
    if what in QUICK:
        return what, crossing(here, what, lambda: time.sleep(0.5)).status_code
    if meeting:
        be_careless(what, meeting.pause)
    api = here.api("sales1b" if what == "claim" else "manager")
    return what, persist(lambda: begun(api, what)).status_code


def be_careless(what: str, pause: naive.Pause) -> None:
    if what == "restore":
        naive.look_and_let_go("app.store.namesakes", "taken", pause)
    elif what == "import":
        naive.import_what_was_planned(pause)
    else:
        naive.look_first_write_later(pause)


def is_gapless(engine: Engine, record: int, field: str) -> bool:
    """Whether each change of a field begins with what the one before it left."""
    history, table = db.metadata.tables["history"], catalogue.get("customer").model.__table__
    mine = (history.c.entity == "customer", history.c.record_id == record)
    column = table.c["owner_id" if field == "owner" else field]
    with engine.connect() as connection:
        told = connection.scalars(select(history.c.changes).where(*mine).order_by(history.c.id))
        chain = [changes[field] for changes in told if field in changes]
        last = connection.scalar(select(column).where(table.c.id == record))
    return all(a[1] == b[0] for a, b in itertools.pairwise(chain)) and chain[-1][1] == last


def called(engine: Engine, name: str) -> int:
    """How many living customers have that name."""
    table = catalogue.get("customer").model.__table__
    alive = (table.c.name == name, table.c.deleted_at.is_(None))
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(*alive)) or 0


def crossed(world: World, engine: Engine, *, is_naive: bool) -> tuple[dict[str, bool], Any]:
    """Whether each pair ended soundly, and what everybody was answered."""
    meetings = [Meeting() if is_naive else None for _ in SLOW]
    crowd = [*zip(SLOW, meetings, strict=True), *zip(QUICK, meetings, strict=True)]
    answers = dict(at_once(Place.of(world), meet, crowd))
    sound = {
        "claim x transfer": is_gapless(engine, 11, "owner"),
        "edit x bulk edit": is_gapless(engine, 1, "level"),
        "restore x create": called(engine, BINNED) == 1,
        "import x form": called(engine, SENT) == 1,
    }
    return sound, answers


def test_one_comes_after_the_other(world: World, engine: Engine) -> None:
    sound, answers = crossed(world, engine, is_naive=False)
    assert all(sound.values()), (sound, answers)
    assert set(answers.values()) <= {200, 201, 302, 409, 412, 422}, answers


def test_careless_programs_lose_all_of_these_bets(world: World, engine: Engine) -> None:
    """C89b: the test above sees the faults that it is about."""
    sound, answers = crossed(world, engine, is_naive=True)
    assert not any(sound.values()), (sound, answers)
