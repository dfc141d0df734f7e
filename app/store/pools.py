"""Customer and lead pools (POOL) and team seats (CUS-4): what adds rows to somebody's scope."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import columns as field
from app.spec.catalogue import catalogue
from app.spec.days import DaysField
from app.spec.entity import Entity
from app.spec.field import Section
from app.spec.kinds import BooleanField, IntegerField
from app.spec.options import Dictionary, Option, fixed, option
from app.spec.types import UTCDateTime
from app.spec.words import Label
from app.store.record import Record


class PooledKinds(Dictionary):
    """The entities whose rows may lie in a pool, as a list of choices."""

    def current(self) -> tuple[Option, ...]:
        return tuple(Option(e.plural, e.many) for e in catalogue if e.is_pooled)


class PooledFields(Dictionary):
    """The fields of all kinds of records that may lie in a pool, as a list of choices."""

    def current(self) -> tuple[Option, ...]:
        kinds = [entity for entity in catalogue if entity.is_pooled]
        keys = dict.fromkeys(key for entity in kinds for key in shown_in_pools(entity))
        common = sorted(keys, key=lambda key: not all(key in one.fields for one in kinds))
        return tuple(Option(key, _called(key, kinds)) for key in common)


def shown_in_pools(entity: Entity) -> list[str]:
    """The fields of a kind of record that a pool may show; what it always shows is none of them."""
    apart = {entity.title, "owner", "pool", "pooled_at"}
    return [key for key in entity.fields if key not in apart]


def _called(key: str, kinds: list[Entity]) -> Label:
    """The field's name, or names; of one that not all have, the kinds that have it too."""
    having = [entity for entity in kinds if key in entity.fields]
    names = list(dict.fromkeys(entity.fields[key].label for entity in having))
    en, zh = (" / ".join(getattr(name, of) for name in names) for of in ("en", "zh"))
    if len(having) == len(kinds):
        return Label(en, zh)
    many = [entity.many for entity in having]
    return Label(
        f"{en} ({', '.join(one.en for one in many)})",
        f"{zh}（{'、'.join(one.zh for one in many)}）",
    )


CLAIM_PERIOD = fixed(
    "claim_period",
    "Period",
    "周期",
    option("day", "Day", "每天"),
    option("week", "Week", "每周"),
    option("month", "Month", "每月"),
)
POOL_FIELDS = PooledFields("pool_fields", Label("Fields", "字段"), (), is_editable=False)
POOL_KIND = PooledKinds("pool_kind", Label("Kind", "类型"), (), is_editable=False)


class Pool(Record):
    """A pool of records without owner; no members named means everybody (POOL-1)."""

    name = field.name("Name", "名称", max_length=80)
    name_en = field.text("English name", "英文名称", max_length=80, listed=True, search="text")
    kind = field.choice(
        "Kind", "类型", POOL_KIND, required=True, listed=True, fact=True, quick=True, editable=False
    )
    admins = field.links(
        "Pool admins", "公海管理员", "user", listed=True, fact=True, quick=True, table="pool_admins"
    )
    members = field.links(
        "Pool members",
        "公海成员",
        "user",
        listed=True,
        fact=True,
        table="pool_members",
        help=Label(
            "Neither members nor departments: everybody.", "成员和成员部门都不填，表示所有人。"
        ),
    )
    member_departments = field.links(
        "Member departments", "成员部门", "department", table="pool_member_departments"
    )
    visible_columns = field.several(
        "Visible columns",
        "公海可见字段",
        POOL_FIELDS,
        help=Label(
            "What members see of a record until they claim it, besides its name. "
            "None: the columns of its list.",
            "成员在领取前能看到的字段，名称始终可见；不选则为列表中的列。",
        ),
    )
    is_enabled = field.boolean("Enabled", "启用", listed=True, fact=True, quick=True, default=True)
    position = field.integer("Order", "顺序", default=0)
    claim_limit = field.integer(
        "Claims per person and period",
        "每人每周期可领取数",
        minimum=1,
        maximum=1_000_000,
        section=Section.CLAIMING,
        help=Label("Empty: as many as he likes.", "不填表示不限。"),
    )
    claim_period = field.choice(
        "Period",
        "周期",
        CLAIM_PERIOD,
        default="day",
        section=Section.CLAIMING,
        help=Label(
            "Days, weeks from Monday, months, by the company's clock.",
            "自然日、自然周（周一起）、自然月，按企业时区计算。",
        ),
    )
    previous_owner_days = field.integer(
        "Previous owner waits (days)",
        "前负责人再次领取间隔（天）",
        default=0,
        minimum=0,
        maximum=3650,
        section=Section.CLAIMING,
        help=Label(
            "From when it left him, he may not claim it again for so long. 0: he may at once.",
            "自记录离开其名下起，前负责人在此期间内不能再次领取；0 表示不限制。",
        ),
    )
    protection_days = field.integer(
        "New data protection (days)",
        "新数据保护（天）",
        default=0,
        minimum=0,
        maximum=3650,
        section=Section.CLAIMING,
        help=Label(
            "What comes into the pool, only its admins may claim for so long. 0: no protection.",
            "记录进入公海后，在此期间内仅公海管理员可领取；0 表示不保护。",
        ),
    )

    quiet_days = DaysField(
        label=Label("Recycle without a new follow-up for (days)", "多少天未跟进自动收回（天）"),
        section=Section.RECYCLING,
        help=Label(
            "Since the last follow-up or since it was obtained, whichever is later. Empty: never.",
            "从最后一次跟进或获得时间（取较晚者）起算；留空表示不收回。",
        ),
    )
    quiet_spares_won = BooleanField(
        label=Label("But not those that are won", "已成交的除外"),
        default=True,
        section=Section.RECYCLING,
    )
    unwon_days = DaysField(
        label=Label("Recycle while not won for (days)", "多少天未成交自动收回（天）"),
        section=Section.RECYCLING,
        help=Label(
            "Since it was obtained; only for records with a deal status. Empty: never.",
            "从获得时间起算；仅适用于有成交状态的记录。留空表示不收回。",
        ),
    )
    warn_owner_days = IntegerField(
        label=Label("Warn the owner ahead (days)", "提前多少天提醒负责人（天）"),
        default=7,
        minimum=0,
        maximum=365,
        section=Section.RECYCLING,
        help=Label("0: no warning.", "0 表示不提醒。"),
    )
    warn_superior_days = IntegerField(
        label=Label("Warn the superior ahead (days)", "提前多少天提醒上级（天）"),
        default=3,
        minimum=0,
        maximum=365,
        section=Section.RECYCLING,
        help=Label("0: no warning.", "0 表示不提醒。"),
    )


pool_admins = Table(
    "pool_admins",
    db.metadata,
    Column("pool_id", ForeignKey("pool.id"), primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), primary_key=True, index=True),
)
pool_members = Table(
    "pool_members",
    db.metadata,
    Column("pool_id", ForeignKey("pool.id"), primary_key=True),
    Column("user_id", ForeignKey("user_account.id"), primary_key=True, index=True),
)
pool_member_departments = Table(
    "pool_member_departments",
    db.metadata,
    Column("pool_id", ForeignKey("pool.id"), primary_key=True),
    Column("department_id", ForeignKey("department.id"), primary_key=True, index=True),
)


class TeamSeat(db.Model):  # type: ignore[name-defined,misc]
    """A place in the team of one record: read-only or read-write, until it expires (CUS-4)."""

    __tablename__ = "team_seat"
    __table_args__ = (Index("ix_team_seat_user_id", "user_id", "entity", "record_id"),)

    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    level: Mapped[str] = mapped_column(String(5))
    until: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
