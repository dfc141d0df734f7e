"""The rules of departments, users, roles and pools (ORG, POOL): what is refused, and why."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.extensions import db
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict
from app.store.context import system_scope
from tests.contract.calls import Api, pool_ids, role_ids, stored, user_ids
from tests.support.snapshot import changed, snapshot
from tests.support.worlds import World

REFUSED: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    # what: kind, which, new values (None: deleting), status, the words that say why
    "a second root": ("departments", "", {"name": "Second"}, 422, "one root"),
    "the root under another": ("departments", "Office", {"parent": "Sales"}, 422, "one root"),
    "a department out of the tree": ("departments", "Sales", {"parent": None}, 422, "one root"),
    "a circle of departments": ("departments", "Sales", {"parent": "Sales 1"}, 422, "circle"),
    "a department below itself": ("departments", "Sales", {"parent": "Sales"}, 422, "circle"),
    "a circle of superiors": ("users", "manager", {"superior": "sales1a"}, 422, "circle"),
    "one's own superior": ("users", "manager", {"superior": "manager"}, 422, "circle"),
    "somebody without a role": ("users", "sales1a", {"roles": []}, 422, "required"),
    "somebody without a department": ("users", "sales1a", {"department": None}, 422, "required"),
    "a username twice": (
        "users",
        "",
        {"username": "sales1a", "name": "Twin", "department": "Sales", "roles": ["salesperson"]},
        409,
        "",
    ),
    "another username": ("users", "sales1a", {"username": "renamed"}, 422, ""),
    "disabling by editing": ("users", "sales1a", {"is_active": False}, 422, ""),
    "the super admin's role": ("roles", "super_admin", {"name": "Boss"}, 409, "can't be changed"),
    "a full pool": ("pools", "Open customers", {"is_enabled": False}, 409, "It holds"),
    "the last pool of its kind": ("pools", "Open leads", {"is_enabled": False}, 409, ""),
}
KEPT: dict[str, tuple[str, str, str, list[str]]] = {
    # what: kind, operation, which, the words that say why
    "the root": ("departments", "delete", "Office", ["root department"]),
    "people and children": ("departments", "delete", "Sales", ["1 person works", "2 departments"]),
    "an owner": ("users", "disable", "leader1", ["1 × Leads", "1 × Customers", "1 × Contacts"]),
    "oneself": ("users", "disable", "admin", ["Nobody disables himself"]),
    "a role that is held": ("roles", "disable", "salesperson", ["3 people hold it"]),
    "a pool with records": ("pools", "delete", "Open customers", ["2 × Customers"]),
    "the last pool of a kind": ("pools", "delete", "Open leads", [""]),
}


@pytest.fixture
def numbers(engine: Engine) -> dict[str, int]:
    """What the tables above name, by name."""
    with engine.connect() as connection:
        places = {name: number for name, number in connection.execute(  # noqa: C416 - rows
            text("SELECT name, id FROM department"))}  # fmt: skip
    places["Office"] = min(places.values())  # the set-up calls it 办公室
    return {**places, **user_ids(engine), **role_ids(engine), **pool_ids(engine)}


def with_ids(values: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    """The values as they are sent: linked records by id."""
    linked = {key: numbers[values[key]] for key in ("parent", "department") if values.get(key)}
    roles = {"roles": [numbers[one] for one in values["roles"]]} if "roles" in values else {}
    return {**values, **linked, **roles}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_organisation_refuses(
    world: World, engine: Engine, numbers: dict[str, int], what: str
) -> None:
    """ORG, ORG-2, POOL: by the one who may everything else; nothing is written."""
    plural, which, values, status, words = REFUSED[what]
    api = Api(world, "admin")
    before = snapshot(engine, db.metadata)
    body, path = with_ids(values, numbers), f"/{plural}/"
    answer = api.put(f"{path}{numbers[which]}", body) if which else api.post(path, body)
    assert answer.status_code == status, answer.text
    assert words in str([answer.json["message"], answer.json["fields"]])
    assert changed(before, snapshot(engine, db.metadata)) == []


@pytest.mark.parametrize("what", KEPT)
def test_what_stays_says_why(
    world: World, engine: Engine, numbers: dict[str, int], what: str
) -> None:
    """ORG-1, POOL: with how many of what stand in the way."""
    plural, slug, which, words = KEPT[what]
    api = Api(world, "admin")
    answer = api.bulk(plural, slug, [numbers[which]])
    assert (answer.status_code, answer.json["done"]) == (200, 0), answer.text
    [skipped] = answer.json["skipped"]
    assert skipped["code"] == "blocked"
    assert [one for one in words if one not in skipped["reason"]] == [], skipped["reason"]
    assert re.search(r"\w", skipped["reason"])


def test_the_last_super_admin_keeps_the_role(
    world: World, engine: Engine, numbers: dict[str, int]
) -> None:
    """ORG-2: several may hold it; who is the last one can't lose it, by whomever."""
    api, person = Api(world, "admin"), numbers["finance"]
    assert api.put(f"/users/{person}", {"roles": [numbers["super_admin"]]}).status_code == 200
    seller = {"roles": [numbers["salesperson"]]}
    assert api.put(f"/users/{numbers['admin']}", seller).status_code == 403, "one's own"
    assert api.put(f"/users/{person}", seller, 2).status_code == 200, "there is another one"
    user = catalogue.get("user")
    with world.app.app_context(), system_scope("as a program without a person would"):
        before = {"roles": [numbers["super_admin"]]}
        with pytest.raises(Conflict):
            rules_of(user).before_change(user, numbers["admin"], before, dict(seller))


def test_the_root_is_renamed(world: World, engine: Engine, numbers: dict[str, int]) -> None:
    api = Api(world, "admin")
    assert api.put(f"/departments/{numbers['Office']}", {"name": "总部"}).status_code == 200
    assert stored(engine, "department", numbers["Office"])["name"] == "总部"
    assert api.client.post(f"/users/delete/{numbers['sales1a']}").status_code in (400, 405)
