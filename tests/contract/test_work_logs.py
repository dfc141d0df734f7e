"""Work logs (LOG): figures, readers, who hears of one, and who hasn't sent any."""

from datetime import date
from typing import Any

from sqlalchemy import Engine

from tests.contract.calls import Api, condition, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_settings import SET
from tests.support.elsewhere import run_elsewhere
from tests.support.web import hidden_inputs
from tests.support.worlds import World

SATURDAY, MONDAY = date(2026, 1, 3), date(2026, 1, 5)
XSS = '"><img src=x onerror=alert(1)>'


def sent(api: Api, *recipients: str, **values: Any) -> int:
    """Somebody's new log; its number."""
    body = {"name": "Monday", "kind": "daily", "day": str(MONDAY), "done": "Called", **values}
    body = {key: one for key, one in body.items() if one is not None}  # today's by default
    answer = api.post("/work-logs/", {**body, "recipients": [*recipients]})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def test_whom_it_is_sent_to_reads_it_and_is_told(world: World, engine: Engine) -> None:
    """Contract §6: author, recipients and the managers above; nobody else. The author knows."""
    author = Api(world, "sales1a")
    number = sent(author, "finance", "sales1a", done=XSS)
    assert stored(engine, "work_log", number)["owner_id"] == user_ids(engine)["sales1a"]
    for who, status in (
        ("finance", 200), ("leader1", 200), ("manager", 200), ("audit", 200),
        ("sales1b", 404), ("sales2a", 404), ("service", 404),
    ):  # fmt: skip
        reader = Api(world, who)
        assert reader.get(f"/work-logs/{number}").status_code == status, who
        assert (number in reader.ids("work-logs")) is (status == 200), who
    page = Api(world, "finance").client.get(f"/work-logs/show/{number}").text
    assert XSS not in page
    assert Api(world, "finance").put(f"/work-logs/{number}", {"done": "x"}).status_code == 404
    told = rows_in(engine, "outbox", kind="work_log_sent")
    assert [row["user_id"] for row in told] == [user_ids(engine)["finance"]]
    bell = Api(world, "finance").client.get("/notifications/").text
    assert "Sales1A sent you a work log: Monday" in bell
    received = condition("recipients", "any", ["@me"])
    assert Api(world, "finance").ids("work-logs", received) == {
        row["work_log_id"] for row in rows_in(engine, "work_log_recipients",
                                              user_id=user_ids(engine)["finance"])
        if row["work_log_id"] != 9 and row["work_log_id"] != 10
    }  # fmt: skip


def test_the_author_sees_who_has_read_it(world: World, engine: Engine) -> None:
    """By the request that follows the page; a recipient reads once, however often he looks."""
    author, number = Api(world, "sales1a"), sent(Api(world, "sales1a"), "leader1", "finance")
    page = f"/work-logs/show/{number}"
    assert author.client.get(page).text.count("Not read yet") == 2
    reader = Api(world, "finance")
    for _time in range(2):
        token = {"csrf_token": reader.headers["X-CSRFToken"]}
        answer = reader.client.post(f"/work-logs/viewed/{number}", data=token)
        assert answer.status_code == 204
    assert author.client.get(page).text.count("Not read yet") == 1
    assert len(rows_in(engine, "reading", entity="work_log", record_id=number)) == 1
    stranger = Api(world, "sales2a")
    token = {"csrf_token": stranger.headers["X-CSRFToken"]}
    assert stranger.client.post(f"/work-logs/viewed/{number}", data=token).status_code == 404


def test_the_figures_are_the_authors_own_and_stay(world: World, engine: Engine) -> None:
    """Of the days that the log is about, as they were when it was sent."""
    author = Api(world, "sales1a")

    def attached(number: int) -> dict[str, int]:
        rows = rows_in(engine, "kept_figure", entity="work_log", record_id=number)
        return {row["metric"]: int(row["number"]) for row in rows}

    before = attached(sent(author, day=None))
    for n in range(3):
        assert author.post("/customers/", {"name": f"New one {n} GmbH"}).status_code == 201
    assert Api(world, "sales1b").post("/customers/", {"name": "Not mine AG"}).status_code == 201
    number = sent(author, "finance", day=None)
    figures = attached(number)
    assert figures == before | {"new_customers": before["new_customers"] + 3}
    for reader in ("sales1a", "finance"):
        page = Api(world, reader).client.get(f"/work-logs/show/{number}").text
        assert "New customers" in page, reader
    assert author.post("/customers/", {"name": "Too late KG"}).status_code == 201
    version = stored(engine, "work_log", number)["version"]
    assert author.put(f"/work-logs/{number}", {"done": "More"}, version).status_code == 200
    assert attached(number) == figures
    assert set(attached(sent(author)).values()) == {0}, "long ago there was nothing"


def test_recipients_are_remembered(world: World, engine: Engine) -> None:
    """The superior at first, then those of the last log; who has left isn't offered."""
    author, people = Api(world, "sales1a"), user_ids(engine)

    def offered() -> set[str]:
        page = author.client.get("/work-logs/add").text
        assert page.count('value="Work log 20') == 1
        chosen = page.split('name="recipients"')[1].split("</select>")[0]
        return {name for name in people if f'value="{people[name]}" selected' in chosen}

    assert offered() == {"leader1"}
    sent(author, "finance", "legal")
    assert offered() == {"finance", "legal"}
    write(engine, "user", people["legal"], is_active=False)
    assert offered() == {"finance"}


def shown(api: Api, **asked: str) -> str:
    answer = api.client.get("/submitted-logs/", query_string=asked)
    assert answer.status_code == 200, answer.text
    return answer.text.split('<div id="screen"')[1].split("</main>")[0]


def test_who_has_not_submitted(world: World, engine: Engine) -> None:
    """Within the scope of the list; of exempted and disabled people nobody waits for one."""
    sent(Api(world, "sales1a"))
    page = shown(Api(world, "leader1"), day=str(MONDAY))
    missing, submitted = page.split("Submitted <", 1)
    assert "Sales1A" in submitted
    assert "Sales1A" not in missing
    for name in ("Sales1B", "Clerk1", "Leader1"):
        assert name in missing
    assert "Sales2A" not in page
    assert "Sales2A" in shown(Api(world, "manager"), day=str(MONDAY))
    assert "Finance" in shown(Api(world, "audit"), day=str(MONDAY))
    assert "System" not in shown(Api(world, "audit"), day=str(MONDAY)), (
        "who may not write logs needn't"
    )
    run_elsewhere(world, SET, logs_exempt="clerk1, leader1")
    write(engine, "user", user_ids(engine)["sales1b"], is_active=False)
    page = shown(Api(world, "leader1"), day=str(MONDAY))
    assert 'data-missing="0"' in page
    own = shown(Api(world, "sales2a"), day=str(MONDAY))
    assert 'data-missing="1"' in own


def test_nobody_is_waited_for_on_days_off(world: World) -> None:
    """By the working calendar: 调休 and holidays count, weeks need one working day."""
    api = Api(world, "leader1")
    assert "data-missing" not in shown(api, day=str(SATURDAY))
    run_elsewhere(world, SET, make_up_days=str(SATURDAY), holidays=str(MONDAY))
    assert "data-missing" in shown(api, day=str(SATURDAY))
    assert "data-missing" not in shown(api, day=str(MONDAY))
    assert "data-missing" not in shown(api, kind="weekly", day=str(MONDAY)), (
        "not asked for unless set"
    )
    run_elsewhere(world, SET, weekly_logs_due=True)
    page = shown(api, kind="weekly", day=str(MONDAY))
    assert "2026-01-05 ~ 2026-01-11" in page.replace("\n", " ")
    assert "data-missing" in page
    for wrong in ("?kind=yearly", "?day=x", "?day=9999-12-31", "?more=1"):
        assert api.client.get(f"/submitted-logs/{wrong}").status_code == 400, wrong
    assert Api(world, "system").client.get("/submitted-logs/").status_code == 403


def test_a_form_sends_it_once(world: World, engine: Engine) -> None:
    author = Api(world, "sales1a")
    form = hidden_inputs(author.client.get("/work-logs/add").text)
    form |= {"name": "Form", "kind": "weekly", "day": str(MONDAY), "done": "All of it"}
    form["recipients"] = [str(user_ids(engine)["leader1"])]
    for _time in range(2):
        assert author.client.post("/work-logs/add", data=form).status_code == 302
    assert len(rows_in(engine, "work_log", name="Form")) == 1
    assert len(rows_in(engine, "outbox", kind="work_log_sent")) == 1
    for wrong in ({"done": ""}, {"done": "x" * 5001}, {"day": "soon"}, {"kind": "yearly"}):
        page = author.client.get("/work-logs/add").text
        bad = {**form, **hidden_inputs(page), **wrong}
        assert author.client.post("/work-logs/add", data=bad).status_code == 422, wrong


def test_purging_takes_figures_and_readers_along(world: World, engine: Engine) -> None:
    admin, number = Api(world, "admin"), sent(Api(world, "sales1a"), "finance")
    reader = Api(world, "finance")
    token = {"csrf_token": reader.headers["X-CSRFToken"]}
    assert reader.client.post(f"/work-logs/viewed/{number}", data=token).status_code == 204
    assert admin.bulk("work-logs", "delete", [number]).json["done"] == 1
    assert Api(world, "finance").get(f"/work-logs/{number}").status_code == 404
    assert admin.bulk("work-logs", "purge", [number]).json["done"] == 1
    for table in ("kept_figure", "reading", "recent_view"):
        assert rows_in(engine, table, entity="work_log", record_id=number) == []


def test_whom_it_is_sent_to_later_is_told_and_has_not_read_it(world: World, engine: Engine) -> None:
    """LOG: as the first recipients; those are not told again."""
    author, number = Api(world, "sales1a"), sent(Api(world, "sales1a"), "finance")
    answer = author.put(f"/work-logs/{number}", {"recipients": ["finance", "legal"]})
    assert answer.status_code == 200, answer.text
    told = [row["user_id"] for row in rows_in(engine, "outbox", kind="work_log_sent")]
    assert told == [user_ids(engine)[one] for one in ("finance", "legal")]
    assert author.client.get(f"/work-logs/show/{number}").text.count("Not read yet") == 2
    bell = Api(world, "legal").client.get("/notifications/").text
    assert "Sales1A sent you a work log: Monday" in bell
