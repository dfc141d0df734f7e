"""The floor: the least SQL and the plainest page for the same rows; no session, scope or policy."""

from typing import Any

from flask import Flask, jsonify, request
from jinja2 import Environment
from sqlalchemy import Engine, Select, select

from app.entities.contact import Contact
from app.entities.customer import Customer, customer
from app.store import search_index
from app.store.history import History
from app.store.organisation import User
from app.store.scope import member_of

C, P, U, H = (m.__table__ for m in (Customer, Contact, User, History))
WHOLE = [f for f in customer.fields.values() if f.is_stored and f.key != "owner"]
SHOWN = [f for f in WHOLE if f.listed]
PAGE = Environment(autoescape=True).from_string(
    "<!doctype html><title>{{ title }}</title>{% for rows in tables %}<table>{% for row in rows %}"
    "<tr>{% for value in row %}<td>{{ '' if value is none else value }}</td>{% endfor %}</tr>"
    "{% endfor %}</table>{% endfor %}"
)


def statements(asked: dict[str, Any]) -> list[Select[Any]]:
    """The SQL for a list (owners, level, words, order, offset, size) or one record (id)."""
    if "id" in asked:
        one = select(C, U.c.name.label("owner")).outerjoin(U, U.c.id == C.c.owner_id)
        notes = select(H).where(H.c.entity == "customer", H.c.record_id == asked["id"])
        people = select(P).where(P.c.customer_id == asked["id"]).limit(50)
        notes = notes.order_by(H.c.id.desc()).limit(50)
        return [one.where(C.c.id == asked["id"]), people, notes][: asked.get("parts", 3)]
    shown = [C.c[f.column] for f in (WHOLE if asked.get("json") else SHOWN)]
    found = select(C.c.id, *shown, U.c.name.label("owner")).outerjoin(U, U.c.id == C.c.owner_id)
    found = found.where(C.c.deleted_at.is_(None), C.c.pool_id.is_(None))
    owners = asked["owners"]
    mine = C.c.owner_id == owners[0] if len(owners) == 1 else member_of(C.c.owner_id, owners)
    found = found.where(mine) if owners else found
    found = found.where(C.c.level == asked["level"]) if "level" in asked else found
    hit = search_index.matches(customer, asked.get("words", ""), customer.search_marks)
    found = found if hit is None else found.where(hit)
    found = found.order_by(C.c[asked["order"]].desc(), C.c.id.desc())
    return [found.offset(asked["offset"]).limit(asked["size"])]


def make_floor(main: Flask, engine: Engine) -> Flask:
    """A bare application beside the real one: the same process, the same pool."""
    floor = Flask("floor")

    @floor.post("/")
    def page() -> Any:
        asked = request.get_json()
        with main.app_context(), engine.connect() as connection:
            tables = [connection.execute(s).all() for s in statements(asked)]
        if asked.get("json"):
            return jsonify([[str(value) for value in row] for row in tables[0]])
        return PAGE.render(title="floor", tables=tables)

    return floor
