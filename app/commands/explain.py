"""``flask crm explain ENTITY``: everything that is derived from a declaration, to read and to diff.

Nothing is looked up in the database: what is printed is what the declaration means.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Table
from sqlalchemy.schema import CreateIndex

from app.commands.kinds import ENTITY
from app.extensions import db
from app.operations.registry import behaviour
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.roles import BUILT_IN_ROLES, Grant
from app.store import search_index

Row = Sequence[str]


@click.command("explain")
@click.argument("entity", type=ENTITY)
@with_appcontext
def explain(entity: Entity) -> None:
    """Print what is derived from the declaration of ENTITY: table, fields, routes, permissions."""
    click.echo("\n".join(explained(entity)))


def explained(entity: Entity) -> Iterator[str]:
    """The report, line by line."""
    yield f"{entity.key} — {entity.one.en} / {entity.one.zh}"
    yield f"called {entity.many.en} / {entity.many.zh} in menu {entity.menu!r}"
    yield f"titled by {entity.title}, ordered by {entity.order}; {', '.join(traits(entity))}"
    for title, head, rows in sections(entity):
        lines = list(rows)
        yield ""
        yield f"{title} ({len(lines)})"
        yield from aligned([head, *lines] if head else lines)


def traits(entity: Entity) -> Iterator[str]:
    """How its rows are scoped and deleted."""
    yield "owned: scoped by owner and team seats" if entity.is_owned else "not scoped by owner"
    for f in entity.letting_in:
        yield f"seen by whoever is among its {f.key}"
    if entity.is_pooled:
        yield "may lie in a pool"
    yield "deleted into the recycle bin" if entity.is_binned else "never deleted"


def sections(entity: Entity) -> Iterator[tuple[str, Row, Iterable[Row]]]:
    """Title, head and rows of each table of the report."""
    table: Table = entity.model.__table__
    yield f"Columns of table {table.name}", ("column", "type", "null", "points at"), columns(table)
    yield f"Indexes of table {table.name}", (), indexes(table)
    yield "Fields", FIELD_HEAD, map(field_row, entity.fields.values())
    yield "Search index", (), searched(entity)
    yield "Pages", (), routes(f"/{entity.plural}/")
    yield "REST", (), routes(f"/api/v1/{entity.plural}/")
    yield "Operations", OPERATION_HEAD, operations(entity)
    yield "Default grants", ("role", "scope", "operations", "fields"), grants(entity)
    yield "Children", ("entity", "through", "cascades"), children(entity)
    yield "Belongs to", (), ([f.key, f.to] for f in entity.parents)
    yield "Views", (), views(entity)


def columns(table: Table) -> Iterator[Row]:
    """Every stored column, derived ones included."""
    dialect = db.engine.dialect
    for column in table.columns:
        targets = ", ".join(sorted(key.target_fullname for key in column.foreign_keys))
        is_null = "null" if column.nullable else "not null"
        yield column.name, column.type.compile(dialect), is_null, targets


def indexes(table: Table) -> Iterator[Row]:
    """Every index as the database is told to make it."""
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield (str(CreateIndex(index).compile(dialect=db.engine.dialect)),)


FIELD_HEAD = ("field", "English", "Chinese", "kind", "facets", "filter operators")


def field_row(field: Field) -> Row:
    """One declared field: name, words, kind, what else was declared, how it is filtered."""
    kind = field.kind
    if isinstance(field, RelationField | LinksField):
        kind = f"{kind} → {field.to}"
    operators = " ".join(field.operators) if field.filterable else "–"
    return field.key, field.label.en, field.label.zh, kind, " ".join(facets(field)), operators


def facets(field: Field) -> Iterator[str]:
    """What a declaration says of a field, in the words it is declared with."""
    for facet in ("required", "unique", "listed", "fact", "quick", "sortable", "system"):
        if getattr(field, facet):
            yield facet
    if not field.editable:
        yield "not-editable"
    if field.search:
        yield f"searched:{field.search}"
    if field.mask:
        yield f"mask:{field.mask}"
    for derived in field.derived:
        yield f"derived:{derived.column_of(field.key)}"


def searched(entity: Entity) -> Iterator[Row]:
    """The side table and what its tokens are made from."""
    if search_index.is_searched(entity):
        yield search_index.side_table(entity), "one row per record, written with it"
    for field in entity.searched:
        yield field.key, field.search


def routes(prefix: str) -> Iterator[Row]:
    """The addresses under that prefix with their verbs."""
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith(prefix)]
    for rule in sorted(rules, key=lambda each: each.rule):
        yield rule.rule, " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


OPERATION_HEAD = ("permission", "English", "Chinese", "runs", "rows", "team seat", "parameters")


def operations(entity: Entity) -> Iterator[Row]:
    """Every operation: the slug is the name of the permission, the button and the address."""
    for verb in entity.verbs:
        runs = "bulk" if verb.is_bulk else "single"
        asked = behaviour(verb.slug).params(entity) if verb.is_bulk else verb.params
        parameters = " ".join(f"{p.key}{'*' if p.required else ''}" for p in asked)
        seat = verb.seats or "–"
        yield verb.slug, verb.label.en, verb.label.zh, runs, verb.rows, seat, parameters


def grants(entity: Entity) -> Iterator[Row]:
    """What the built-in roles start with; the super admin may everything."""
    for role in BUILT_IN_ROLES:
        given = entity.grants.get(role)
        if given is not None:
            yield role, str(given.scope), " ".join(given.operations), limits(given)


def limits(given: Grant) -> str:
    """The fields that the role doesn't see, write or read in full."""
    kinds = {"hidden": given.hidden, "read-only": given.read_only, "masked": given.masked}
    return "; ".join(f"{kind}: {' '.join(keys)}" for kind, keys in kinds.items() if keys)


def children(entity: Entity) -> Iterator[Row]:
    """The records that stand as tabs on its page."""
    for child in entity.children:
        other = catalogue.get(child.entity)
        yield other.key, child.through, "goes along" if child.cascades else "stays"


def views(entity: Entity) -> Iterator[Row]:
    """The saved views that come with it."""
    for view in entity.builtin_views:
        conditions = (" ".join(map(str, condition.values())) for condition in view.filters)
        yield view.key, view.label.en, view.label.zh, " and ".join(conditions)


def aligned(rows: Sequence[Row]) -> Iterator[str]:
    """Rows as columns under each other; Chinese characters are two wide."""
    count = max(map(len, rows), default=0)
    widths = [max(width(row[at]) for row in rows if at < len(row)) for at in range(count)]
    for row in rows:
        cells = [cell + " " * (widths[at] - width(cell)) for at, cell in enumerate(row)]
        yield f"  {'  '.join(cells)}".rstrip()


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
