"""The rules that say how many records somebody may have or lock (POOL-9), as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.spec import columns as field
from app.spec.options import fixed, option
from app.spec.words import Label
from app.store.pools import POOL_KIND
from app.store.record import Record

HOLDING, LOCKED = "holding", "locked"

COUNTED = fixed(
    "counted",
    "What is limited",
    "限制内容",
    option(HOLDING, "How many somebody has", "拥有数"),
    option(LOCKED, "How many somebody has locked", "锁定数"),
)


class Cap(Record):
    """A rule: these people may have so many. Nobody named means everybody."""

    name = field.name("Name", "名称", max_length=80)
    name_en = field.text("English name", "英文名称", max_length=80, listed=True, search="text")
    kind = field.choice(
        "Kind", "类型", POOL_KIND, required=True, listed=True, fact=True, quick=True
    )
    counted = field.choice(
        "What is limited",
        "限制内容",
        COUNTED,
        required=True,
        default=HOLDING,
        listed=True,
        fact=True,
        quick=True,
    )
    number = field.integer(
        "At most", "上限", required=True, minimum=0, maximum=1_000_000, listed=True, fact=True
    )
    users = field.links("People", "员工", "user", listed=True, fact=True)
    departments = field.links(
        "Departments",
        "部门",
        "department",
        listed=True,
        fact=True,
        help=Label(
            "With all departments below them. No people and no departments: for everybody.",
            "含所有下级部门。员工和部门都为空时适用于所有人。",
        ),
    )
    counts_done = field.boolean(
        "Won and converted ones count too",
        "已成交与已转化的也计入",
        help=Label(
            "Otherwise they leave room for others.", "不勾选时，已成交或已转化的记录不占用名额。"
        ),
    )
    position = field.integer(
        "Order",
        "顺序",
        default=0,
        listed=True,
        sortable=True,
        help=Label(
            "Of several rules for somebody the first one holds.", "有多条规则适用时，以靠前的为准。"
        ),
    )
    is_enabled = field.boolean("Enabled", "启用", listed=True, fact=True, quick=True, default=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """An enabled rule as it is obeyed."""

    kind: str
    """The plural of the entity that it is about."""
    counted: str
    most: int
    counts_done: bool
    users: frozenset[int]
    departments: frozenset[int]


def load() -> tuple[Rule, ...]:
    """The enabled rules in their order; one statement while there is none."""
    table = Cap.__table__
    wanted = select(table).where(table.c.is_enabled, table.c.deleted_at.is_(None))
    rows = db.session.execute(wanted.order_by(table.c.position, table.c.id)).all()
    if not rows:
        return ()
    people, places = (_linked(key) for key in ("users", "departments"))
    return tuple(
        Rule(
            row.kind,
            row.counted,
            row.number,
            row.counts_done,
            people.get(row.id, frozenset()),
            places.get(row.id, frozenset()),
        )
        for row in rows
    )


def _linked(key: str) -> Mapping[int, frozenset[int]]:
    """Whom or what the rules name, by rule."""
    table = db.metadata.tables[f"{Cap.__tablename__}_{key}"]
    found: dict[int, frozenset[int]] = {}
    for rule, named in db.session.execute(select(table)):
        found[rule] = found.get(rule, frozenset()) | {named}
    return found
