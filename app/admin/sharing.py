"""Under which names a view is kept, and with whom it is shared: for pages and programs (LIST-4)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import editing
from app.spec.catalogue import catalogue
from app.spec.entity import Entity, PageRight
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.kinds import OptionField, TextField
from app.spec.relations import LinksField
from app.spec.roles import SALES_MANAGER, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from app.store.context import actor
from app.store.views import AUDIENCE, Kept, Shared

SHARING = catalogue.declare_page(
    PageRight(
        key="shared_views",
        label=Label("Shared views", "共享场景"),
        operations=("share",),
        grants={SALES_MANAGER: grant(Scope.ALL, "share")},
        url="",
        icon="share",
        menu="workbench",
    )
)
NAMES: dict[str, Field] = {
    "name": TextField(label=Label("Name", "名称"), key="name", max_length=60),
    "name_en": TextField(label=Label("English name", "英文名称"), key="name_en", max_length=60),
}
_SOME = ("audience", "some")
CIRCLE = {
    "roles": LinksField(label=Label("Roles", "角色"), key="roles", to="role", only_with=_SOME),
    "departments": LinksField(
        label=Label("Departments, with those below them", "部门（含下属部门）"),
        key="departments",
        to="department",
        only_with=_SOME,
    ),
}
AUDIENCE_FIELDS: dict[str, Field] = {
    "audience": OptionField(
        label=Label("Shared with", "共享给"),
        key="audience",
        choices=AUDIENCE,
        required=True,
        default="nobody",
    ),
    **CIRCLE,
}


def fields() -> dict[str, Field]:
    """What the actor may say of a view: who may use it only when he may share."""
    may_share = actor().rights.may(SHARING.key, "share")
    return NAMES | AUDIENCE_FIELDS if may_share else NAMES


def read(
    entity: Entity, raw: Mapping[str, Any], view: Kept | None = None
) -> tuple[tuple[str, str], Shared]:
    """Names and audience as they were sent; Invalid without a name, or for an empty circle.

    Whoever may not share leaves the audience as it is.
    """
    known = fields()
    values = editing.parse(known, raw, complete=True)
    editing.resolve(entity, known, values)
    names = (values.get("name") or "", values.get("name_en") or "")
    if not any(names):
        raise Invalid(fields={"name": [_l("Give the view a name in at least one language.")]})
    if "audience" not in values:
        return names, view.shared if view else Shared()
    if values["audience"] != "some":
        return names, Shared(values["audience"])
    circle = {key: frozenset(values.get(key) or ()) for key in CIRCLE}
    if not any(circle.values()):
        raise Invalid(fields={"audience": [_l("Choose at least one role or department.")]})
    return names, Shared("some", **circle)


def stored(view: Kept) -> dict[str, Any]:
    """Its names and audience, as a form or a program sends them."""
    zh, en = view.names
    return {
        "name": zh,
        "name_en": en,
        "audience": view.shared.audience,
        "roles": sorted(view.shared.roles),
        "departments": sorted(view.shared.departments),
    }
