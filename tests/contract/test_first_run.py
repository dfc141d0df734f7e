"""The first steps are ticked by what there is, for super admins, until put away (UI-13)."""

import re

from sqlalchemy import delete

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.context import system_scope
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

STEP = re.compile(r'<li data-step-key="(\w+)"( class="done")?>')


def steps(world: World, who: str = "admin") -> dict[str, bool]:
    return {key: bool(done) for key, done in STEP.findall(world.client(who).get("/").text)}


def test_steps_are_facts(world: World) -> None:
    """The company of the tests has people and records; nobody has named it or looked at roles."""
    assert steps(world) == {
        "company": False, "people": True, "roles": False, "records": True, "demo": False,
    }  # fmt: skip
    for who in ("system", "manager", "sales1a"):
        assert steps(world, who) == {}
    with world.app.app_context(), system_scope("an installation without records"):
        for linked in ("task_participants", "event_participants", "work_log_recipients"):
            db.session.execute(delete(db.metadata.tables[linked]))
        for key in ("follow_up", "task", "event", "work_log", "contact", "lead", "customer"):
            db.session.execute(delete(catalogue.get(key).model.__table__))
        db.session.commit()
    assert not steps(world)["records"]
    page = world.client("admin").get("/").text
    for address in ("/settings/", "/matrix/", "/customers/import"):
        assert f'<a href="{address}">' in page
        assert world.client("admin").get(address, follow_redirects=True).status_code == 200


def test_a_step_costs_no_statement_of_its_own(world: World) -> None:
    client = world.client("admin")
    client.get("/")
    with count_statements() as asked:
        client.get("/")
    assert sum("user_role" in one and "EXISTS" in one for one in asked) == 1, str(asked)
    assert len(asked) <= 9, str(asked)


def test_put_away_by_whoever_saw_it(world: World) -> None:
    client = world.client("admin")
    fields = hidden_inputs(client.get("/").text)
    assert client.get("/first-run/dismiss").status_code == 405
    assert client.post("/first-run/dismiss").status_code == 400
    other = world.client("manager")
    token = hidden_inputs(other.get("/customers/list/").text)["csrf_token"]
    assert other.post("/first-run/dismiss", data={"csrf_token": token}).status_code == 403
    assert client.post("/first-run/dismiss", data=fields).status_code == 302
    assert steps(world) == {}
