"""The description of the API says all of it, and the answers are as it says (contract §1-§5)."""

import io
import re
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.spec.catalogue import catalogue
from tests.contract.calls import Api
from tests.contract.described import JSON, document_of, misshapen
from tests.support.worlds import World

NEW = "name,mobile\nDescribed Ltd,13800001234\n,1\n"


def test_every_address_is_described(world: World) -> None:
    """What serves programs is in the document, address by address and verb by verb."""
    described = {
        (re.sub(r"{\w+}", "<>", path), verb.upper())
        for path, verbs in document_of(Api(world, "admin"))["paths"].items()
        for verb in verbs
        if verb != "parameters"
    }
    served = {
        (re.sub(r"<[^>]*>", "<>", rule.rule), verb)
        for rule in world.app.url_map.iter_rules()
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    own = {(path, verb) for path, verb in served if not serves_entities(path)}
    assert len(own) > 15
    assert own - described == set()
    bulk = {(re.sub(r"/bulk/\w+$", "/bulk/<>", path), verb) for path, verb in described}
    assert bulk - served == set()


def serves_entities(path: str) -> bool:
    """Whether it is one of the addresses that every entity has, what it can't do among them."""
    return any(path.startswith(f"/api/v1/{entity.plural}/") for entity in catalogue)


class Reader:
    """Somebody who holds every answer against the document."""

    def __init__(self, world: World, username: str) -> None:
        self.api = Api(world, username)
        self.document = document_of(self.api)
        self.read: set[tuple[str, str]] = set()

    def get(self, path: str, *, of: str = "", status: int = 200) -> Any:
        return self._held("get", of or path, self.api.client.get(f"/api/v1{path}"), status)

    def send(self, verb: str, path: str, body: Any, *, of: str = "", status: int = 200) -> Any:
        headers = {"If-Match": '"1"'}
        return self._held(verb, of or path, self.api.send(verb, path, body, headers), status)

    def upload(self, path: str, content: str, dry_run: bool, *, status: int = 200) -> Any:
        data = {
            "file": (io.BytesIO(content.encode()), "new.csv"),
            "dry_run": "true" if dry_run else "false",
        }
        answer = self.api.client.post(f"/api/v1{path}", data=data, headers=self.api.headers)
        return self._held("post", path, answer, status)

    def _held(self, verb: str, of: str, answer: Any, status: int) -> Any:
        assert answer.status_code == status, answer.text
        path = f"/api/v1{of}".split("?")[0]
        assert misshapen(self.document, verb, path, answer) == "", f"{verb} {path}"
        self.read.add((verb, path))
        answer.close()
        return answer.json if answer.mimetype == JSON else None


@pytest.mark.parametrize("username", ["admin", "sales1a"])
def test_records_answer_as_described(world: World, username: str) -> None:
    """Each kind of record, with masked and hidden fields and without."""
    reader = Reader(world, username)
    for entity in catalogue:
        base = f"/{entity.plural}"
        if "get" in reader.document["paths"].get(f"/api/v1{base}/", {}):
            found = reader.get(f"{base}/")["ids"]
            reader.get(f"{base}/_info")
            if "get" in reader.document["paths"].get(f"/api/v1{base}/{{id}}", {}):
                for number in found[:3]:
                    reader.get(f"{base}/{number}", of=f"{base}/{{id}}")
    assert len(reader.read) > 10


def test_changes_answer_as_described(world: World) -> None:
    """Writing one record, many, undoing, importing, keeping views: all that is only sent."""
    reader = Reader(world, "admin")
    made = reader.send("POST", "/customers/", {"name": "Shape Ltd"}, status=201)["id"]
    one, lock = {"of": "/customers/{id}"}, {"ids": [made], "params": {"reason": "tender"}}
    reader.send("PUT", f"/customers/{made}", {"remark": "seen"}, **one)
    reader.send("PUT", f"/customers/{made}", {"remark": "again"}, **one, status=412)
    reader.send("POST", "/customers/bulk/lock", {**lock, "dry_run": True})
    level = {"ids": [made, 1], "params": {"set": {"level": "A"}}}
    reader.send("POST", "/customers/bulk/bulk_edit", {**level, "dry_run": True})
    run = reader.send("POST", "/customers/bulk/bulk_edit", level)["operation_id"]
    reader.get(f"/operations/{run}", of="/operations/{id}")
    reader.get(f"/operations/{run}/report", of="/operations/{id}/report")
    reader.get(f"/operations/{run}/report?format=xlsx", of="/operations/{id}/report")
    undo = {"of": "/operations/{id}/undo"}
    reader.send("POST", f"/operations/{run}/undo", {"dry_run": True}, **undo)
    reader.send("POST", f"/operations/{run}/undo", {}, **undo)
    reader.send("POST", f"/operations/{run}/undo", {}, **undo, status=409)
    export = {"ids": [made], "params": {"format": "csv"}}
    file = reader.send("POST", "/customers/bulk/export", export)["operation_id"]
    reader.get(f"/operations/{file}/file", of="/operations/{id}/file")
    view = {"entity": "customers", "name": "甲级", "name_en": "Level A", "audience": "nobody"}
    kept = reader.send("POST", "/views/", view, status=201)["id"]
    reader.get(f"/views/{kept}", of="/views/{id}")
    reader.get("/views/")
    reader.send("DELETE", f"/views/{kept}", None, of="/views/{id}")
    reader.get("/search/?q=shape")


def test_imports_and_jobs_answer_as_described(world: World, engine: Engine) -> None:
    reader = Reader(world, "admin")
    file = reader.upload("/customers/import", NEW, dry_run=True)["import_id"]
    reader.get(f"/imports/{file}", of="/imports/{id}")
    reader.send("POST", f"/imports/{file}/run", {}, of="/imports/{id}/run")
    reader.get(f"/imports/{file}/report", of="/imports/{id}/report")
    reader.get(f"/imports/{file}/report?format=xlsx", of="/imports/{id}/report")
    table = catalogue.get("customer").model.__table__
    with engine.begin() as connection:
        rows = [{"name": f"Many {i}"} for i in range(501)]
        ids = list(connection.scalars(insert(table).returning(table.c.id), rows))
    many = {"ids": ids, "params": {"reason": "tender"}}
    job = reader.send("POST", "/customers/bulk/lock", many, status=202)["job_id"]
    reader.get(f"/jobs/{job}", of="/jobs/{id}")
    reader.send("POST", f"/jobs/{job}/cancel", {}, of="/jobs/{id}/cancel")
    reader.send("POST", f"/jobs/{job}/retry", {}, of="/jobs/{id}/retry", status=409)
