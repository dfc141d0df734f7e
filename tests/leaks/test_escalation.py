"""MATRIX-8, C34: whoever administers people or roles tries to get, or to give, more than he has."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.extensions import db
from app.store.organisation import RightsVersion, RoleGrant
from tests.contract.calls import Api, grant_fields, role_ids, set_role, stored, user_ids, write
from tests.support.matrix import ask, change
from tests.support.snapshot import changed, snapshot
from tests.support.web import csrf_token, submit
from tests.support.worlds import World


def places(engine: Engine) -> dict[str, int]:
    table = db.metadata.tables["department"]
    with engine.connect() as connection:
        rows = connection.execute(table.select()).mappings()
        return {row["name_en"] or row["name"]: row["id"] for row in rows}


def make_role(engine: Engine, code: str, **lines: tuple[str, str]) -> int:
    """A role with these lines, entity to (scope, operations), behind everybody's back."""
    roles, version = db.metadata.tables["role"], RightsVersion.__table__
    values = {"name": code, "code": code, "is_active": True, "version": 1}
    moment = stored(engine, "role", 1)["created_at"]
    stamps = {"created_at": moment, "updated_at": moment}
    with engine.begin() as connection:
        answer = connection.execute(roles.insert().values(**values, **stamps))
        number: int = answer.inserted_primary_key[0]
        for entity, (scope, operations) in lines.items():
            connection.execute(
                RoleGrant.__table__.insert().values(
                    role_id=number,
                    entity=entity,
                    scope=scope,
                    operations=operations.split(),
                    departments=[],
                    fields={},
                )
            )
        connection.execute(version.update().values(number=version.c.number + 1))
    return number


def untouched(engine: Engine, before: dict[str, str]) -> bool:
    return set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


def token(client: FlaskClient) -> dict[str, str]:
    return {"csrf_token": csrf_token(client, "/notifications/")}


def ticked(client: FlaskClient) -> dict[str, str]:
    """One more box of a line that grants nothing yet, of a role as it was never changed."""
    shown = {"row_version": "1", "row:pool": "none|", "grant:pool:list": "1", "scope:pool": "all"}
    return {**token(client), **shown}


ADMIN = "list read create edit disable enable"


@pytest.fixture
def roles(engine: Engine) -> dict[str, int]:
    """``wide`` grants more than the system admin has, ``narrow`` less, ``own`` is his as well."""
    made = {
        "wide": make_role(engine, "wide", customer=("all", "list export"), role=("all", ADMIN)),
        "narrow": make_role(engine, "narrow", department=("all", "list read")),
        "retired": make_role(engine, "retired", customer=("all", "list delete")),
    }
    write(engine, "role", made["retired"], is_active=False)
    return made | {
        "own": role_ids(engine)["system_admin"],
        "super": role_ids(engine)["super_admin"],
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"field__customer__remark": "hidden", "mask__customer__phone": "all"}, 200),
        ({"field__customer__remark": "edit"}, 403),
        ({"mask__customer__mobile": "none"}, 403),
        ({"mask__customer__mobile": "list"}, 403),
        ({"grant__customer__read": False}, 200),
        ({"scope__customer": "all"}, 403),
    ],
)
def test_no_field_is_opened_wider_than_ones_own(
    world: World, engine: Engine, cells: dict[str, Any], expected: int
) -> None:
    """MATRIX-8: levels and masks are rights too; less than one has is always one's to give."""
    mine = {"remark": {"level": 1}, "mobile": {"mask": 2}}
    make_role(engine, "sighted", customer=("department", "list read"))
    set_role(engine, "system", "system_admin", "sighted")
    below = make_role(engine, "below", customer=("self", "list read"))
    grant_fields(engine, "sighted", "customer", **mine)
    grant_fields(engine, "below", "customer", **mine)
    before = snapshot(engine, db.metadata)
    question = ask(world.client("system"), f"/matrix/{below}/customer", **cells)
    assert question.status_code == expected
    assert untouched(engine, before)


ATTACKS: dict[str, Callable[[Any, Any, dict[str, int]], Any]] = {
    "widen a role beyond oneself": lambda c, a, r: ask(
        c, f"/matrix/{r['narrow']}", grant__customer__list=True, scope__customer="all"
    ),
    "narrow a wider role": lambda c, a, r: c.post(f"/matrix/{r['wide']}", data=ticked(c)),
    "one's own role": lambda c, a, r: c.post(f"/matrix/{r['own']}", data=ticked(c)),
    "the super admin role": lambda c, a, r: c.post(f"/matrix/{r['super']}", data=ticked(c)),
    "one line of a wider role": lambda c, a, r: c.post(
        f"/matrix/{r['wide']}/department", data=ticked(c)
    ),
    "a forged confirmation": lambda c, a, r: c.post(
        "/matrix/save",
        data={
            **token(c),
            "proposal": f'[[[{r["narrow"]},1]],[[{r["narrow"]},"customer","operation","export",'
            'false,true],[%d,"customer","scope","","none","all"]],[]]' % r["narrow"],
        },
    ),
    "a forged confirmation of a wider role": lambda c, a, r: c.post(
        "/matrix/save",
        data={
            **token(c),
            "proposal": f'[[[{r["wide"]},1]],[[{r["wide"]},"customer","operation","export",'
            "true,false]],[]]",
        },
    ),
    "copy a wider role": lambda c, a, r: c.post(
        f"/matrix/{r['wide']}/copy",
        data={**token(c), "name": "mine"},
    ),
    "copy a line of a wider role": lambda c, a, r: c.post(
        f"/matrix/{r['wide']}/spread?row=customer",
        data={
            **token(c),
            "role": str(r["narrow"]),
        },
    ),
    "copy a line to one's own role": lambda c, a, r: c.post(
        f"/matrix/{r['narrow']}/spread?row=department",
        data={
            **token(c),
            "role": str(r["own"]),
        },
    ),
    "rename a wider role": lambda c, a, r: submit(c, f"/roles/edit/{r['wide']}", name="Harmless"),
    "rename it by REST": lambda c, a, r: a.put(f"/roles/{r['wide']}", {"name": "Harmless"}),
    "rename one's own role": lambda c, a, r: a.put(f"/roles/{r['own']}", {"name": "Harmless"}),
    "code of a role by REST": lambda c, a, r: a.put(
        f"/roles/{r['narrow']}", {"code": "super_admin"}
    ),
    "a role with a code": lambda c, a, r: a.post("/roles/", {"name": "x", "code": "super_admin"}),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_roles_are_not_taken_over(
    world: World, engine: Engine, roles: dict[str, int], attack: str
) -> None:
    client, api = world.client("system"), Api(world, "system")
    before = snapshot(engine, db.metadata)
    answer = ATTACKS[attack](client, api, roles)
    assert answer.status_code in (403, 422), answer.status
    assert untouched(engine, before)


def test_a_role_within_ones_own_rights_is_ones_work(
    world: World, engine: Engine, roles: dict[str, int]
) -> None:
    """The guards are no wall: what a system admin holds himself he may hand out and take."""
    answer = change(
        world.client("system"),
        f"/matrix/{roles['narrow']}",
        grant__department__edit=True,
        grant__department__read=False,
    )
    assert answer.status_code == 302


@pytest.mark.parametrize("slug", ["disable", "enable"])
def test_a_wider_role_is_neither_retired_nor_brought_back(
    world: World, engine: Engine, roles: dict[str, int], slug: str
) -> None:
    target = roles["wide" if slug == "disable" else "retired"]
    answer = Api(world, "system").bulk("roles", slug, [target])
    assert [skip["code"] for skip in answer.json["skipped"]] == ["blocked"]
    assert Api(world, "admin").bulk("roles", slug, [target]).json["done"] == 1


def test_letting_somebody_in_again_is_giving_him_his_roles(world: World, engine: Engine) -> None:
    people = user_ids(engine)
    for name in ("manager", "clerk1"):
        write(engine, "user", people[name], is_active=False)
    answer = Api(world, "people").bulk("users", "enable", [people["manager"], people["clerk1"]])
    assert answer.json["done"] == 1
    assert [(s["id"], s["code"]) for s in answer.json["skipped"]] == [
        (people["manager"], "blocked")
    ]


MOVES = (
    ("people", "leader1", "department", "Sales", 403, "a manager up the tree"),
    ("people", "leader1", "department", "Office", 403, "… to the root"),
    ("people", "manager", "department", "Sales 1", 200, "a manager to where he reaches less"),
    ("people", "sales1a", "department", "Sales 2", 200, "a salesperson: he sees his own"),
    ("people", "clerk1", "department", "Sales 2", 200, "a clerk: people admins deal that role"),
    ("system", "leader1", "department", "Office", 403, "a system admin holds no customers either"),
    ("admin", "leader1", "department", "Office", 200, "a super admin may"),
    ("people", "people", "department", "Sales", 403, "oneself"),
    ("people", "people", "superior", "admin", 403, "oneself under somebody else"),
)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0]}: {move[-1]}")
def test_moving_people_hands_out_no_rows(
    world: World, engine: Engine, move: tuple[Any, ...]
) -> None:
    """What a department or a superior opens is given by moving somebody, as a role would."""
    who, target, field, where, expected, _why = move
    people = user_ids(engine)
    value = places(engine)[where] if field == "department" else people[where]
    before = snapshot(engine, db.metadata)
    answer = Api(world, who).put(f"/users/{people[target]}", {field: value})
    assert answer.status_code == expected, answer.text
    assert expected == 200 or untouched(engine, before)


def test_superiors_open_rows_too(world: World, engine: Engine) -> None:
    """PERM-1 "self and subordinates": only whose own place changes is looked at."""
    make_role(engine, "team_lead", customer=("subordinates", "list read"))
    set_role(engine, "finance", "team_lead")
    people = user_ids(engine)
    api = Api(world, "people")
    assert (
        api.put(f"/users/{people['sales1a']}", {"superior": people["finance"]}).status_code == 200
    )
    below = api.put(f"/users/{people['finance']}", {"superior": people["manager"]})
    assert below.status_code == 200, "whom one is under opens nothing"


def test_nobody_pulls_rows_towards_himself(world: World, engine: Engine) -> None:
    """Indirectly: other people, or whole departments, into one's own reach."""
    set_role(engine, "leader1", "people_admin", "sales_manager")
    people, where = user_ids(engine), places(engine)
    api = Api(world, "leader1")
    before = snapshot(engine, db.metadata)
    pulled = api.put(f"/users/{people['sales2a']}", {"department": where["Sales 1"]})
    assert pulled.status_code == 403
    moved = api.put(f"/departments/{where['Sales 2']}", {"parent": where["Sales 1"]})
    assert moved.status_code == 403
    assert untouched(engine, before)
    away = api.put(f"/departments/{where['Marketing']}", {"parent": where["Sales 2"]})
    assert away.status_code == 200


def test_people_admins_deal_two_roles_only(world: World, engine: Engine) -> None:
    """Contract §7, on creating and editing, by form and by REST."""
    api, client, roles = Api(world, "people"), world.client("people"), role_ids(engine)
    target = user_ids(engine)["sales1a"]
    before = snapshot(engine, db.metadata)
    for code in sorted(set(roles) - {"salesperson", "clerk", "people_admin"}):
        mixed = [roles["clerk"], roles[code]]
        person = {"username": "mallory", "name": "M", "department": 1, "roles": mixed}
        assert api.post("/users/", person).status_code == 422, code
        assert api.put(f"/users/{target}", {"roles": mixed}).status_code == 422, code
        form = submit(client, "/users/add", **{**person, "roles": [str(r) for r in mixed]})
        assert form.status_code == 422, code
    assert untouched(engine, before)
    person = {"username": "newbie", "name": "N", "department": 1, "roles": [roles["clerk"]]}
    assert api.post("/users/", person).status_code == 201
