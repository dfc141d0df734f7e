"""The body of a table: rows of ready cells, put together here and not by a template.

Fifty rows of twelve cells are a third of a page's work; a template would look at every piece again.
They are half of its bytes too (LIST-1): ends that HTML lets one leave out are left out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.admin.page import here


def body(
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    *,
    selectable: bool = False,
    fixed: Collection[int] = (),
) -> Markup:
    """The rows of a table; ``selectable`` ones begin with a box, ``fixed`` ones can't be edited."""
    openings, select, label = _openings(columns), _("Select %(title)s"), str(escape(_("Star")))
    lines: list[str] = []
    for row in rows:
        mark = " data-fixed" if row["id"] in fixed else ""
        lines.append(f'<tr data-id="{row["id"]:d}"{mark}>')
        if selectable:
            lines.append(_pick(row["id"], select % {"title": row["title"]}))
        lines.extend(_cells(row, openings, label))
        lines.append("\n")
    return Markup("".join(lines))  # noqa: S704 - every piece is markup, escaped or a number


def star(url: str, *, is_set: bool) -> Markup:
    """The button that sets or takes the reader's star by posting the page's ``star-form``.

    By script without leaving the page.
    """
    label = str(escape(_("Star")))
    return Markup(_star(url, label, is_set=is_set))  # noqa: S704 - escaped


def _star(url: str, label: str, *, is_set: bool) -> str:
    wanted, pressed = ("0", "true") if is_set else ("1", "false")
    return (
        f'<button class="star" form="star-form" formaction="{escape(here(url))}" name="on"'
        f' value="{wanted}" aria-pressed="{pressed}" title="{label}"></button>'
    )


def _act(act: Mapping[str, Any]) -> str:
    """The button that does something to one row at once, by posting the page's ``row-form``."""
    address, label = escape(here(act["url"])), escape(act["label"])
    return (
        f'<button class="row-act" form="row-form" formaction="{address}" name="ids"'
        f' value="{act["id"]:d}" data-operation="{act["slug"]}">{label}</button>'
    )


def _pick(number: int, label: str) -> str:
    return (
        '<td class="pick"><input type="checkbox" class="form-check-input" name="ids"'
        f' value="{number:d}" aria-label="{escape(label)}">'
    )


def _cells(row: Mapping[str, Any], openings: Sequence[str], label: str) -> Iterator[str]:
    """``cells`` are markup already; the rest is escaped here."""
    head, *rest = row["cells"]
    yield openings[0]
    if "starred" in row:
        yield _star(row["star_url"], label, is_set=row["starred"])
    if "act" in row:
        yield _act(row["act"])
    title = escape(row["title"] or head)
    yield f'<a href="{escape(here(row["url"]))}">{title}</a>' if row["url"] else head
    for opening, cell in zip(openings[1:], rest, strict=True):
        yield opening
        yield cell


def _openings(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """What stands before each cell; the first is the head. A key is a name: it needs no quotes."""
    return [
        f"<td data-field={column['key']}"
        + (' class="n"' if column.get("numeric") else "")
        + (f' data-label="{escape(column["label"])}"' if place else "")
        + ">"
        for place, column in enumerate(columns)
    ]
