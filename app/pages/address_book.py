"""The address book (NOTE): every active colleague with department, position, telephone and e-mail.

Open to everybody who is logged in, whatever roles he has (docs/decisions/0013).
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import cells, state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.operations.handing_over.places import as_superior
from app.rules.organisation import hand_over_address
from app.spec.catalogue import catalogue
from app.spec.entity import OpenPage
from app.spec.errors import BadRequest, NotFound
from app.spec.kinds import BooleanField
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.text import is_storable
from app.spec.words import Label, either
from app.store import directory
from app.store.directory import Tree

ADDRESS_BOOK = catalogue.declare_open_page(
    OpenPage(
        Label("Address book", "通讯录"), "/address-book/", "address-book", "workbench", rank=81
    )
)
MOBILES: Setting[bool] = declare(
    "address_book_mobiles",
    BooleanField(
        label=Label("Mobile numbers in the address book", "通讯录显示手机号"), default=True
    ),
    Chapter.COMPANY,
)
SIZE, LONGEST = 50, 100


class AddressBookView(Page):
    """``/address-book/?search=&department=&page=``."""

    route_base = "/address-book"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "All colleagues. Look for a name, pinyin, a position or the end of a number; choose "
            "a department to see its people and those of the departments below it. Superiors hand "
            "over from here what one of their people has."
        )
    )
    def show(self) -> str:
        """One page of colleagues; 400 for other arguments, 404 for an unknown department."""
        state.only(request.args, ("search", "department", "page"))
        words = request.args.get("search", "").strip()
        if len(words) > LONGEST or not is_storable(words):
            raise BadRequest(_l("At most %(n)s characters.", n=LONGEST))
        place = state.whole(request.args.get("department"), 0)
        page = state.whole(request.args.get("page"), 1)
        tree = directory.tree()
        if place and place not in tree.nodes:
            raise NotFound
        within = tree.below(place) if place else None
        found, total = directory.people(
            words, within, with_mobiles=value(MOBILES), start=(max(page, 1) - 1) * SIZE, size=SIZE
        )
        rows = _rows(found, tree)
        screen = {
            "title": str(ADDRESS_BOOK.label),
            "search": words,
            "longest": LONGEST,
            "department": place or "",
            "total": total,
            "with_mobiles": value(MOBILES),
            "departments": _departments(tree, place, words),
            "rows": rows,
            "leads": any(row["hand_over_url"] for row in rows),
            "prev_url": _url(words, place, page - 1) if page > 1 else "",
            "next_url": _url(words, place, page + 1) if page * SIZE < total else "",
        }
        return render_template("address_book.html", screen=screen)


def _url(words: str, place: int, page: int = 1) -> str:
    given = {"search": words, "department": place, "page": page if page > 1 else ""}
    pairs = [(key, str(one)) for key, one in given.items() if one]
    return f"{ADDRESS_BOOK.url}?{urlencode(pairs)}" if pairs else ADDRESS_BOOK.url


def _departments(tree: Tree, place: int, words: str) -> list[dict[str, Any]]:
    everybody = tree.root.people if tree.root else 0
    rest = [node for node in tree.flat() if node is not tree.root]
    return [
        {"name": _("Everybody"), "people": everybody, "depth": 0, "url": _url(words, 0)}
        | {"active": not place},
        *(
            {
                "name": node.name,
                "people": node.people,
                "depth": min(node.depth, 6),
                "url": _url(words, node.id),
                "active": node.id == place,
            }
            for node in rest
        ),
    ]


def _rows(found: Sequence[Any], tree: Tree) -> list[dict[str, Any]]:
    phone, email = (cells.cell(catalogue.get("user").fields[key]) for key in ("mobile", "email"))
    return [
        {
            "id": row.id,
            "name": either(row.name, row.name_en),
            "initials": cells.initials(either(row.name, row.name_en)),
            "department": tree.nodes[row.department_id].name,
            "position": row.position or "",
            "mobile": cells.show(phone, row.mobile),
            "email": cells.show(email, row.email),
            "hand_over_url": hand_over_address(row.id) if as_superior(row.id) else "",
        }
        for row in found
    ]
