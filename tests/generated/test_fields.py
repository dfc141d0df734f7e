"""Hidden and masked fields: nowhere, or only as their mask, on every surface (PERM-6, C42 to C46).

The default grants hide a customer's revenue from marketing and mask numbers and addresses for legal
and the auditor. So that forms, exports and bulk pages are looked at too, the same levels are put on
a role that may do everything with the entity.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import access
from app.store.context import system_scope
from app.store.organisation import RoleGrant
from app.store.writer import Context, insert_rows
from tests.generated.browser import Page, Person
from tests.generated.stage import Stage, check_refused, role_id
from tests.generated.surfaces import REST_RUN, VERSION, Doing

HIDDEN, READ_ONLY, MASKED = {"level": 0}, {"level": 1}, {"mask": 2}
REVENUE = "918273645.55"
SECRETS: dict[str, dict[str, str]] = {
    "customer": {
        "annual_revenue": REVENUE,
        "mobile": "13955667788",
        "phone": "0571-88776655",
        "email": "secret.address@quiet.example",
        "address": "浙江省杭州市西湖区无名路 77 号",
    },
    "contact": {
        "mobile": "13955667788",
        "phone": "0571-88776655",
        "email": "secret.address@quiet.example",
        "address": "浙江省杭州市西湖区无名路 77 号",
    },
    "lead": {
        "mobile": "13955667788",
        "phone": "0571-88776655",
        "email": "secret.address@quiet.example",
        "address": "浙江省杭州市西湖区无名路 77 号",
    },
    "user": {"mobile": "13955667788", "email": "secret.address@quiet.example"},
}
TRACES = {
    "annual_revenue": ("918273645", "918,273,645"),
    "mobile": ("13955667788", "55667788", "5566"),
    "phone": ("88776655", "8877"),
    "email": ("secret.address", "secret"),
    "address": ("无名路", "西湖区无名"),
}
"""What must not be found of a value where the field is hidden or masked."""

ENTITIES = list(SECRETS)
WORKER = "clerk1"
ROLE = "clerk"


@dataclass(frozen=True)
class Case:
    """Somebody for whom some fields of an entity are hidden or masked."""

    stage: Stage
    actor: str
    entity: str
    record: int
    fields: tuple[str, ...]

    @property
    def person(self) -> Person:
        return self.stage.person(self.actor)

    @property
    def plural(self) -> str:
        return catalogue.get(self.entity).plural

    def check(self, where: str, text: str) -> None:
        """Nothing of the values is in the text."""
        for key in self.fields:
            for trace in TRACES[key]:
                assert trace not in text, f"{self.actor} sees {key} in {where}"


def write_secret(stage: Stage, entity: str) -> int:
    """A record with telling values that has a history: made, then changed twice."""
    declared = catalogue.get(entity)
    values: dict[str, Any] = {**SECRETS[entity], "name": f"Quiet {entity}"}
    if entity == "user":
        values |= {"username": "quiet", "department": 1, "roles": [stage.spare["role"]]}
        values["is_active"] = True
    else:
        values["owner"] = stage.people[WORKER]
    if entity == "contact":
        values["customer"] = 1
    with stage.world.app.app_context(), system_scope("a record to be discreet about"):
        parsed = {k: declared.fields[k].parse(v) for k, v in values.items()}
        [number] = insert_rows(declared, [parsed], Context("create"))
        access.touch()
        db.session.commit()
    return number


def level(stage: Stage, entity: str, levels: dict[str, Any]) -> None:
    """Let the worker's role do everything with the entity, with these field levels."""
    with stage.world.app.app_context(), system_scope("field levels"):
        role, table = role_id(ROLE), RoleGrant.__table__
        row = {
            "scope": "all",
            "operations": list(catalogue.get(entity).operations),
            "fields": levels,
        }
        mine = (table.c.role_id == role) & (table.c.entity == entity)
        if db.session.execute(select(table).where(mine)).first():
            db.session.execute(update(table).where(mine).values(**row))
        else:
            key = {"role_id": role, "entity": entity, "departments": []}
            db.session.execute(insert(table), [{**key, **row}])
        access.touch()
        db.session.commit()


def defaults(stage: Stage) -> Iterator[Case]:
    """Those for whom the grants of contract §7 hide or mask something."""
    for actor, entity, keys in (
        ("marketing", "customer", ("annual_revenue",)),
        ("legal", "customer", ("mobile", "phone", "email")),
        ("audit", "user", ("mobile", "email")),
    ):
        yield Case(stage, actor, entity, write_secret(stage, entity), keys)
        stage.reset()


def everywhere(case: Case) -> Iterator[tuple[str, str]]:
    """Every page and answer that could show the record, with what it said."""
    person, plural, number = case.person, case.plural, case.record
    for name, path in {
        "list": f"/{plural}/list/?size=100",
        "list by REST": f"/api/v1/{plural}/?q=(page_size:100)",
        "record": f"/{plural}/show/{number}?tab=details",
        "timeline": f"/{plural}/show/{number}",
        "history": f"/{plural}/show/{number}?tab=history",
        "record by REST": f"/api/v1/{plural}/{number}",
        "edit form": f"/{plural}/edit/{number}",
        "search": f"/{plural}/list/?search=Quiet",
        "home": "/",
    }.items():
        answer = person.client.get(path)
        if answer.status_code == 200:
            yield name, answer.text


def test_default_grants_hide_and_mask(stage: Stage) -> None:
    """Marketing, legal, auditor: the value is nowhere; who may see it does see it."""
    for case in defaults(stage):
        shown = dict(everywhere(case))
        assert {"list", "record", "record by REST", "list by REST"} <= set(shown)
        for where, text in shown.items():
            case.check(where, text)
        check_not_searchable(case)
        whole = stage.person("admin").rest("GET", f"/{case.plural}/{case.record}").text
        assert all(TRACES[key][0] in whole for key in case.fields), "the check sees nothing"


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("how", ["hidden", "masked"])
def test_no_surface_shows_more(stage: Stage, entity: str, how: str) -> None:
    """C42: list, detail, form, REST, history, export, bulk preview, write answers."""
    keys = tuple(SECRETS[entity])
    what = HIDDEN if how == "hidden" else MASKED
    level(stage, entity, {key: dict(what) for key in keys})
    case = Case(stage, WORKER, entity, write_secret(stage, entity), keys)
    shown = dict(everywhere(case))
    assert len(shown) == 9, sorted(shown)
    for where, text in shown.items():
        case.check(where, text)
    check_shape(case, how)
    check_not_searchable(case)
    check_exports(case, how)
    check_bulk_preview(case)


def check_shape(case: Case, how: str) -> None:
    """Hidden fields are absent; masked ones are there as masks, and said to be."""
    body = json.loads(case.person.rest("GET", f"/{case.plural}/{case.record}").text)["result"]
    info = json.loads(case.person.rest("GET", f"/{case.plural}/_info").text)["fields"]
    described = {one["key"]: one for one in info}
    form = Page(case.person.get(f"/{case.plural}/edit/{case.record}").text).form("edit")
    for key in case.fields:
        if how == "hidden":
            assert key not in body, f"{key} is in the record"
            assert key not in described, f"{key} is described"
            assert key not in form, f"{key} is in the form"
        else:
            assert "*" in body[key], f"{key} has no mask"
            assert key in body["masked"], f"{key} is not said to be masked"
            assert described[key]["operators"] == [], f"{key} is offered for filtering"
            assert not described[key]["sortable"]
            assert form[key] == body[key], f"{key} is not masked in the form"


def check_not_searchable(case: Case) -> None:
    """C43: neither filter, order, columns, nor search betray the value."""
    person, plural = case.person, case.plural
    hidden = case.entity in ("customer",) and case.actor == "marketing"
    for key in case.fields:
        field = catalogue.get(case.entity).fields[key]
        for operator in field.operators:
            condition = [{"col": key, "opr": operator, "value": "1"}]
            page = person.get(f"/{plural}/list/", filters=json.dumps(condition))
            rest = person.ask(plural, filters=condition)
            nested = person.ask(plural, filters=[{"or": [{"and": condition}]}])
            for answer in (page, rest, nested):
                assert answer.status_code == 400, f"{case.actor} filters {key} {operator}"
        assert person.ask(plural, order_column=key).status_code == 400
        assert person.get(f"/{plural}/list/", order=f"-{key}").status_code == 400
        if hidden:
            assert person.ask(plural, columns=[key]).status_code == 400
        if key != "annual_revenue":
            for words in (SECRETS[case.entity][key], TRACES[key][-1]):
                found = json.loads(person.ask(plural, search=words).text)["ids"]
                assert case.record not in found, f"{case.actor} finds {key} by {words}"
    offered = Page(person.get(f"/{plural}/list/").text)
    assert not set(case.fields) & {
        has["value"] for tag, has in offered.attributes if tag == "option" and "data-ops" in has
    }


def check_exports(case: Case, how: str) -> None:
    if "export" not in catalogue.get(case.entity).operations:
        return
    import openpyxl

    labels = {str(catalogue.get(case.entity).fields[key].label.en) for key in case.fields}
    for kind in ("xlsx", "csv"):
        for columns in ("all", "visible"):
            params = {"format": kind, "columns": columns}
            body = {"ids": [case.record], "params": params}
            made = json.loads(case.person.rest("POST", f"/{case.plural}/bulk/export", body).text)
            data = case.person.client.get(made["download"], buffered=True).data
            if kind == "xlsx":
                rows = openpyxl.load_workbook(io.BytesIO(data)).active.values
                text = "\n".join(str(cell) for row in rows for cell in row if cell is not None)
            else:
                text = data.decode("utf-8-sig")
                rows = csv.reader(io.StringIO(text))
            case.check(f"{kind} of {columns} columns", text)
            if columns == "all":
                found = labels & set(text.replace('"', "").replace(",", "\n").splitlines())
                assert found == (set() if how == "hidden" else labels), f"{kind}: {found}"


def check_bulk_preview(case: Case) -> None:
    """The sample of old and new values of a bulk edit tells nothing."""
    declared = catalogue.get(case.entity)
    if "bulk_edit" not in declared.operations:
        return
    params = {"set": {"remark": "set for many"}}
    body = {"ids": [case.record], "params": params, "dry_run": True}
    path = f"/{case.plural}/bulk/bulk_edit"
    case.check("REST dry run", case.person.rest("POST", path, body).text)
    form = {"ids": [str(case.record)], "remark": "set for many", "step": "preview"}
    case.check("bulk page", case.person.post(f"/{case.plural}/bulk/bulk_edit", form).text)
    case.check("bulk form", case.person.get(path, id=case.record).text)


@pytest.mark.parametrize("entity", ENTITIES)
def test_masks_posted_back_keep_the_value(stage: Stage, entity: str) -> None:
    """C44: the mask unchanged keeps the value, half changed is 422, a new value is stored."""
    keys = tuple(SECRETS[entity])
    level(stage, entity, {key: dict(MASKED) for key in keys})
    case = Case(stage, WORKER, entity, write_secret(stage, entity), keys)
    path, before = f"/{case.plural}/edit/{case.record}", stored(case)
    answer = case.person.fill(path, "edit", {"name": f"Quieter {entity}"})
    assert answer.status_code == 302, Page(answer.text).words
    assert stored(case) == before
    masks = json.loads(case.person.rest("GET", f"/{case.plural}/{case.record}").text)
    for key in keys:
        mask = masks["result"][key]
        for half in (f"{mask}1", mask.replace("*", "5", 1)):
            wrong = case.person.fill(path, "edit", {key: half})
            assert wrong.status_code == 422, f"{key}={half} by form: {wrong.status_code}"
            case.check("the form again", wrong.text.replace(half, ""))
            call = case.person.rest(
                "PUT", f"/{case.plural}/{case.record}", {key: half}, {"If-Match": '"2"'}
            )
            assert call.status_code == 422, f"{key}={half} by REST: {call.status_code}"
        kept = case.person.rest(
            "PUT", f"/{case.plural}/{case.record}", {key: mask}, {"If-Match": '"2"'}
        )
        assert kept.status_code == 200, f"{key} by REST: {kept.text}"
        case.check("the answer to a write", kept.text)
    assert stored(case) == before
    new = case.person.rest(
        "PUT", f"/{case.plural}/{case.record}", {keys[-1]: None}, {"If-Match": '"2"'}
    )
    assert new.status_code == 200
    assert stored(case)[keys[-1]] is None


def stored(case: Case) -> dict[str, Any]:
    table = catalogue.get(case.entity).model.__table__
    with case.stage.engine.connect() as connection:
        row = connection.execute(select(table).where(table.c.id == case.record)).mappings().one()
    return {key: row[key] for key in case.fields}


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("how", ["hidden", "read-only"])
def test_what_may_not_be_written_is_not(stage: Stage, entity: str, how: str) -> None:
    """C46: by form, REST, and bulk edit; for new records and old ones."""
    key = next(iter(SECRETS[entity]))
    level(stage, entity, {key: dict(HIDDEN if how == "hidden" else READ_ONLY)})
    case = Case(stage, WORKER, entity, write_secret(stage, entity), (key,))
    value = {"annual_revenue": "1.00", "mobile": "13700137000"}[key]
    person, path = case.person, f"/{case.plural}/edit/{case.record}"
    before = stored(case)
    stage.base()
    person.csrf()
    tries = {
        "form": lambda: person.fill(path, "edit", {key: value}),
        "REST": lambda: person.rest(
            "PUT", f"/{case.plural}/{case.record}", {key: value}, VERSION
        ),
        "bulk": lambda: Doing(stage, WORKER, entity, "bulk_edit", (case.record,)).on(REST_RUN),
    }  # fmt: skip
    if "bulk_edit" in catalogue.get(entity).operations:
        body = {"ids": [case.record], "params": {"set": {key: value}}}
        tries["bulk"] = lambda: person.rest("POST", f"/{case.plural}/bulk/bulk_edit", body)
    else:
        del tries["bulk"]
    for name, send in tries.items():
        with stage.watch() as seen:
            answer = send()
        check_refused(stage, f"{how} {key} by {name}", answer, seen, 422)
    assert stored(case) == before
