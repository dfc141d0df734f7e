"""Duplicates are looked for among records that nobody owns too: a synthetic entity gets it all."""

from typing import Any, ClassVar

from sqlalchemy import Column, Integer, MetaData, String, Table, union_all

from app.spec.columns import company, name
from app.spec.entity import Entity
from app.spec.words import Label
from app.store import likenesses

TABLE = Table(
    "maker",
    MetaData(),
    Column("id", Integer),
    *(Column(key, String) for key in ("name", "firm", "firm_key")),
)


class Maker:
    """What nobody owns, and what is in no recycle bin."""

    __fields__: ClassVar[dict[str, Any]] = {
        "name": name("Name", "名称").keyed("name"),
        "firm": company("Firm", "公司").keyed("firm"),
    }
    id, name, firm, firm_key = TABLE.c


def test_a_record_without_an_owner_is_compared() -> None:
    facts: dict[str, Any] = {"one": Label("Maker", "厂商"), "many": Label("Makers", "厂商")}
    entity = Entity(
        model=Maker, key="maker", plural="makers", icon="", menu="", operations=("list",), **facts
    )
    firm = entity.fields["firm"]
    assert firm.likeness is not None
    looks = list(likenesses._looks(entity, firm, firm.likeness, {"acme"}))
    assert "firm_key" in str(union_all(*looks))
