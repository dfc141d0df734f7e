"""An entity that nobody declared: made up for a test, with a random mix of fields (style.md 3).

It gets a table of its own, a place in the catalogue, grants for the built-in roles and the rows of
the small company; afterwards nothing of it is left.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from app.extensions import db
from app.spec import columns
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Section
from app.spec.operations import POOLED, SHARED
from app.spec.options import fixed, option
from app.spec.relations import LinksField
from app.spec.roles import AUDITOR, CLERK, SALES_MANAGER, SALESPERSON, Grant, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from app.store import access, links, search_index
from app.store.context import system_scope
from app.store.organisation import RoleGrant
from app.store.record import Owned, Pooled, Record
from app.store.writer import Context, insert_rows
from tests.generated.seed import dice
from tests.generated.stage import Stage, role_id
from tests.generated.surfaces import OTHER_POOL
from tests.oracle import Company, Oracle, Pool, Row, read_table
from tests.oracle import Grant as Line
from tests.support.company import company, owned_rows, shared_rows
from tests.support.databases import Server
from tests.support.loader import load_rows
from tests.support.worlds import World

SHAPE = fixed(
    "shape",
    "Shape",
    "形状",
    option("round", "Round", "圆形", "green"),
    option("square", "Square", "方形"),
    option("flat", "Flat", "扁平", "red"),
)

MAKERS: dict[str, Callable[..., Any]] = {
    "maker": lambda **facets: columns.text("Maker", "制造商", search="text", **facets),
    "notes": lambda **facets: columns.long_text("Notes", "说明", **facets),
    "hotline": lambda **facets: columns.phone("Hotline", "热线", **facets),
    "mailbox": lambda **facets: columns.email("Mailbox", "信箱", **facets),
    "homepage": lambda **facets: columns.website("Homepage", "主页", **facets),
    "licence": lambda **facets: columns.credit_code("Licence", "执照", **facets),
    "pieces": lambda **facets: columns.integer("Pieces", "件数", **facets),
    "price": lambda **facets: columns.money("Price", "价格", **facets),
    "made_on": lambda **facets: columns.date("Made on", "生产日期", **facets),
    "nameday": lambda **facets: columns.birthday("Name day", "纪念日", **facets),
    "serviced_at": lambda **facets: columns.moment("Serviced at", "保养时间", **facets),
    "is_heavy": lambda **facets: columns.boolean("Heavy", "是否笨重", **facets),
    "shape": lambda **facets: columns.choice("Shape", "形状", SHAPE, **facets),
    "keeper": lambda **facets: columns.person("Keeper", "保管人", **facets),
    "place": lambda **facets: columns.link("Place", "所在部门", "department", **facets),
}
SORTED = frozenset({"maker", "pieces", "price", "made_on", "serviced_at"})

MANAGER_DOES = "list read create edit delete restore export bulk_edit transfer add_team remove_team"
SELLER_DOES = "list read create edit add_team remove_team"
_numbers = count(1)


def make_model(seed: int, *, pooled: bool) -> Any:
    """A model class with a name, a mobile and about two thirds of the other kinds of fields."""
    chance, number = dice(seed, "invented", pooled), next(_numbers)
    chosen = sorted(chance.sample(sorted(MAKERS), 10))
    body: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": "Something that nobody declared.",
        "name": columns.name("Name", "名称", max_length=120),
        "mobile": columns.mobile("Mobile", "手机", listed=True, unique=chance.random() < 0.5),
        "remark": columns.long_text("Remark", "备注"),
    }
    for key in chosen:
        facets: dict[str, Any] = {"listed": chance.random() < 0.5}
        facets["section"] = chance.choice([Section.BASIC, Section.BUSINESS])
        if key in SORTED:
            facets["sortable"] = chance.random() < 0.7
        body[key] = MAKERS[key](**facets)
    if not pooled:  # who shares the work sees it too
        body["helpers"] = columns.links("Helpers", "协助人", "user", lets_in=True)
    return type(f"Invented{number}", (Pooled if pooled else Owned, Record), body)


def declare(seed: int, *, pooled: bool) -> Entity:
    """Declare it: every operation, and grants as lines of the contract's table would give."""
    model = make_model(seed, pooled=pooled)
    key = model.__tablename__
    more = " assign claim release move_pool" if pooled else ""
    grants: dict[str, Grant] = {
        SALES_MANAGER: grant(Scope.DEPARTMENT_TREE, MANAGER_DOES + more),
        SALESPERSON: grant(Scope.SELF, SELLER_DOES + (" claim release" if pooled else "")),
        CLERK: grant(Scope.DEPARTMENT, "list read create edit"),
        AUDITOR: grant(Scope.ALL, "list read", masked="mobile"),
    }
    entity = Entity(
        model=model,
        key=key,
        plural=f"{key}s",
        one=Label("Invention", "发明"),
        many=Label("Inventions", "发明"),
        icon="package",
        menu="customers",
        operations=POOLED if pooled else SHARED,
        grants=grants,
        samples=({"name": "First invention"},),
    )
    catalogue.declare(entity)
    entity.validate({one.key: one for one in catalogue})
    return entity


def company_with(entity: Entity) -> Company:
    """The small company, in which everybody has inventions as they have contacts."""
    found, rows, pools = company(), shared_rows(), {}
    if entity.is_pooled:
        rows = (*owned_rows(), Row(11, None, OTHER_POOL))
        pools = {OTHER_POOL: Pool(OTHER_POOL, entity.key)}
    return replace(found, rows={**found.rows, entity.key: rows}, pools={**found.pools, **pools})


def oracle_with(entity: Entity) -> Oracle:
    lines = [
        Line(role, entity.key, str(given.scope), frozenset(given.operations))
        for role, given in entity.grants.items()
    ]
    return Oracle(company_with(entity), [*read_table(), *lines])


class InventedWorld(World):
    """A world whose database knows the entity, each time it is renewed."""

    def __init__(self, server: Server, folder: Path, worker: str, entity: Entity) -> None:
        self.entity = entity
        super().__init__(server, folder, worker)

    def renew(self) -> None:
        was_dirty = self.is_dirty
        super().renew()
        if was_dirty:
            self._furnish()
            self.is_dirty = False

    def _furnish(self) -> None:
        """Table, search index, grants and rows; committed."""
        with self.app.app_context(), system_scope("something that nobody declared"):
            for table in tables_of(self.entity):
                table.create(db.engine)
            search_index.create_tables()
            for code, given in self.entity.grants.items():
                row = {
                    "role_id": role_id(code),
                    "entity": self.entity.key,
                    "scope": str(given.scope),
                    "operations": list(given.operations),
                    "departments": [],
                    "fields": {key: {"mask": 2} for key in given.masked},
                }
                db.session.execute(insert(RoleGrant.__table__), [row])
            pools = {}
            if self.entity.is_pooled:
                pool = {"name": OTHER_POOL, "kind": self.entity.plural, "is_enabled": True}
                both = [pool, pool | {"name": "Another pool for inventions"}]
                made = insert_rows(catalogue.get("pool"), both, Context("create"))
                pools[OTHER_POOL] = made[0]
            load_rows(company_with(self.entity), self.entity.key, self._people(), pools)
            access.touch()
            db.session.commit()

    def _people(self) -> dict[str, int]:
        table = catalogue.get("user").model.__table__
        rows = db.session.execute(table.select().with_only_columns(table.c.username, table.c.id))
        return {username: number for username, number in rows}  # noqa: C416 - rows, not pairs


def tables_of(entity: Entity) -> list[Table]:
    """Its table, then those of its links."""
    fields = entity.fields.values()
    linked = [links.table_of(f) for f in fields if isinstance(f, LinksField)]
    return [entity.model.__table__, *linked]


@contextmanager
def invented(server: Server, folder: Path, seed: int, *, pooled: bool) -> Iterator[Stage]:
    """A stage on which the made-up entity is declared as any other; gone afterwards."""
    entity = declare(seed, pooled=pooled)
    world = None
    try:
        world = InventedWorld(server, folder, f"invented_{entity.key}", entity)
        world.renew()
        stage = Stage(world, oracle_with(entity))
        yield stage
    finally:
        if world is not None:
            world.close()
        catalogue.forget(entity.key)
        for table in reversed(tables_of(entity)):
            db.metadata.remove(table)
