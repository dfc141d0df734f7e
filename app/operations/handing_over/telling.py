"""What receivers hear of a hand-over: one message each, whatever they got (XFER-6, NOTE)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.operations.handing_over.places import PEOPLE, places
from app.operations.telling import AT_ONCE
from app.spec import sentences
from app.spec.catalogue import catalogue
from app.spec.notices import Data, Notice, declare
from app.spec.words import Label, either
from app.store import outbox
from app.store.context import actor, system_scope


def _listed(data: Data) -> str:
    known = places()
    return str(
        sentences.enumerated(
            *(
                _("%(n)d × %(kind)s", n=n, kind=known[key].label)
                for key, n in data["places"]
                if key in known
            )
        )
    )


def _says(data: Data) -> str:
    names = {"who": either(*data["by_name"]), "whom": either(*data["whom"]), "what": _listed(data)}
    if data["back"]:
        text = _("%(who)s undid the hand-over of what %(whom)s had: %(what)s.", **names)
    else:
        text = _("%(who)s handed over to you what %(whom)s had: %(what)s.", **names)
    return f"{text} {data.get('message') or ''}".strip()


def _leads_to(data: Data) -> str:
    """What he has now of the first kind that he got."""
    key = data["places"][0][0].partition(":")[0]
    entity = catalogue.get(key)
    return f"/{entity.plural}/list/{'?view=mine' if entity.is_owned else ''}"


HANDED_OVER = declare(
    Notice(
        "handed_over",
        Label("Things of somebody who leaves are handed over to you", "离职人员的工作交接给您"),
        _says,
        _leads_to,
        AT_ONCE,
        about=lambda _data: "",
    )
)


def called(person: int) -> list[str]:
    """What that person is called in both languages, active or not."""
    model: Any = catalogue.get(PEOPLE).model
    with system_scope("whoever gets something is told whose it was"):
        row = db.session.execute(
            select(model.name, model.name_en).where(model.id == person)
        ).one_or_none()
    return ["", ""] if row is None else [row.name, row.name_en or ""]


def tell(
    person: int,
    given: Mapping[int, Mapping[str, int]],
    batch: str,
    message: str,
    run: int,
    *,
    back: bool = False,
) -> None:
    """Tell the receivers how many of what they got of that person's, or had to give back."""
    doer = actor()
    common: dict[str, Any] = {
        "whom": called(person),
        "by_name": [doer.name, doer.name_en],
        "message": message,
        "operation_id": run,
        "back": back,
    }
    told = [
        (receiver, {**common, "places": sorted(counts.items(), key=lambda pair: -pair[1])})
        for receiver, counts in sorted(given.items())
        if receiver != doer.user_id and counts
    ]
    outbox.tell(HANDED_OVER, batch, told)
