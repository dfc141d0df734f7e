"""A leaver's hand-over (XFER-6, docs/decisions/0047): what goes to whom, and what comes back."""

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.hand_overs import HandOver, HandOverItem
from app.store.history import History
from app.store.outbox import Outbox
from app.store.pools import TeamSeat
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_caps import held, limit
from tests.contract.test_jobs import fill
from tests.generated.browser import Page
from tests.support.web import csrf_token
from tests.support.working import work_off, work_on
from tests.support.worlds import World

LEAVER, FIRST, SECOND = "sales1a", "sales1b", "sales2a"
ITEM = HandOverItem.__table__
AHEAD = datetime(2999, 1, 1, 8, tzinfo=UTC)


class Desk:
    """Somebody who hands over what another has."""

    def __init__(self, world: World, engine: Engine, who: str = "admin", of: str = LEAVER) -> None:
        self.world, self.engine = world, engine
        self.ids = user_ids(engine)
        self.client = world.client(who)
        self.path = f"/users/hand-over/{self.ids[of]}"

    def form(self, *to: str, **more: Any) -> MultiDict[str, str]:
        """What the page posts when nothing is changed in it."""
        page = self.client.get(self.path, query_string=[("to", self.ids[one]) for one in to])
        assert page.status_code == 200, page.text
        found = Page(page.text).forms["hand-over"]
        for key, value in more.items():
            found[key] = value
        return found

    def post(self, form: MultiDict[str, str], step: str) -> TestResponse:
        return self.client.post(
            self.path, data=MultiDict([*form.items(multi=True), ("step", step)])
        )

    def run(self, *to: str, **more: Any) -> int:
        """Look ahead, confirm; the number of the run."""
        return self.confirm(self.form(*to, **more))

    def confirm(self, form: MultiDict[str, str]) -> int:
        ahead = self.post(form, "preview")
        assert ahead.status_code == 200, ahead.text
        answer = self.post(Page(ahead.text).forms["hand-over-run"], "run")
        assert answer.status_code == 302, answer.text
        return int(answer.location.rsplit("/", 1)[1])

    def report(self, number: int) -> str:
        page = self.client.get(f"/users/hand-over/report/{number}")
        assert page.status_code == 200
        return page.text

    def undo(self, number: int, **more: str) -> TestResponse:
        form = {"step": "run", "csrf_token": csrf_token(self.client, self.path), **more}
        return self.client.post(f"/users/hand-over/undo/{number}", data=form)


def owned(engine: Engine, key: str, who: str) -> set[int]:
    """The living records of somebody."""
    table = catalogue.get(key).model.__table__
    mine = (table.c.owner_id == user_ids(engine)[who], table.c.deleted_at.is_(None))
    with engine.connect() as connection:
        return set(connection.scalars(select(table.c.id).where(*mine)))


def outcomes(engine: Engine, number: int) -> dict[tuple[str, int], str]:
    with engine.connect() as connection:
        rows = connection.execute(select(ITEM).where(ITEM.c.operation_id == number))
        return {(row.place, row.record_id): row.outcome for row in rows}


KINDS = ("lead", "customer", "contact", "task", "event")


def test_everything_goes_and_comes_back(world: World, engine: Engine) -> None:
    """Whatever he owns is split, in one undoable run; undone, it can be split again."""
    write(engine, "event", 1, starts_at=AHEAD, ends_at=AHEAD)
    before = {key: owned(engine, key, LEAVER) for key in KINDS}
    assert all(before[key] for key in ("lead", "customer", "contact", "task"))
    desk = Desk(world, engine)
    number = desk.run(FIRST, SECOND)
    assert {key: owned(engine, key, LEAVER) for key in ("lead", "customer", "contact")} == {
        "lead": set(), "customer": set(), "contact": set()
    }  # fmt: skip
    for key in ("lead", "customer"):
        got = [before[key] & owned(engine, key, who) for who in (FIRST, SECOND)]
        assert set.union(*got) == before[key]
        assert abs(len(got[0]) - len(got[1])) <= 1, "evenly"
    answer = desk.undo(number)
    assert answer.status_code == 302, answer.text
    report = desk.client.get(answer.headers["Location"]).text
    assert "Went back" in report
    assert 'class="bulk-steps"' not in report, "an undo has no settings and no preview"
    assert {key: owned(engine, key, LEAVER) for key in KINDS} == before
    assert desk.undo(number).status_code == 409, "once"
    desk.run(SECOND)
    assert owned(engine, "customer", LEAVER) == set()
    assert before["customer"] <= owned(engine, "customer", SECOND)


def test_what_hangs_on_a_record_goes_with_it(world: World, engine: Engine) -> None:
    """Contacts and tasks of a customer go to whoever gets it, whatever their own turn says."""
    write(engine, "contact", 1, customer_id=2)
    write(engine, "contact", 2, customer_id=1)
    write(engine, "task", 1, customer_id=2, lead_id=None, contact_id=None, status="open")
    desk = Desk(world, engine)
    desk.run(FIRST, SECOND)
    owner = {n: stored(engine, "customer", n)["owner_id"] for n in (1, 2)}
    assert owner[1] != owner[2]
    assert stored(engine, "contact", 1)["owner_id"] == owner[2]
    assert stored(engine, "contact", 2)["owner_id"] == owner[1]
    assert stored(engine, "task", 1)["owner_id"] == owner[2]


def test_history_clocks_and_messages(world: World, engine: Engine) -> None:
    """XFER-4: obtained anew; history tells both owners; one message per receiver."""
    write(engine, "customer", 1, is_followed_up=True, obtained_way="claimed")
    desk = Desk(world, engine)
    number = desk.run(FIRST, message="Take good care")
    now = stored(engine, "customer", 1)
    assert (now["obtained_way"], bool(now["is_followed_up"])) == ("transferred", False)
    with engine.connect() as connection:
        mine = (History.entity == "customer", History.record_id == 1)
        found = select(History.changes, History.operation_id)
        of_it = found.where(*mine, History.operation == "hand_over")
        [(changes, run)] = connection.execute(of_it).all()
        told = connection.execute(select(Outbox).where(Outbox.kind == "handed_over")).all()
    assert run == number
    assert changes["owner"] == [desk.ids[LEAVER], desk.ids[FIRST]]
    [message] = told
    assert message.user_id == desk.ids[FIRST]
    assert message.data["message"] == "Take good care"
    bell = world.client(FIRST).get("/notifications/")
    assert "Take good care" in bell.text
    assert "handed over to you" in bell.text or "交接" in bell.text


def test_a_seat_keeps_its_level_and_its_end(world: World, engine: Engine) -> None:
    """CUS-4: whoever takes a seat over sits there as the leaver did; undone, he does again."""
    ids, seat = user_ids(engine), TeamSeat.__table__
    mine = (seat.c.entity == "customer", seat.c.record_id == 7)
    with engine.begin() as connection:
        connection.execute(seat.delete().where(*mine))
        place = {"entity": "customer", "record_id": 7, "user_id": ids[LEAVER]}
        connection.execute(insert(seat).values(**place, level="write", until=AHEAD))
    desk = Desk(world, engine)
    number = desk.run(FIRST)

    def sitting() -> list[tuple[Any, ...]]:
        with engine.connect() as connection:
            found = select(seat.c.user_id, seat.c.level, seat.c.until).where(*mine)
            return [tuple(row) for row in connection.execute(found)]

    assert sitting() == [(ids[FIRST], "write", AHEAD)]
    assert desk.undo(number).status_code == 302
    assert sitting() == [(ids[LEAVER], "write", AHEAD)]


def test_what_is_over_stays_and_keeps_nobody(world: World, engine: Engine) -> None:
    """Done tasks and past events aren't handed over, and don't stand in the way of disabling."""
    with engine.begin() as connection:
        past = datetime(2020, 1, 1, tzinfo=UTC)
        table = catalogue.get("event").model.__table__
        connection.execute(update(table).values(starts_at=past, ends_at=past, lasts_until=None))
        table = catalogue.get("task").model.__table__
        connection.execute(update(table).values(status="done"))
    desk = Desk(world, engine)
    tasks, events = owned(engine, "task", LEAVER), owned(engine, "event", LEAVER)
    number = desk.run(FIRST, disable="1")
    assert (owned(engine, "task", LEAVER), owned(engine, "event", LEAVER)) == (tasks, events)
    assert not stored(engine, "user", desk.ids[LEAVER])["is_active"]
    assert not {place for place, _n in outcomes(engine, number)} & {"task:owner", "event:owner"}


def test_disabling_leads_there(world: World, engine: Engine) -> None:
    """ORG-1: the sentence that refuses shows the way, and the tick is set."""
    ids = user_ids(engine)
    page = world.client("people").get("/users/bulk/disable", query_string={"id": ids[LEAVER]})
    form = Page(page.text).forms.get("bulk-preview") or Page(page.text).forms["bulk-form"]
    shown = page.text
    if "hand-over" not in shown:
        shown = world.client("people").post(
            "/users/bulk/disable", data=MultiDict([*form.items(multi=True), ("step", "preview")])
        ).text  # fmt: skip
    address = f"/users/hand-over/{ids[LEAVER]}?disable=1"
    assert address in shown
    asked = world.client("people").get(address + f"&to={ids[FIRST]}")
    assert Page(asked.text).forms["hand-over"].get("disable") == "1"


def test_undo_asks_for_the_account(world: World, engine: Engine) -> None:
    """Nothing goes back to a disabled account; it is enabled only when that is ticked."""
    desk = Desk(world, engine)
    mine = owned(engine, "customer", LEAVER)
    number = desk.run(FIRST, disable="1")
    assert not stored(engine, "user", desk.ids[LEAVER])["is_active"]
    refused = desk.undo(number)
    assert refused.status_code == 409
    assert not stored(engine, "user", desk.ids[LEAVER])["is_active"]
    api = Api(world, "admin")
    assert api.post(f"/operations/{number}/undo", {}).status_code == 409
    assert "enable" in desk.client.get(f"/users/hand-over/undo/{number}").text
    assert desk.undo(number, enable="1").status_code == 302
    assert stored(engine, "user", desk.ids[LEAVER])["is_active"]
    assert owned(engine, "customer", LEAVER) == mine


def test_what_somebody_changed_meanwhile_stays(world: World, engine: Engine) -> None:
    """BULK-5."""
    desk = Desk(world, engine)
    number = desk.run(FIRST)
    version = stored(engine, "customer", 1)["version"]
    changed = Api(world, FIRST).put("/customers/1", {"remark": "Mine by now"}, version)
    assert changed.status_code == 200, changed.text
    answer = desk.undo(number)
    assert stored(engine, "customer", 1)["owner_id"] == desk.ids[FIRST]
    assert stored(engine, "customer", 2)["owner_id"] == desk.ids[LEAVER]
    assert "Changed by" in desk.client.get(answer.location).text


@pytest.mark.parametrize(
    ("to", "status"), [((), 422), ((LEAVER,), 422), ((FIRST, LEAVER), 422)], ids=str
)
def test_receivers_that_are_none(
    world: World, engine: Engine, to: tuple[str, ...], status: int
) -> None:
    desk = Desk(world, engine)
    form = desk.form(FIRST)
    form.setlist("to", [str(desk.ids[one]) for one in to])
    for name in [name for name in form if name.startswith("how|")]:
        form[name] = "count"
    for step in ("preview", "run"):
        answer = desk.post(form, step)
        assert answer.status_code == status, answer.text
    assert owned(engine, "customer", LEAVER)


def test_a_disabled_receiver_is_no_choice(world: World, engine: Engine) -> None:
    desk = Desk(world, engine)
    form = desk.form(FIRST, SECOND)
    write(engine, "user", desk.ids[SECOND], is_active=False)
    assert desk.post(form, "run").status_code == 422
    assert owned(engine, "customer", LEAVER)


def test_two_hand_over_the_same_person(world: World, engine: Engine) -> None:
    """While one is under way another begins none; when it has ended the next may."""
    desk = Desk(world, engine)
    number = desk.run(FIRST)
    mine = HandOver.operation_id == number
    with engine.begin() as connection:
        connection.execute(update(HandOver).where(mine).values(ended_at=None))
        connection.execute(
            text("UPDATE customer SET owner_id = :leaver WHERE id = 1"),
            {"leaver": desk.ids[LEAVER]},
        )
    form = desk.form(SECOND)
    assert desk.post(form, "preview").status_code == 200
    assert desk.post(form, "run").status_code == 409
    with engine.begin() as connection:
        connection.execute(update(HandOver).where(mine).values(ended_at=AHEAD))
    assert desk.post(form, "run").status_code == 302
    assert stored(engine, "customer", 1)["owner_id"] == desk.ids[SECOND]


def test_a_people_admin_sees_numbers_and_no_names(world: World, engine: Engine) -> None:
    """He has no rights on customer data: he may hand it over, and reads no record of it."""
    write(engine, "customer", 1, name="Very secret company")
    desk = Desk(world, engine, "people")
    form = desk.form(FIRST)
    ahead = desk.post(form, "preview")
    number = desk.confirm(form)
    shown = ahead.text + desk.report(number)
    rows = desk.client.get(f"/users/hand-over/report/{number}/rows")
    assert rows.status_code == 200
    assert "Very secret" not in shown
    assert b"Very secret" not in _unzipped(rows.data)
    assert stored(engine, "customer", 1)["owner_id"] == desk.ids[FIRST]
    assert desk.undo(number).status_code == 302
    assert stored(engine, "customer", 1)["owner_id"] == desk.ids[LEAVER]


def _unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return b"".join(book.read(name) for name in book.namelist())


def test_nobody_hands_over_to_himself_what_he_may_not_transfer(
    world: World, engine: Engine
) -> None:
    desk = Desk(world, engine, "people")
    form = desk.form(FIRST)
    form["to"] = str(desk.ids["people"])
    for name in [name for name in form if name.startswith("how|")]:
        form[name] = "count"
    assert desk.post(form, "run").status_code == 422


def test_who_may(world: World, engine: Engine) -> None:
    """People of administration, and superiors for their people; nobody else."""
    ids = user_ids(engine)
    opens = {
        who: world.client(who).get(f"/users/hand-over/{ids[LEAVER]}").status_code
        for who in ("admin", "system", "people", "manager", "leader1", FIRST, "clerk1", "audit")
    }
    assert opens == dict.fromkeys(("admin", "system", "people", "manager", "leader1"), 200) | (
        dict.fromkeys((FIRST, "clerk1", "audit"), 403)
    )
    assert world.client("leader1").get(f"/users/hand-over/{ids[SECOND]}").status_code == 403
    assert world.client("people").get(f"/users/hand-over/{ids['admin']}").status_code == 403
    assert world.client("people").get("/users/hand-over/99999").status_code == 404


def test_a_superior_reaches_what_he_may_transfer(world: World, engine: Engine) -> None:
    """The rest is a number, and stays; so do kinds that he may not transfer at all."""
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM role_grant WHERE entity = 'lead' AND role_id IN "
                 "(SELECT id FROM role WHERE code = 'sales_manager')")
        )  # fmt: skip
    with engine.begin() as connection:
        version = db.metadata.tables["rights_version"]
        connection.execute(update(version).values(number=version.c.number + 1))
    desk = Desk(world, engine, "leader1")
    page = desk.client.get(desk.path)
    assert "more that you may not" in page.text or "无权交接" in page.text
    leads = owned(engine, "lead", LEAVER)
    number = desk.run(FIRST)
    assert owned(engine, "lead", LEAVER) == leads
    assert owned(engine, "customer", LEAVER) == set()
    assert desk.undo(number).status_code == 302
    assert owned(engine, "customer", LEAVER)


def test_people_under_him(world: World, engine: Engine) -> None:
    """Subordinates get another superior; nobody becomes his own, which stays and is said."""
    desk = Desk(world, engine, of="leader1")
    ahead = desk.post(desk.form(LEAVER), "preview").text
    assert "This would close a circle." in ahead
    assert "works under the person who leaves" in ahead
    number = desk.run(LEAVER)
    found = {
        key[1]: was for key, was in outcomes(engine, number).items() if key[0] == "user:superior"
    }
    assert found.pop(desk.ids[LEAVER]) == "skipped"
    assert set(found.values()) == {"done"}
    assert stored(engine, "user", desk.ids[FIRST])["superior_id"] == desk.ids[LEAVER]
    assert stored(engine, "user", desk.ids[LEAVER])["superior_id"] == desk.ids["leader1"]
    assert desk.undo(number).status_code == 302
    assert stored(engine, "user", desk.ids[FIRST])["superior_id"] == desk.ids["leader1"]


def test_seats_in_pools_and_departments(world: World, engine: Engine) -> None:
    """A pool's admins and a department's head."""
    desk = Desk(world, engine, of="leader1")
    write(engine, "department", 3, head_id=desk.ids["leader1"])
    number = desk.run("manager")
    assert stored(engine, "department", 3)["head_id"] == desk.ids["manager"]
    with engine.connect() as connection:
        admins = set(connection.scalars(text("SELECT user_id FROM pool_admins")))
    assert desk.ids["leader1"] not in admins
    assert desk.ids["manager"] in admins
    assert desk.undo(number).status_code == 302
    assert stored(engine, "department", 3)["head_id"] == desk.ids["leader1"]


@pytest.mark.parametrize("how", ["level", "province", "stay"])
def test_ways_to_split(world: World, engine: Engine, how: str) -> None:
    everybody = sorted(owned(engine, "customer", LEAVER))
    desk = Desk(world, engine)
    form = desk.form(FIRST, SECOND)
    form["how|customer:owner"] = how
    desk.confirm(form)
    assert owned(engine, "customer", LEAVER) == (set(everybody) if how == "stay" else set())


def test_a_group_by_hand(world: World, engine: Engine) -> None:
    write(engine, "customer", 1, level="A")
    write(engine, "customer", 2, level="B")
    desk = Desk(world, engine)
    form = desk.form(FIRST, SECOND)
    form["by|customer:owner|level|A"] = str(desk.ids[SECOND])
    form["by|customer:owner|level|B"] = "stay"
    desk.confirm(form)
    assert stored(engine, "customer", 1)["owner_id"] == desk.ids[SECOND]
    assert stored(engine, "customer", 2)["owner_id"] == desk.ids[LEAVER]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("how|customer:owner", "99999"),
        ("how|nothing:owner", "count"),
        ("how|contact:owner", "province"),
        ("by|customer:owner|level|A", "99999"),
        ("by|customer:owner|name|A", "stay"),
        ("by|customer:owner", "stay"),
        ("unknown", "1"),
    ],
)
def test_what_means_nothing(world: World, engine: Engine, name: str, value: str) -> None:
    desk = Desk(world, engine)
    form = desk.form(FIRST, SECOND)
    form[name] = value
    assert desk.post(form, "preview").status_code == 400


class Crowd:
    """A leaver with more than a request takes, and the job that hands it over."""

    def __init__(self, world: World, engine: Engine) -> None:
        self.ids = fill(engine, 1_201)
        self.desk = Desk(world, engine)
        form = self.desk.form(FIRST, SECOND)
        form["disable"] = "1"
        self.number = self.desk.confirm(form)


def test_a_large_book_goes_on_where_it_was_killed(world: World, engine: Engine) -> None:
    """BULK-3, R3: chunk by chunk; nothing twice, one message each; undone by a job as well."""
    crowd = Crowd(world, engine)
    assert owned(engine, "customer", LEAVER) >= set(crowd.ids), "nothing is done before the job"
    assert "data-job-state" in crowd.desk.report(crowd.number)
    work_off(world, chunks=2)
    some = owned(engine, "customer", LEAVER)
    assert 0 < len(some) < len(crowd.ids)
    assert work_off(world) == 1
    assert owned(engine, "customer", LEAVER) == set()
    with engine.connect() as connection:
        mine = (History.operation_id == crowd.number, History.operation == "hand_over")
        of_them = (History.entity == "customer", History.record_id.in_(crowd.ids))
        written = connection.scalars(select(History.record_id).where(*mine, *of_them)).all()
        told = connection.scalars(select(Outbox.user_id).where(Outbox.kind == "handed_over")).all()
    assert sorted(written) == sorted(crowd.ids)
    assert sorted(told) == sorted(crowd.desk.ids[one] for one in (FIRST, SECOND))
    assert not stored(engine, "user", crowd.desk.ids[LEAVER])["is_active"]
    answer = crowd.desk.undo(crowd.number, enable="1")
    assert answer.status_code == 302
    work_off(world, chunks=2)
    assert work_off(world) == 1
    assert owned(engine, "customer", LEAVER) >= set(crowd.ids)
    shown = crowd.desk.client.get(answer.location)
    assert shown.status_code == 200
    assert "data-job-state" not in shown.text


def test_a_receiver_who_is_disabled_meanwhile_gets_no_more(world: World, engine: Engine) -> None:
    """His rows stay, with the reason; the account isn't disabled, and the report says why."""
    crowd = Crowd(world, engine)
    second = crowd.desk.ids[SECOND]
    work_on(world, 2, lambda: write(engine, "user", second, is_active=False))
    left = owned(engine, "customer", LEAVER)
    assert left
    told = outcomes(engine, crowd.number)
    assert {told["customer:owner", one] for one in left} == {"skipped"}
    assert owned(engine, "customer", FIRST) & set(crowd.ids)
    assert stored(engine, "user", crowd.desk.ids[LEAVER])["is_active"]
    shown = crowd.desk.report(crowd.number)
    assert "be given anything any more" in shown
    assert "The account is not disabled" in shown
    assert crowd.desk.run(FIRST, disable="1")
    work_off(world)
    assert not stored(engine, "user", crowd.desk.ids[LEAVER])["is_active"]


def test_new_rows_meanwhile_are_left_over(world: World, engine: Engine) -> None:
    """What he gets while it runs is his still at the end, and keeps the account."""
    crowd = Crowd(world, engine)
    new: list[int] = []
    work_on(world, 2, lambda: new.extend(fill(engine, 1)))
    assert owned(engine, "customer", LEAVER) == set(new)
    assert stored(engine, "user", crowd.desk.ids[LEAVER])["is_active"]
    assert "data-left" in crowd.desk.report(crowd.number)


def test_another_may_not_begin_while_a_job_is_at_it(world: World, engine: Engine) -> None:
    crowd = Crowd(world, engine)
    form = crowd.desk.form(FIRST)
    assert crowd.desk.post(form, "run").status_code == 409
    work_off(world)


def test_the_right_is_asked_for_before_each_chunk(world: World, engine: Engine) -> None:
    """C40: whoever isn't allowed any more does no more."""
    fill(engine, 1_201)
    desk = Desk(world, engine, "people")
    number = desk.run(FIRST)
    taken = (
        "UPDATE role_grant SET operations = '[\"list\", \"read\"]' WHERE entity = 'user' "
        "AND role_id = (SELECT id FROM role WHERE code = 'people_admin')"
    )

    def take() -> None:
        with engine.begin() as connection:
            connection.execute(text(taken))
            version = db.metadata.tables["rights_version"]
            connection.execute(update(version).values(number=version.c.number + 1))

    work_on(world, 2, take)
    assert owned(engine, "customer", LEAVER)
    assert "pending" in outcomes(engine, number).values()


def test_what_a_report_shows_is_ones_own(world: World, engine: Engine) -> None:
    number = Desk(world, engine).run(FIRST)
    for path in (f"report/{number}", f"report/{number}/rows", f"undo/{number}"):
        assert world.client("people").get(f"/users/hand-over/{path}").status_code == 404
    assert world.client("admin").get("/users/hand-over/report/9999").status_code == 404


def test_a_receiver_gets_what_he_has_room_for(world: World, engine: Engine) -> None:
    """XFER-3, POOL-9: row by row, ahead of it as in the run; the rest stays, with the reason."""
    desk, mine = Desk(world, engine), owned(engine, "customer", LEAVER)
    assert len(mine) > 1
    limit(world, held(engine, FIRST) + 1)
    form = desk.form(FIRST)
    assert "can&#39;t have more" in desk.post(form, "preview").text
    number = desk.confirm(form)
    assert len(mine & owned(engine, "customer", FIRST)) == 1
    found = outcomes(engine, number)
    assert [found["customer:owner", one] for one in sorted(mine)].count("skipped") == len(mine) - 1
    assert "can&#39;t have more" in desk.report(number)


def test_what_the_leaver_has_room_for_comes_back(world: World, engine: Engine) -> None:
    """POOL-9: an undo keeps to the caps as everything does."""
    desk, mine = Desk(world, engine), owned(engine, "customer", LEAVER)
    number = desk.run(FIRST)
    limit(world, 1)
    assert desk.undo(number).status_code == 302
    assert len(owned(engine, "customer", LEAVER)) == 1
    assert len(mine & owned(engine, "customer", FIRST)) == len(mine) - 1


def test_whoever_has_no_room_gets_no_more(world: World, engine: Engine) -> None:
    """POOL-9: row by row, in the preview as in the run; what hangs on what stays, stays with it."""
    desk = Desk(world, engine)
    for number in (1, 2):
        write(engine, "contact", number, customer_id=number)
    has = len(owned(engine, "customer", FIRST))
    limit(world, has + 1)
    form = desk.form(FIRST)
    ahead = desk.post(form, "preview")
    number = desk.confirm(form)
    told = outcomes(engine, number)
    assert [told["customer:owner", one] for one in (1, 2)] == ["done", "skipped"]
    assert [told["contact:owner", one] for one in (1, 2)] == ["done", "skipped"]
    assert owned(engine, "customer", LEAVER) == {2}
    assert stored(engine, "contact", 2)["owner_id"] == desk.ids[LEAVER]
    assert "What it belongs to stays." in ahead.text
    assert "What it belongs to stays." in desk.report(number)
    limit(world, 0, position=-1)
    answer = desk.undo(number)
    assert answer.status_code == 302, answer.text
    assert owned(engine, "customer", LEAVER) == {2}, "no room to take it back either"
