"""The body of a table: rows of ready cells, put together here and not by a template.

Fifty rows of twelve cells are a third of a page's work; a template would look at every piece again.
They are half of its bytes too (LIST-1): ends that HTML lets one leave out are left out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

_OPENING = Markup("<td data-field=%s%s%s>")
"""A field's key is a name, so it stands without quotes."""
_PICK = Markup(
    '<td class="pick"><input type="checkbox" class="form-check-input" name="ids" value="%s"'
    ' aria-label="%s">'
)
_LINK = Markup('<a href="%s">%s</a>')
_STAR = Markup(
    '<button class="star" form="star-form" formaction="%s" name="on" value="%s"'
    ' aria-pressed="%s" title="%s"></button>'
)


def body(
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    *,
    selectable: bool = False,
    fixed: Collection[int] = (),
) -> Markup:
    """The rows of a table; ``selectable`` ones begin with a box, ``fixed`` ones can't be edited."""
    openings, select, label = _openings(columns), _("Select %(title)s"), _("Star")
    lines: list[str] = []
    for row in rows:
        mark = " data-fixed" if row["id"] in fixed else ""
        lines.append(f'<tr data-id="{row["id"]:d}"{mark}>')
        if selectable:
            lines.append(_PICK % (row["id"], select % {"title": row["title"]}))
        lines.extend(_cells(row, openings, label))
        lines.append("\n")
    return Markup("".join(lines))  # noqa: S704 - every piece is markup or a number


def star(url: str, *, is_set: bool) -> Markup:
    """The button that sets or takes the reader's star by posting the page's ``star-form``.

    By script without leaving the page.
    """
    return _star(url, _("Star"), is_set=is_set)


def _star(url: str, label: str, *, is_set: bool) -> Markup:
    return _STAR % (url, 0 if is_set else 1, "true" if is_set else "false", label)


def _cells(row: Mapping[str, Any], openings: Sequence[Markup], label: str) -> Iterator[Markup]:
    head, *rest = row["cells"]
    yield openings[0]
    if "starred" in row:
        yield _star(row["star_url"], label, is_set=row["starred"])
    yield _LINK % (row["url"], row["title"] or head) if row["url"] else head
    for opening, cell in zip(openings[1:], rest, strict=True):
        yield opening
        yield cell


def _openings(columns: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """What stands before each cell; the first is the head."""
    return [
        _OPENING
        % (
            column["key"],
            Markup(' class="n"') if column.get("numeric") else "",
            Markup(' data-label="%s"') % column["label"] if place else "",
        )
        for place, column in enumerate(columns)
    ]
