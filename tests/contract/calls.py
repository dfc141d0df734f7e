"""Calling the REST API as a script in a browser would: by cookie, with the session's token."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import prison
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from app.spec.catalogue import catalogue
from app.store.organisation import RightsVersion, Role, RoleGrant, User
from app.store.pools import Pool
from tests.support.web import csrf_token
from tests.support.worlds import World


class Api:
    """One person's access to ``/api/v1``."""

    def __init__(self, world: World, username: str) -> None:
        self.client: FlaskClient = world.client(username)
        self.headers = {"X-CSRFToken": csrf_token(self.client, "/notifications/")}

    def get(self, path: str, **arguments: Any) -> TestResponse:
        """GET with ``arguments`` as the framework's ``q``."""
        query = {"q": prison.dumps(arguments)} if arguments else {}
        return self.client.get(f"/api/v1{path}", query_string=query)

    def send(
        self, verb: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        """An unsafe request with a JSON body."""
        return self.client.open(
            f"/api/v1{path}", method=verb, json=body, headers={**self.headers, **(headers or {})}
        )

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.send("POST", path, body, _dashed(headers))

    def put(self, path: str, body: Any, version: int = 1, **headers: str) -> TestResponse:
        return self.send("PUT", path, body, {"If-Match": f'"{version}"', **_dashed(headers)})

    def delete(self, path: str, version: int = 1) -> TestResponse:
        return self.send("DELETE", path, None, {"If-Match": f'"{version}"'})

    def bulk(
        self,
        plural: str,
        slug: str,
        ids: Sequence[int] | None = None,
        params: Mapping[str, Any] | None = None,
        **rest: Any,
    ) -> TestResponse:
        """A bulk operation over ids, or over what ``rest`` says."""
        body: dict[str, Any] = {"params": dict(params or {}), **rest}
        if ids is not None:
            body["ids"] = list(ids)
        return self.post(f"/{plural}/bulk/{slug}", body)

    def ids(self, plural: str, *filters: Mapping[str, Any], **more: Any) -> set[int]:
        """The ids of all records that match, however many pages there are."""
        found: set[int] = set()
        page = 0
        while True:
            answer = self.get(
                f"/{plural}/", filters=[*filters], page=page, page_size=100, **more
            ).json
            found |= set(answer["ids"])
            if len(answer["ids"]) < 100:
                return found
            page += 1


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def condition(column: str, operator: str, value: Any = None) -> dict[str, Any]:
    """One condition of the filter grammar."""
    found = {"col": column, "opr": operator}
    return found if value is None else {**found, "value": value}


def filters_of(*conditions: Mapping[str, Any]) -> str:
    """Conditions as they stand in a list's address."""
    return json.dumps(list(conditions))


def user_ids(engine: Engine) -> dict[str, int]:
    """Username to id."""
    return _pairs(engine, User.__table__, "username")


def pool_ids(engine: Engine) -> dict[str, int]:
    return _pairs(engine, Pool.__table__, "name")


def role_ids(engine: Engine) -> dict[str, int]:
    return _pairs(engine, Role.__table__, "code")


def _pairs(engine: Engine, table: Any, key: str) -> dict[str, int]:
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(select(table.c[key], table.c.id))}


def stored(engine: Engine, key: str, record_id: int) -> dict[str, Any]:
    """A record's row as it stands in the database, looked at behind the gate's back."""
    table = catalogue.get(key).model.__table__
    with engine.connect() as connection:
        row = connection.execute(select(table).where(table.c.id == record_id)).mappings().one()
        return dict(row)


def write(engine: Engine, key: str, record_id: int, **values: Any) -> None:
    """Change a record behind the gate's back, for arranging a situation; of a pool everybody hears
    as he would if somebody had saved its form."""
    table, version = catalogue.get(key).model.__table__, RightsVersion.__table__
    with engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == record_id).values(**values))
        if key == "pool":
            connection.execute(version.update().values(number=version.c.number + 1))


def set_role(engine: Engine, username: str, *codes: str) -> None:
    """Give somebody exactly these roles, as if an administrator had."""
    users, roles = user_ids(engine), role_ids(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM user_role WHERE user_id = :u"), {"u": users[username]})
        for code in codes:
            connection.execute(
                text("INSERT INTO user_role (user_id, role_id) VALUES (:u, :r)"),
                {"u": users[username], "r": roles[code]},
            )
        connection.execute(text("UPDATE rights_version SET number = number + 1"))


def grant_fields(engine: Engine, code: str, entity: str, **levels: Mapping[str, int]) -> None:
    """Set the field levels and masks of one row of the matrix: ``mobile={"level": 0}``."""
    role_id = role_ids(engine)[code]
    with engine.begin() as connection:
        table = RoleGrant.__table__
        connection.execute(
            table.update()
            .where(table.c.role_id == role_id, table.c.entity == entity)
            .values(fields=dict(levels))
        )
        version = RightsVersion.__table__
        connection.execute(version.update().values(number=version.c.number + 1))
