"""Every way to do an operation: pages, forms, bulk pages, REST for one and for many, export files.

What a way sends is always well-formed, so that only rights and rows decide the answer.
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from werkzeug.test import TestResponse

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from tests.generated.stage import UNKNOWN, Stage, pool_beside, pool_id, role_id
from tests.oracle import Oracle

POOL_FOR = {"lead": "Open leads", "customer": "Open customers"}
OTHER_POOL = "Pool for inventions"
VERSION = {"If-Match": '"1"'}
BULK_RUN, REST_RUN = "bulk page: run", "REST: bulk run"


NUMBERS = count(13_000_000_000)
"""Telephone numbers that no other record has."""


@dataclass(frozen=True)
class Doing:
    """Somebody who does an operation to some rows of an entity."""

    stage: Stage
    actor: str
    entity: str
    operation: str
    ids: tuple[int, ...] = ()

    @property
    def plural(self) -> str:
        return catalogue.get(self.entity).plural

    @property
    def note(self) -> str:
        """A field for any text, by which nothing is found."""
        fields = catalogue.get(self.entity).fields
        return "remark" if "remark" in fields else "description"

    def on(self, way: str) -> TestResponse:
        """What that way of doing it answers."""
        return WAYS[way](self)

    def label(self, way: str) -> str:
        return f"{self.actor} {self.operation} {self.plural}{list(self.ids)} by {way}"


Way = Callable[[Doing], TestResponse]


def ways_of(entity: str, operation: str) -> list[str]:
    """The ways that lead to an operation of an entity."""
    verb = catalogue.get(entity).verb(operation)
    assert verb is not None, f"{entity} has no {operation}"
    single = SINGLE.get(operation, [])
    return [*single, *(BULK if verb.is_bulk else [])]


def params(doing: Doing) -> dict[str, Any]:
    """Parameters with which the operation can be done to any row of the company."""
    people = doing.stage.people
    owner = owner_of(doing.stage.oracle, doing.entity, doing.ids)
    somebody = people["sales1b" if owner != "sales1b" else "sales1a"]
    given: dict[str, dict[str, Any]] = {
        "transfer": {"new_owner": somebody, "old_owner": "remove"},
        "assign": {"to": [somebody], "how": "equal"},
        "add_team": {"users": [people["finance"]], "level": "read"},
        "remove_team": {"users": [people["sales1b"]]},
        "export": {"format": "xlsx", "columns": "visible"},
        "bulk_edit": {"colour": "red"} if doing.entity == "tag" else {doing.note: "set for many"},
        "lock": {"reason": "We are in talks"},
        "set_deal_status": {"status": "won"},
        "judge": {"level": "A"},
        "add_tags": {"tags": ["Spare tag"]},
        "remove_tags": {"tags": ["Spare tag"]},
        "merge": {"survivor": 1 if doing.entity == "tag" else doing.ids[0] if doing.ids else 1},
        "mark_invalid": {"reason": "no_interest"},
    }
    lies_in = POOL_FOR.get(doing.entity, OTHER_POOL)
    if doing.operation in ("release", "move_pool"):
        with doing.stage.world.app.app_context():
            find = pool_id if doing.operation == "release" else pool_beside
            return {"pool": find(lies_in)}
    return given.get(doing.operation, {})


def owner_of(oracle: Oracle, entity: str, ids: Sequence[int]) -> str | None:
    rows = {row.id: row.owner for row in oracle.company.rows.get(entity, ())}
    return rows.get(ids[0]) if ids else None


def new_values(stage: Stage, actor: str, entity: str) -> dict[str, Any]:
    """What a new record needs, the related ones within the actor's reach."""
    declared = catalogue.get(entity)
    values = dict(declared.samples[0])
    phones = [key for key, f in declared.fields.items() if f.alike == "phone" and key in values]
    values |= {key: str(next(NUMBERS)) for key in phones}  # the same twice would be asked about
    with stage.world.app.app_context():
        spare_role = stage.spare["role"]
    belonging = needed(declared, stage.oracle, actor)
    for key, field in declared.fields.items():
        to = getattr(field, "to", "")
        if field.system or not to or not (field.required or key in ("parent", belonging)):
            continue
        if to == "role":
            values[key] = [spare_role]
        elif to == "department":
            values[key] = 1
        else:
            reach = stage.oracle.visible(actor, to, "read")
            values[key] = min(reach, default=UNKNOWN)
    return values


def needed(entity: Entity, oracle: Oracle, actor: str) -> str:
    """Of the records that a row may belong to, of which it has one, the first kind he can name."""
    kinds = [f for f in entity.parents if not f.required] if entity.is_attached else []
    reached = (f.key for f in kinds if oracle.visible(actor, f.to, "read"))
    return next(reached, kinds[0].key if kinds else "")


def titled(entity: str, text: str) -> dict[str, str]:
    """What a record is called, as values to write."""
    return {catalogue.get(entity).title: text}


RULES_ONLY = {"pool": {"warn_owner_days": "9"}}
"""What everybody who may edit such records may write, where that isn't what they are called."""


def changed(entity: str, text: str) -> dict[str, str]:
    """What an edit writes: a new name, where whoever may edit writes names."""
    return RULES_ONLY.get(entity) or titled(entity, text)


def bulk_form(doing: Doing, step: str) -> TestResponse:
    person = doing.stage.person(doing.actor)
    values = {**params(doing), "step": step, "ids": [str(i) for i in doing.ids]}
    return person.post(f"/{doing.plural}/bulk/{doing.operation}", values)


def bulk_call(doing: Doing, *, dry_run: bool) -> TestResponse:
    given = params(doing)
    body = {
        "ids": list(doing.ids),
        "params": {"set": given} if doing.operation == "bulk_edit" else given,
        "dry_run": dry_run,
    }
    path = f"/{doing.plural}/bulk/{doing.operation}"
    return doing.stage.person(doing.actor).rest("POST", path, body)


def edit_form(doing: Doing) -> TestResponse:
    """Open, change the name, post everything back; who may not open it posts all the same."""
    person, path = doing.stage.person(doing.actor), f"/{doing.plural}/edit/{doing.ids[0]}"
    values = changed(doing.entity, f"Changed by a form {doing.ids[0]}")
    may = doing.stage.oracle.may(doing.actor, doing.entity, "edit")
    if not may or person.get(path).status_code != 200:
        return person.post(path, values)
    return person.fill(path, "edit", values)


def page(pattern: str) -> Way:
    def way(doing: Doing) -> TestResponse:
        number = doing.ids[0] if doing.ids else 0
        path = pattern.format(plural=doing.plural, id=number, op=doing.operation)
        return doing.stage.person(doing.actor).client.get(path)

    return way


def post(pattern: str) -> Way:
    def way(doing: Doing) -> TestResponse:
        path = pattern.format(plural=doing.plural, id=doing.ids[0], op=doing.operation)
        return doing.stage.person(doing.actor).post(path, {})

    return way


def rest(method: str) -> Way:
    def way(doing: Doing) -> TestResponse:
        values = changed(doing.entity, f"Changed by a program {doing.ids[0]}")
        body = values if method == "PUT" else None
        headers = VERSION if method in ("PUT", "DELETE") else {}
        path = f"/{doing.plural}/{doing.ids[0]}"
        return doing.stage.person(doing.actor).rest(method, path, body, headers)

    return way


def create_form(doing: Doing) -> TestResponse:
    values = new_values(doing.stage, doing.actor, doing.entity)
    return doing.stage.person(doing.actor).post(f"/{doing.plural}/add", values)


def create_call(doing: Doing) -> TestResponse:
    values = new_values(doing.stage, doing.actor, doing.entity)
    return doing.stage.person(doing.actor).rest("POST", f"/{doing.plural}/", values)


def search_page(doing: Doing) -> TestResponse:
    return doing.stage.person(doing.actor).get(f"/{doing.plural}/list/", search=named(doing))


def list_call(doing: Doing) -> TestResponse:
    return doing.stage.person(doing.actor).ask(doing.plural, page_size=100)


def search_call(doing: Doing) -> TestResponse:
    return doing.stage.person(doing.actor).ask(doing.plural, search=named(doing), page_size=100)


def named(doing: Doing) -> str:
    """What every record of the company is called, before its number."""
    return doing.entity.title()


def template(doing: Doing) -> TestResponse:
    """The sheet to fill in: closed, as it is a file; what is said of it otherwise is kept."""
    answer = page("/{plural}/import/template")(doing)
    if answer.status_code == 200:
        answer.set_data(b"a workbook" if answer.data.startswith(b"PK") else b"no workbook")
        answer.close()
    return answer


def import_call(doing: Doing) -> TestResponse:
    """A file with one new record, its title alone wherever that is enough."""
    person, entity = doing.stage.person(doing.actor), catalogue.get(doing.entity)
    values = new_values(doing.stage, doing.actor, doing.entity)
    row = [str(v[0] if isinstance(v, list) else v) for v in values.values()]
    text = io.StringIO()
    csv.writer(text).writerows([list(values), row])
    file = (io.BytesIO(text.getvalue().encode()), f"{entity.plural}.csv")
    return person.client.post(
        f"/api/v1/{entity.plural}/import",
        data={"file": file},
        headers={"X-CSRFToken": person.csrf()},
        content_type="multipart/form-data",
    )


SINGLE: dict[str, list[str]] = {
    "list": ["list page", "search box", "REST: list", "REST: search"],
    "read": ["record page", "history tab", "REST: get"],
    "create": ["new form", "new form: save", "REST: create"],
    "edit": ["edit form", "edit form: save", "REST: edit"],
    "import": ["import page", "import template", "REST: import"],
    "delete": ["question", "question: yes", "REST: delete"],
    "restore": ["bin"],
    "reset_password": ["reset", "reset: yes"],
    "hand_over": ["hand over"],
}
BULK = ["bulk page", "bulk page: dry run", BULK_RUN, "REST: bulk dry run", REST_RUN]

WAYS: dict[str, Way] = {
    "list page": page("/{plural}/list/?size=100"),
    "search box": search_page,
    "REST: list": list_call,
    "REST: search": search_call,
    "record page": page("/{plural}/show/{id}"),
    "history tab": page("/{plural}/show/{id}?tab=history"),
    "REST: get": rest("GET"),
    "new form": page("/{plural}/add"),
    "new form: save": create_form,
    "REST: create": create_call,
    "edit form": page("/{plural}/edit/{id}"),
    "edit form: save": edit_form,
    "REST: edit": rest("PUT"),
    "question": page("/{plural}/delete/{id}"),
    "question: yes": post("/{plural}/delete/{id}"),
    "REST: delete": rest("DELETE"),
    "import page": page("/{plural}/import"),
    "import template": template,
    "REST: import": import_call,
    "bin": page("/{plural}/list/?view=deleted&size=100"),
    "reset": page("/{plural}/reset-password/{id}"),
    "hand over": page("/{plural}/hand-over/{id}"),
    "reset: yes": post("/{plural}/reset-password/{id}"),
    "bulk page": page("/{plural}/bulk/{op}?id={id}"),
    "bulk page: dry run": lambda doing: bulk_form(doing, "preview"),
    BULK_RUN: lambda doing: bulk_form(doing, "run"),
    "REST: bulk dry run": lambda doing: bulk_call(doing, dry_run=True),
    REST_RUN: lambda doing: bulk_call(doing, dry_run=False),
}
"""Every way, by the name that failing cases are called by."""

WRITING = frozenset(
    {
        "new form: save", "REST: create", "edit form: save", "REST: edit", "question: yes",
        "REST: delete", "REST: import", "reset: yes", BULK_RUN, REST_RUN,
    }
)  # fmt: skip
"""The ways that change something when they are allowed."""

SUCCESS = {"new form: save": 302, "REST: create": 201, "edit form: save": 302,
           "question: yes": 302, BULK_RUN: 302}  # fmt: skip
"""What a way answers when it is allowed; 200 where nothing is said here."""


def skipped(answer: TestResponse) -> dict[int, str]:
    """The rows that a REST bulk run left out, each with its reason's code."""
    return {one["id"]: one["code"] for one in json.loads(answer.text)["skipped"]}


__all__ = ["BULK", "SINGLE", "WAYS", "Doing", "params", "role_id", "skipped", "ways_of"]
