"""How records come to their owners and leave them for a pool: the same numbers for all with pools.

They are taken from the record as it is now, so that each number is a list: who got a record counts
for his last way to it, and a record that has left the pool since counts no more.
"""

from typing import Any

from app.spec.declare import Label, condition, metric
from app.spec.metrics import Metric
from app.store.indexes import index_numbers

WAYS = {
    "claimed": (
        Label("%s claimed", "领取的%s"),
        Label(
            "Claimed from a pool in the period and still with whoever claimed them.",
            "期间内从公海领取、之后未再换负责人的记录。",
        ),
    ),
    "assigned": (
        Label("%s assigned", "分配的%s"),
        Label("Assigned to their present owner in the period.", "期间内分配给现负责人的记录。"),
    ),
    "transferred": (
        Label("%s transferred", "转移的%s"),
        Label("Transferred to their present owner in the period.", "期间内转移给现负责人的记录。"),
    ),
}
"""How an owner obtained a record: the number's name, with a place for the records', and meaning."""


def flow(plural: str, many: Label) -> tuple[Metric, ...]:
    """Claimed, assigned, transferred, and now in a pool: of an entity whose rows may lie in one."""
    return (*(obtained(plural, many, way) for way in WAYS), pooled(plural, many))


def obtained(plural: str, many: Label, way: str) -> Metric:
    """The records that their present owners obtained in that way."""
    label, meaning = WAYS[way]
    return metric(
        f"{plural}_{way}",
        Label(label.en % many.en, label.zh % many.zh),
        meaning,
        condition("obtained_way", "eq", way),
        date="obtained_at",
        is_lasting=False,
        is_ranked=way == "claimed",
    )


def pooled(plural: str, many: Label) -> Metric:
    """The records that came into a pool and are there still."""
    return metric(
        f"{plural}_pooled",
        Label(f"{many.en} that entered a pool", f"进入公海的{many.zh}"),
        Label(
            "Entered a pool of yours in the period and are still there; by previous owner.",
            "期间内进入您所在公海、目前仍在公海中的记录；按前负责人统计。",
        ),
        condition("pool", "not_empty"),
        date="pooled_at",
        person="previous_owner",
        is_lasting=False,
        is_welcome=False,
    )


def index_flow(model: Any) -> None:
    """Who got which rows in a period, and which came into pools, without looking at all his rows.

    Both are written when a row changes hands, which writes every index of it anyway.
    """
    index_numbers(model, "obtained", "obtained_at", "owner", "obtained_way")
    index_numbers(
        model,
        "pooled",
        "pooled_at",
        "pool",
        "owner",
        "previous_owner",
        only="pool_id IS NOT NULL",
    )
