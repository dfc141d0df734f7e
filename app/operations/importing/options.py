"""How an import is to be done: what the dialog asks for, beside which column means what (IMP)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import editing
from app.operations.importing import headers
from app.spec import columns
from app.spec.entity import NUMBER, Entity
from app.spec.errors import BadRequest, Invalid, NotPermitted
from app.spec.field import Field
from app.spec.kinds import BooleanField, ChoicesField, OptionField
from app.spec.operations import RELEASE
from app.spec.options import Dictionary, Option, fixed, option
from app.spec.relations import RelationField
from app.spec.settings import Chapter, Setting, declare
from app.spec.words import Label
from app.store.context import actor, operating
from app.store.policy import Policy

MOST_ROWS: Setting[int] = declare(
    "import_rows",
    columns.integer(
        "Rows that can be imported from one file", "每个文件最多导入行数", default=200_000,
        minimum=1, maximum=1_000_000,
    ),
    Chapter.BULK,
)  # fmt: skip
MOST_MB: Setting[int] = declare(
    "import_mb",
    columns.integer(
        "Size of a file that is imported (MB)", "导入文件大小上限（MB）", default=50,
        minimum=1, maximum=500,
    ),
    Chapter.BULK,
)  # fmt: skip

MODE = fixed(
    "import_mode",
    "What to do",
    "导入方式",
    option("create", "Create only; leave out what exists", "仅新建，已存在的跳过"),
    option("update", "Update only; leave out what is new", "仅更新，不存在的跳过"),
    option("both", "Create what is new, update what exists", "新建，已存在的更新"),
)
_ATTACH = option("attach", "Create what is new, attach to what exists", "新建，已存在的只附加")
MODE_CARRYING = replace(MODE, options=(*MODE.options, _ATTACH))
"""Of sheets whose rows may carry a child of their record."""
DEFAULTS = "defaults"


@dataclass(frozen=True)
class Options:
    """The settings of one import, with stored values; ``raw`` is how they are kept."""

    mode: str
    match: tuple[str, ...] = ()
    """The fields that tell together which record a row is; none: the unique ones, each alone."""
    owner: int | None = None
    pool: int | None = None
    notify: bool = True
    """Whether new owners hear of it."""
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def creates(self) -> bool:
        return self.mode != "update"

    @property
    def updates(self) -> bool:
        return self.mode in ("update", "both")

    @property
    def attaches(self) -> bool:
        """Whether what a row carries joins a record that exists, changed or not."""
        return self.mode != "create"


def params(entity: Entity) -> list[Field]:
    """The fields of the dialog: only what this entity has and this person may choose."""
    rights = actor().rights
    found: list[Field] = [
        OptionField(
            label=Label("What to do", "导入方式"), key="mode", default="create",
            choices=MODE_CARRYING if entity.carried else MODE, required=True,
        ),
    ]  # fmt: skip
    if candidates(entity):
        found.append(_match(entity))
    if entity.is_owned:
        found.append(
            RelationField(
                label=Label("Owner", "负责人"), key="owner", to="user",
                help=Label("Of rows that name none. Empty: you.", "未填写负责人的行；不选则为您。"),
            )
        )  # fmt: skip
        found.append(
            BooleanField(
                label=Label("Tell the owners", "通知负责人"), key="notify", default=True,
                help=Label(
                    "Whoever gets new records hears of it, once.", "新记录的负责人会收到一条通知。"
                ),
            )
        )  # fmt: skip
    if entity.is_pooled and rights.may(entity.key, RELEASE.slug):
        found.append(
            RelationField(
                label=Label("Straight into a pool", "直接导入公海"), key="pool", to="pool",
                help=Label("Then they have no owner.", "导入后没有负责人。"),
            )
        )  # fmt: skip
    return found


def candidates(entity: Entity) -> dict[str, Field]:
    """The fields that may tell which record a row is: what he reads in full and may write."""
    plain = Policy(actor(), entity, "edit", in_list=True).plain
    return {
        key: f
        for key, f in plain.items()
        if f.is_stored and not f.system and (f.unique or f.search or f.kind in _TELLING)
        if f.kind != "long_text"
    }


_TELLING = ("phone", "email", "relation", "text")


def _match(entity: Entity) -> Field:
    known = tuple(Option(key, f.label) for key, f in candidates(entity).items())
    label = Label("Which record a row is", "按哪些字段匹配")
    return ChoicesField(
        label=label,
        key="match",
        choices=Dictionary("import_match", label, known, is_editable=False),
        help=Label(
            "Records that agree in all of these. None ticked: by record number or unique fields.",
            "所选字段全部相同才视为同一条记录；不选则按记录编号或唯一字段匹配。",
        ),
    )


def parse(entity: Entity, raw: Mapping[str, Any]) -> Options:
    """The options that were sent; Invalid or BadRequest for what can't be, NotPermitted for what
    this person may not."""
    fields = {f.key: f for f in params(entity)}
    if set(raw) - {*fields, DEFAULTS}:
        raise BadRequest(_l("The arguments are not understood."))
    given = {key: value for key, value in raw.items() if key != DEFAULTS}
    values = editing.parse(fields, given, complete=True)
    with operating("import", entity.key):
        editing.resolve(entity, fields, values)
    options = Options(
        mode=values["mode"],
        match=tuple(values.get("match") or ()),
        owner=values.get("owner"),
        pool=values.get("pool"),
        notify=values.get("notify") is not False,
        defaults=_defaults(entity, raw.get(DEFAULTS) or {}),
    )
    demand(entity, options)
    return options


def demand(entity: Entity, options: Options) -> None:
    """An import does what its doer may do by form: creating, changing, releasing (IMP)."""
    may = actor().rights.may
    needed = [
        *(["create"] if options.creates else []),
        *(["edit"] if options.attaches else []),
        *([RELEASE.slug] if options.pool else []),
    ]
    if not all(may(entity.key, slug) for slug in ("import", *needed)):
        raise NotPermitted
    reach = actor().rights.reach(entity.key, "create")
    if options.owner and not (reach.everything or options.owner in reach.owners):
        raise Invalid(fields={"owner": [FOREIGN_OWNER]})


FOREIGN_OWNER = _l("You can't create records for this person.")


def defaultable(entity: Entity) -> dict[str, Field]:
    """The fields that a value can be given for at once, for rows that say nothing of them."""
    fields = headers.own(headers.importable(entity, Policy(actor(), entity, "import")))
    unique = {key for key, f in fields.items() if f.is_unique}
    return {
        key: f
        for key, f in fields.items()
        if key not in {NUMBER.key, "owner", entity.title, *unique}
    }


def _defaults(entity: Entity, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadRequest(_l("The arguments are not understood."))
    fields = defaultable(entity)
    given = {key: value for key, value in raw.items() if value not in ("", None, [])}
    optional = {key: fields[key] for key in given if key in fields}
    values = editing.parse(optional, given)
    with operating("import", entity.key):
        editing.resolve(entity, optional, values)
    return values
