"""The permission matrix: nothing is saved before it was checked, nothing that was saved is lost."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.extensions import db
from app.store import access
from tests.contract.calls import Api, role_ids, user_ids
from tests.support.company import DEPARTMENTS
from tests.support.matrix import ask, change, confirm, filled_in, with_changes
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World


def line(engine: Engine, code: str, entity: str) -> dict[str, Any]:
    """One line of the matrix as it is stored."""
    table = db.metadata.tables["role_grant"]
    where = (table.c.role_id == role_ids(engine)[code], table.c.entity == entity)
    with engine.connect() as connection:
        found = connection.execute(select(table).where(*where)).mappings().first()
        return dict(found) if found else {}


def entries(engine: Engine) -> list[dict[str, Any]]:
    table = db.metadata.tables["history"]
    where = table.c.operation == "grants_changed"
    with engine.connect() as connection:
        rows = connection.execute(select(table).where(where).order_by(table.c.id)).mappings()
        return [dict(row) for row in rows]


def path_of(engine: Engine, code: str, more: str = "") -> str:
    return f"/matrix/{role_ids(engine)[code]}{more}"


def told(html: str) -> list[tuple[str, str]]:
    """The cells of a question: what happens to them, and what they are."""
    found = re.findall(r'data-change="(\w+)">(.*?)</li>', html, re.DOTALL)
    plain = [(kind, re.sub(r"<[^>]+>", " ", text)) for kind, text in found]
    return [(kind, " ".join(text.split())) for kind, text in plain]


def test_nothing_is_written_before_it_is_confirmed(world: World, engine: Engine) -> None:
    """MATRIX-2: the diff, who is affected, how many rows, what is dangerous; then one POST."""
    admin, path = world.client("admin"), path_of(engine, "salesperson")
    before = snapshot(engine, db.metadata)
    question = ask(
        admin,
        path,
        scope__customer="department_tree",
        grant__customer__export=True,
        grant__customer__release=False,
    )
    assert question.status_code == 200
    assert changed(before, snapshot(engine, db.metadata)) == []
    kinds = [kind for kind, _what in told(question.text)]
    assert kinds == ["changed", "added", "removed"]
    assert 'data-users="3"' in question.text
    assert len(re.findall("data-warning", question.text)) == 1, "exporting is dangerous"
    assert effects(question.text)["sales1a"][0] == ("3", "5"), "his, and those of Sales 1"
    assert confirm(admin, question).status_code == 302
    stored = line(engine, "salesperson", "customer")
    assert stored["scope"] == "department_tree"
    assert {"export"} <= set(stored["operations"])
    assert "release" not in stored["operations"]


@pytest.mark.parametrize(
    ("cells", "warnings"),
    [
        ({"grant__customer__purge": True}, ["removed for good"]),
        ({"scope__lead": "all"}, ["everybody"]),
        ({"grant__role__edit": True}, ["what others may do"]),
        ({"grant__matrix__edit": True}, ["what others may do"]),
        ({"grant__announcement__delete": True}, ["deleted"]),
        ({"grant__user__reset_password": True}, ["take over"]),
        ({"grant__customer__add_tags": True, "scope__contact": "self"}, []),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_dangerous_widening_is_said(
    world: World, engine: Engine, cells: dict[str, Any], warnings: list[str]
) -> None:
    """MATRIX-2: export, purge, scope to all, role administration; nothing else cries wolf."""
    admin = world.client("admin")
    admin.get("/lang/en")
    question = ask(admin, path_of(engine, "clerk"), **cells)
    said = re.findall(r"data-warning>.*?</div></div>", question.text, re.DOTALL)
    assert len(said) == len(warnings), said
    assert all(word in sentence for word, sentence in zip(warnings, said, strict=True)), said


def test_more_over_everybodys_records_is_dangerous_too(world: World, engine: Engine) -> None:
    """MATRIX-2: the scope was all before; what is new reaches everybody's rows all the same."""
    admin, path = world.client("admin"), path_of(engine, "marketing", "/customer")
    admin.get("/lang/en")
    question = ask(admin, path, grant__customer__edit=True)
    assert "Opens the records of everybody: Customers · Edit." in question.text
    assert "data-warning" not in ask(admin, path, grant__customer__create=True).text


def effects(html: str) -> dict[str, list[tuple[str, str]]]:
    """Username to the numbers now and then, one pair per operation that is counted."""
    found: dict[str, list[tuple[str, str]]] = {}
    for username, row in re.findall(r'<tr data-effect="(\w+)">(.*?)</tr>', html, re.DOTALL):
        now, then = re.findall(r'<td class="number">(?:<strong[^>]*>)?([\d,+]+)', row)
        found.setdefault(username, []).append((now, then))
    return found


@pytest.mark.parametrize("scope", ["none", "department", "subordinates", "all", "chosen"])
def test_what_is_forecast_is_what_is_obeyed(world: World, engine: Engine, scope: str) -> None:
    """MATRIX-2: the same gate decides before and after."""
    cells: dict[str, Any] = {"scope__customer": scope}
    if scope == "chosen":
        with engine.connect() as connection:
            rows = connection.execute(select(db.metadata.tables["department"])).mappings()
            places = {row["name"]: row["id"] for row in rows}
        assert len(places) == len(DEPARTMENTS)
        cells |= {"departments__customer": [str(places["Sales 2"])], "below__customer": True}
    people = ("sales1a", "sales1b", "sales2a")
    now = {who: len(Api(world, who).ids("customers")) for who in people}
    admin = world.client("admin")
    question = ask(admin, path_of(engine, "salesperson", "/customer"), **cells)
    forecast = {who: int(pairs[0][1]) for who, pairs in effects(question.text).items()}
    assert {who: int(pairs[0][0]) for who, pairs in effects(question.text).items()} == {
        who: now[who] for who in forecast
    }
    assert confirm(admin, question).status_code == 302
    obeyed = {who: len(Api(world, who).ids("customers")) for who in people}
    assert forecast == {who: n for who, n in obeyed.items() if n != now[who]}
    assert forecast or scope == "subordinates", "none of them has any"


def test_a_change_holds_for_open_sessions_and_tokens(world: World, engine: Engine) -> None:
    """MATRIX-9."""
    browser, program = world.client("sales1a"), Api(world, "sales1a")
    login = {"username": "sales1a", "password": "Kites over the harbour 2026", "provider": "db"}
    token = world.app.test_client().post("/api/v1/security/login", json=login)
    bearer = {"Authorization": f"Bearer {token.json['access_token']}"}
    stranger = world.app.test_client()
    assert stranger.get("/api/v1/customers/", headers=bearer).status_code == 200
    change(world.client("admin"), path_of(engine, "salesperson"), grant__customer__list=False)
    assert browser.get("/customers/list/").status_code == 403
    assert program.get("/customers/").status_code == 403
    assert stranger.get("/api/v1/customers/", headers=bearer).status_code == 403


def test_the_history_has_each_cell_old_and_new(world: World, engine: Engine) -> None:
    """C37: in the role's own history and in the log, in words."""
    admin, path = world.client("admin"), path_of(engine, "sales_manager", "/customer")
    change(admin, path, grant__customer__export=False, field__customer__mobile="hidden")
    [entry] = entries(engine)
    assert entry["changes"] == {
        "customer:operation:export": [True, False],
        "customer:level:mobile": [2, 0],
    }
    number = role_ids(engine)["sales_manager"]
    for page in (f"/roles/show/{number}?tab=history", f"/audit/show/{entry['id']}"):
        text = admin.get(page).text
        assert re.search("Export|导出", text), page
        assert re.search("Hidden|隐藏", text), page


def test_two_people_lose_nothing(world: World, engine: Engine) -> None:
    """C37: 409 shows both; what doesn't overlap is merged, a clash is decided cell by cell."""
    mine, theirs = world.client("admin"), world.client("admin")
    path = path_of(engine, "clerk", "/customer")
    page = mine.get(path).text
    answer = change(
        theirs, path, grant__customer__export=True, scope__customer="self", scope__lead=False
    )
    assert answer.status_code == 302
    wanted = with_changes(
        page, grant__customer__edit=False, scope__customer="all", field__customer__mobile="read"
    )
    question = mine.post(path, data=wanted)
    assert question.status_code == 409
    assert "data-clash" in question.text
    kinds = [kind for kind, _what in told(question.text)]
    assert kinds.count("theirs") == 2, "what they saved"
    assert kinds.count("removed") == kinds.count("changed") == 1, "what merges of mine"
    assert confirm(mine, question, **{"take:0": "theirs"}).status_code == 302
    stored = line(engine, "clerk", "customer")
    assert stored["scope"] == "self"
    assert "export" in stored["operations"]
    assert "edit" not in stored["operations"]
    assert stored["fields"] == {"mobile": {"level": 1}}


def test_my_value_of_a_clash_is_checked_before_it_is_saved(world: World, engine: Engine) -> None:
    admin, path = world.client("admin"), path_of(engine, "clerk", "/customer")
    page = admin.get(path).text
    change(admin, path, scope__customer="self")
    question = admin.post(path, data=with_changes(page, scope__customer="all"))
    again = confirm(admin, question, **{"take:0": "mine"})
    assert again.status_code == 200
    assert "data-warning" in again.text
    assert line(engine, "clerk", "customer")["scope"] == "self"
    assert confirm(admin, again).status_code == 302
    assert line(engine, "clerk", "customer")["scope"] == "all"


def test_a_question_that_is_answered_late_is_asked_again(world: World, engine: Engine) -> None:
    """Somebody saves while I read the diff: 409, nothing of either is lost; sent twice: once."""
    admin, path = world.client("admin"), path_of(engine, "clerk")
    question = ask(admin, path, grant__lead__export=True)
    change(admin, path, grant__lead__import=False, grant__lead__delete=True)
    late = confirm(admin, question)
    assert late.status_code == 409
    assert confirm(admin, late).status_code == 302
    assert {"export", "delete"} <= set(line(engine, "clerk", "lead")["operations"])
    written = len(entries(engine))
    assert confirm(admin, late).status_code == 302, "there is nothing left to do"
    assert len(entries(engine)) == written == 2


def test_without_script_more_can_be_changed(world: World, engine: Engine) -> None:
    """UI-2: the question leads back to the form with everything that isn't saved yet."""
    admin, path = world.client("admin"), path_of(engine, "clerk")
    question = ask(admin, path, grant__lead__export=True, scope__lead="self")
    again = admin.post(path, data={**hidden_inputs(question.text), "step": "edit"})
    form = filled_in(again.text)
    assert form["grant:lead:export"] == "1"
    assert form["scope:lead"] == "self"
    more = admin.post(path, data={**form, "grant:lead:delete": "1"})
    assert confirm(admin, more).status_code == 302
    stored = line(engine, "clerk", "lead")
    assert stored["scope"] == "self"
    assert {"export", "delete"} <= set(stored["operations"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grant:customer:fly", "1"),
        ("grant:nothing:list", "1"),
        ("scope:customer", "galaxy"),
        ("scope:department", "self"),
        ("row:customer", "all|fly"),
        ("row:customer", "chosen x|list"),
        ("field:customer:mobile", "hidden"),
        ("junk", "1"),
    ],
)
def test_names_that_mean_nothing_are_400(
    world: World, engine: Engine, name: str, value: str
) -> None:
    """Contract §1; a field right without its drawer means nothing either."""
    admin, path = world.client("admin"), path_of(engine, "clerk")
    form = {**filled_in(admin.get(path).text), name: value}
    before = snapshot(engine, db.metadata)
    assert admin.post(path, data=form).status_code == 400
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_chosen_departments_are_chosen(world: World, engine: Engine) -> None:
    """422 and the input kept, for none and for one that doesn't exist."""
    admin, path = world.client("admin"), path_of(engine, "clerk", "/customer")
    for places in ([], ["987654"]):
        cells: dict[str, Any] = {"scope__customer": "chosen", "departments__customer": places}
        question = ask(admin, path, **cells)
        assert question.status_code == 422
        assert confirm(admin, question).status_code == 422
    assert line(engine, "clerk", "customer")["scope"] == "department"


def test_a_role_is_copied_with_all_it_grants(world: World, engine: Engine) -> None:
    """MATRIX-3."""
    admin = world.client("admin")
    path = path_of(engine, "sales_manager", "/copy")
    taken = admin.post(path, data={**hidden_inputs(admin.get(path).text), "name": ""})
    assert taken.status_code == 422
    form = {**hidden_inputs(taken.text), "name": "大区经理", "name_en": "Regional manager"}
    answer = admin.post(path, data=form)
    assert answer.status_code == 302
    left, right = role_ids(engine)["sales_manager"], int(answer.location.rsplit("/", 1)[1])
    page = admin.get(f"/matrix/compare?left={left}&right={right}&only=differences").text
    assert "data-entity" not in page, "they grant the same"
    copied = admin.get(f"/roles/show/{right}?tab=history").text
    assert re.search("Permissions changed|修改权限", copied)


def test_lines_and_columns_are_copied_through_the_same_question(
    world: World, engine: Engine
) -> None:
    """MATRIX-3: several roles are saved at once, each with its own version."""
    admin, roles = world.client("admin"), role_ids(engine)
    path = path_of(engine, "sales_manager", "/spread?column=export")
    form: dict[str, Any] = {**hidden_inputs(admin.get(path).text)}
    assert admin.post(path, data=form).status_code == 422
    form["role"] = [str(roles["clerk"]), str(roles["salesperson"])]
    question = admin.post(path, data=form)
    assert {kind for kind, _what in told(question.text)} == {"added"}
    assert confirm(admin, question).status_code == 302
    for code in ("clerk", "salesperson"):
        assert "export" in line(engine, code, "customer")["operations"]
    path = path_of(engine, "legal", "/spread?row=customer")
    form = {**hidden_inputs(admin.get(path).text), "role": [str(roles["finance"])]}
    assert confirm(admin, admin.post(path, data=form)).status_code == 302
    assert line(engine, "legal", "customer")["fields"], "masks go along"
    for part in ("operations", "scope", "fields"):
        given, taken = (line(engine, code, "customer")[part] for code in ("legal", "finance"))
        assert sorted(taken) == sorted(given), part
    path = path_of(engine, "clerk", "/spread?row=customer")
    form = {**hidden_inputs(admin.get(path).text), "entity": ["lead"]}
    assert confirm(admin, admin.post(path, data=form)).status_code == 302
    copy, source = line(engine, "clerk", "lead"), line(engine, "clerk", "customer")
    assert set(copy["operations"]) == set(source["operations"])


def test_who_may_only_look_changes_nothing(world: World, engine: Engine) -> None:
    """The page's rights ``list`` and ``edit`` are two, on every address."""
    change(
        world.client("admin"),
        path_of(engine, "auditor"),
        grant__matrix__list=True,
        scope__matrix="all",
    )
    audit, path = world.client("audit"), path_of(engine, "clerk")
    token = hidden_inputs(audit.get(path).text)
    before = snapshot(engine, db.metadata)
    for more in ("", "/customer"):
        page = audit.get(f"{path}{more}")
        assert page.status_code == 200
        assert "data-save" not in page.text
        assert audit.post(f"{path}{more}", data=token).status_code == 403
    for more in ("/copy", "/spread?row=customer"):
        assert audit.get(f"{path}{more}").status_code == 403
        assert audit.post(f"{path}{more}", data=token).status_code == 403
    saved = audit.post("/matrix/save", data={**token, "proposal": "[[],[],[]]"})
    assert saved.status_code == 403
    assert set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


def test_differences_come_first(world: World, engine: Engine) -> None:
    admin, roles = world.client("admin"), role_ids(engine)
    pair = f"left={roles['sales_manager']}&right={roles['salesperson']}"
    page = admin.get(f"/matrix/compare?{pair}").text
    classes = re.findall(r'<tr data-entity="\w+" class="(\w+)">', page)
    assert set(classes) == {"differs", "same"}
    assert classes == sorted(classes)
    only = admin.get(f"/matrix/compare?{pair}&only=differences").text
    assert set(re.findall(r'<tr data-entity="\w+" class="(\w+)">', only)) == {"differs"}
    assert admin.get("/matrix/compare?left=987654").status_code == 404
    assert admin.get("/matrix/compare?junk=1").status_code == 400


def test_rights_of_a_transaction_that_is_rolled_back_are_forgotten(
    world: World, engine: Engine
) -> None:
    """MATRIX-9: the version that it took becomes somebody else's, with other rights."""
    roles, people = role_ids(engine), user_ids(engine)
    table = db.metadata.tables["role_grant"]
    mine = (table.c.role_id == roles["salesperson"], table.c.entity == "customer")

    def give(operations: list[str]) -> None:
        db.session.execute(table.update().where(*mine).values(operations=operations))
        access.touch()

    with world.app.app_context():
        give(["list", "delete"])
        assert access.rights_of(people["sales1a"]).may("customer", "delete")
        db.session.rollback()
        with engine.begin() as elsewhere:
            elsewhere.execute(table.update().where(*mine).values(operations=["list", "transfer"]))
            number = db.metadata.tables["rights_version"]
            elsewhere.execute(number.update().values(number=number.c.number + 1))
        rights = access.rights_of(people["sales1a"])
        assert rights.may("customer", "transfer")
        assert not rights.may("customer", "delete")


def test_a_save_is_few_statements(world: World, engine: Engine) -> None:
    """Performance: page, question and save, after another process wrote."""
    admin, path = world.client("admin"), path_of(engine, "salesperson")
    change(admin, path, grant__lead__export=True)
    with count_statements() as shown:
        page = admin.get(path).text
    with count_statements() as asked:
        question = admin.post(path, data=with_changes(page, scope__customer="all"))
    with count_statements() as saved:
        assert confirm(admin, question).status_code == 302
    assert max(len(shown), len(asked), len(saved)) <= 10, f"{shown}\n{asked}\n{saved}"
