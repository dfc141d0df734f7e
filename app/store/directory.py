"""The colleagues and their departments, as everybody who is logged in may look them up (NOTE).

Names, departments, positions and how to reach somebody: nothing else of an account is read here.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.words import either
from app.store import search_index
from app.store.context import system_scope
from app.store.organisation import Department, User
from app.store.scope import member_of

REASON = "the address book is open to everybody who is logged in"
HIDEABLE = ("mobile",)
"""Fields that may be left out of the book, and are then not searched either."""


@dataclass
class Node:
    """A department in the tree with its people, those of the departments below it included."""

    id: int
    name: str
    depth: int
    people: int = 0
    version: int = 0
    head: str = ""
    children: list["Node"] = field(default_factory=list)


@dataclass
class Tree:
    """The departments in their order."""

    root: Node | None
    nodes: dict[int, Node]

    def below(self, node_id: int) -> list[int]:
        """A department and all below it."""
        found, waiting = [], [self.nodes[node_id]]
        while waiting:
            node = waiting.pop()
            found.append(node.id)
            waiting.extend(node.children)
        return found

    def flat(self) -> list[Node]:
        """All nodes from top to bottom, as a list is read."""
        found: list[Node] = []
        waiting = [self.root] if self.root else []
        while waiting:
            node = waiting.pop()
            found.append(node)
            waiting.extend(reversed(node.children))
        return found


def tree() -> Tree:
    """The departments with their heads and how many active people work there: two statements."""
    with system_scope(REASON):
        rows = db.session.execute(
            select(
                Department.id,
                Department.parent_id,
                Department.name,
                Department.name_en,
                Department.version,
                User.name.label("head"),
                User.name_en.label("head_en"),
            )
            .outerjoin(User, User.id == Department.head_id)
            .where(Department.deleted_at.is_(None))
            .order_by(Department.position, Department.name_sort, Department.id)
        ).all()
        counted = db.session.execute(
            select(User.department_id, func.count())
            .where(User.is_active)
            .group_by(User.department_id)
        )
        staff = Counter({place: n for place, n in counted})  # noqa: C416 - rows are not pairs
    nodes = {
        row.id: Node(
            row.id,
            either(row.name, row.name_en),
            0,
            staff[row.id],
            row.version,
            either(row.head, row.head_en),
        )
        for row in rows
    }
    root = None
    for row in rows:
        if row.parent_id in nodes:
            nodes[row.parent_id].children.append(nodes[row.id])
        elif row.parent_id is None:
            root = nodes[row.id]
    found = Tree(root, nodes)
    _fill_in(found)
    return found


def _fill_in(found: Tree) -> None:
    """Depths from the top down, numbers of people from the bottom up."""
    for node in found.flat():
        for child in node.children:
            child.depth = node.depth + 1
    for node in reversed(found.flat()):
        node.people += sum(child.people for child in node.children)


def people(
    words: str,
    departments: Sequence[int] | None,
    *,
    with_mobiles: bool,
    start: int,
    size: int,
) -> tuple[Sequence[Any], int]:
    """One page of active colleagues by name, and how many there are: two statements."""
    conditions: list[ColumnElement[bool]] = [User.is_active]
    if departments is not None:
        conditions.append(member_of(User.department_id, departments))
    if words:
        conditions.append(_called(words, with_mobiles=with_mobiles))
    statement = (
        select(
            User.id,
            User.name,
            User.name_en,
            User.department_id,
            User.position,
            User.mobile,
            User.email,
        )
        .where(*conditions)
        .order_by(User.name_sort, User.id)
        .offset(start)
        .limit(size)
    )
    with system_scope(REASON):
        found = db.session.execute(statement).all()
        total = db.session.scalar(select(func.count(User.id)).where(*conditions)) or 0
    return found, total


def colleagues(words: str, among: Collection[int] | None, most: int) -> Sequence[Any]:
    """Active colleagues by name, of whom ``words`` tell, of these only unless None: a statement."""
    conditions: list[ColumnElement[bool]] = [User.is_active]
    if among is not None:
        conditions.append(member_of(User.id, sorted(among)))
    if words:
        conditions.append(_called(words, with_mobiles=False))
    asked = select(User.id, User.username, User.name, User.name_en, User.department_id)
    with system_scope(REASON):
        found = asked.where(*conditions).order_by(User.name_sort, User.id).limit(most)
        return db.session.execute(found).all()


def _called(words: str, *, with_mobiles: bool) -> ColumnElement[bool]:
    """Found by name, pinyin or number as anywhere else; by position and e-mail as typed."""
    entity = catalogue.get("user")
    fields = {f.key for f in entity.searched} - (set() if with_mobiles else set(HIDEABLE))
    indexed = search_index.matches(entity, words, fields)
    plain = [column.icontains(words, autoescape=True) for column in (User.position, User.email)]
    return or_(*plain, *([] if indexed is None else [indexed]))


def names() -> dict[int, str]:
    """What the departments are called, in the reader's language: one statement."""
    with system_scope(REASON):
        rows = db.session.execute(select(Department.id, Department.name, Department.name_en)).all()
    return {row.id: either(row.name, row.name_en) for row in rows}
