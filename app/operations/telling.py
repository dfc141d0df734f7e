"""What people hear of operations that concern them: what they say, and where they lead (NOTE)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.notices import NOTICES, Channel, Data, Notice, declare
from app.spec.plurals import ngettext
from app.spec.relations import LinksField
from app.spec.words import Label, either
from app.store import access, outbox, readers
from app.store.context import actor

AT_ONCE = frozenset({Channel.IN_APP, Channel.MAIL})
IN_TIME = frozenset({Channel.IN_APP, Channel.DIGEST})


def _transferred(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s transferred %(num)d record to you (%(kind)s).",
            "%(who)s transferred %(num)d records to you (%(kind)s).",
            n,
            **names,
        )
    )


def _assigned(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s assigned %(num)d record to you (%(kind)s).",
            "%(who)s assigned %(num)d records to you (%(kind)s).",
            n,
            **names,
        )
    )


def _imported(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s imported %(num)d record for you (%(kind)s).",
            "%(who)s imported %(num)d records for you (%(kind)s).",
            n,
            **names,
        )
    )


def _joined_the_team(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s added you to the team of %(num)d record (%(kind)s).",
            "%(who)s added you to the team of %(num)d records (%(kind)s).",
            n,
            **names,
        )
    )


def _left_the_team(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s removed you from the team of %(num)d record (%(kind)s).",
            "%(who)s removed you from the team of %(num)d records (%(kind)s).",
            n,
            **names,
        )
    )


def _claimed(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s claimed %(num)d former record of yours from a pool (%(kind)s).",
            "%(who)s claimed %(num)d former records of yours from a pool (%(kind)s).",
            n,
            **names,
        )
    )


def _undone(n: int, names: Data) -> str:
    return str(
        ngettext(
            "%(who)s undid a bulk operation on %(num)d record that concerns you (%(kind)s).",
            "%(who)s undid a bulk operation on %(num)d records that concern you (%(kind)s).",
            n,
            **names,
        )
    )


def _saying(counted: Callable[[int, Data], str]) -> Callable[[Data], str]:
    """The sentence, and what its sender wrote to it."""

    def says(data: Data) -> str:
        names = {"who": either(*data["by_name"]), "kind": catalogue.get(data["entity"]).many}
        text = counted(data["count"], names)
        note = data.get("message") or ""
        return str(_("%(sentence)s %(note)s", sentence=text, note=note)).strip()

    return says


def _at_mine(data: Data) -> str:
    return f"/{catalogue.get(data['entity']).plural}/list/?view=mine"


def at_the_record(data: Data) -> str:
    """The record where there is only one."""
    if data.get("record"):
        return f"/{catalogue.get(data['entity']).plural}/show/{data['record']}"
    return _at_mine(data)


def of_birth(entity: Entity, record_id: int, values: Mapping[str, Any]) -> None:
    """Tell whoever gets a new record from somebody else, where the entity says that he hears."""
    owner, doer = values.get("owner"), actor()
    if "create" not in entity.told_as or owner in (None, doer.user_id):
        return
    is_reader = access.resolve(access.snapshot(), owner).may(entity.key, "read")
    data = {
        "entity": entity.key,
        "count": 1,
        "by_name": [doer.name, doer.name_en],
        "record": record_id if is_reader else None,
        "title": str(values.get(entity.title) or "") if is_reader else "",
    }
    notice = NOTICES[entity.told_as["create"]]
    outbox.tell(notice, f"{entity.key}:{record_id}", [(owner, data)])


def of_joining(
    entity: Entity,
    record_id: int,
    before: Mapping[str, Any],
    values: Mapping[str, Any],
    version: int = 1,
) -> None:
    """Tell those who are put into a record by somebody else, where the field says as what.

    ``values`` are the new ones, ``before`` what the record was. Its owner has it anyway, and
    whoever can't read it hears nothing.
    """
    doer, whole = actor(), {**before, **values}
    for key, field in entity.fields.items():
        if not isinstance(field, LinksField) or not field.told_as or key not in values:
            continue
        people = {*(values[key] or ())} - {*(before.get(key) or ())}
        people -= {doer.user_id, whole.get(entity.responsible)}
        if not people:
            continue
        data = {
            "entity": entity.key,
            "record": record_id,
            "title": str(whole.get(entity.title) or ""),
            "by_name": [doer.name, doer.name_en],
            "at": clock.iso(whole[entity.moment]) if whole.get(entity.moment) else "",
        }
        able = sorted(readers.among(people, entity, record_id))
        batch = f"{entity.key}:{record_id}:{version}"
        outbox.tell(NOTICES[field.told_as], batch, [(one, data) for one in able])


for _key, _label, _counted, _channels in (
    ("transfer", Label("Records transferred to you", "记录转移给您"), _transferred, AT_ONCE),
    ("assign", Label("Records assigned to you", "记录分配给您"), _assigned, AT_ONCE),
    ("import", Label("Records imported for you", "为您导入记录"), _imported, AT_ONCE),
    ("add_team", Label("Added to a team", "被加入团队"), _joined_the_team, IN_TIME),
):
    declare(Notice(_key, _label, _saying(_counted), at_the_record, _channels))

for _key, _label, _counted in (  # the records may be out of their reader's reach by then
    ("remove_team", Label("Removed from a team", "被移出团队"), _left_the_team),
    ("claim", Label("Records once yours are claimed", "您曾负责的记录被领取"), _claimed),
    ("undo", Label("Operations on your records undone", "与您有关的操作被撤销"), _undone),
):
    declare(Notice(_key, _label, _saying(_counted), _at_mine, IN_TIME, record=lambda _data: None))
