"""The record as it was at any moment is the row that was stored then (UI-5, AUDIT-1)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import event, text

from app.admin.security.login import actor_of
from app.extensions import db
from app.operations import editing, engine
from app.operations.registry import behaviour
from app.operations.selection import Selection
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store import accounts, door, history, past
from app.store.context import Actor, acting_as
from tests.contract.calls import Api
from tests.generated.plain import ZONE
from tests.generated.seed import dice
from tests.support.web import submit
from tests.support.worlds import World

ENTITIES = ("lead", "customer", "contact")
STEPS = 12
START = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
Login = Callable[[str], FlaskClient]


def values(entity: Entity, chance: Any, step: int) -> dict[str, Any]:
    """A few random new values, blanks among them."""
    texts = {"text": f"Text {step}", "long_text": f"Line\n{step}", "money": f"{step}.50",
             "email": f"a{step}@b.example", "datetime": f"2026-12-{step + 1:02} 10:00",
             "phone": f"1380013{8000 + step}"}  # fmt: skip
    forms = [f for f in entity.fields.values() if not f.system and f.editable and not f.unique]
    able = [f for f in forms if f.kind in texts]
    chosen = chance.sample(able, 3)
    raw = {f.key: texts[f.kind] if chance.random() < 0.7 or f.required else "" for f in chosen}
    options = [f for f in forms if f.kind == "option"]
    for f in chance.sample(options, 1):
        raw[f.key] = chance.choice(["", *f.choices.codes()])
    return raw


def change(entity: Entity, number: int, chance: Any, step: int) -> None:
    """Edit the record; now and then lock it for two steps, or give it to somebody else."""
    others: dict[str, dict[str, Any]] = {
        "lock": {"reason": f"Reason {step}", "until": clock.now() + timedelta(minutes=2)},
        "transfer": {"new_owner": chance.choice(["leader1", "manager"]), "old_owner": "read"},
    }
    slug = chance.choice(["edit", "edit", *(one for one in others if one in entity.operations)])
    if slug == "edit":
        version = door.fetch(entity, number, "edit", []).version
        editing.edit(entity, number, values(entity, chance, step), version=version)
    else:
        chosen = Selection(ids=(number,))
        engine.run(behaviour(slug), entity, chosen, others[slug], dry_run=False)


def stored(entity: Entity, number: int) -> dict[str, Any]:
    """Everything the row holds now, as the history writes values."""
    fields = list(entity.fields.values())
    record = door.fetch(entity, number, "read", fields)
    found = door.values_of(entity, record, fields)
    return {f.key: f.to_json(found[f.key]) for f in fields if f.key in found}


def written(entity: Entity, number: int) -> dict[str, Any]:
    fields = entity.fields.values()
    return past.present(entity, door.fetch(entity, number, "read", fields), fields)


def somebody(name: str) -> Actor:
    person = accounts.find_credentials(name)
    assert person is not None
    return actor_of(person)


@pytest.mark.parametrize("key", ENTITIES)
def test_as_of_is_the_row_stored_then(world: World, seed: int, key: str) -> None:
    """Every step of a random sequence of edits and transfers, whole and without a field unknown."""
    entity, chance = catalogue.get(key), dice(seed, "as of", key)
    with world.app.app_context(), acting_as(somebody("admin")):
        row = dict(entity.samples[0]) | ({"customer": 1} if key == "contact" else {})
        seen: list[tuple[datetime, dict[str, Any]]] = []
        with time_machine.travel(START, tick=False):
            number = editing.create(entity, {**row, entity.title: "As of nothing"})
            db.session.commit()
        seen.append((START, stored(entity, number)))
        for step in range(1, STEPS):
            moment = START + timedelta(minutes=step)
            with time_machine.travel(moment, tick=False):
                change(entity, number, chance, step)
                db.session.commit()
                seen.append((moment, stored(entity, number)))
        for moment, was in seen:
            for late in (timedelta(0), timedelta(seconds=59)):
                then = past.as_of(entity, number, written(entity, number), moment + late)
                assert dict(then.values) == was, f"{key} at {moment}"
                assert then.unknown == frozenset()
        assert len({str(was) for _moment, was in seen}) > STEPS / 2, "hardly anything was changed"


def test_a_day_means_all_of_it(world: World) -> None:
    """UI-5: as of the day on which it was made a record is there, the day before it is not."""
    api = Api(world, "admin")
    made = api.post("/customers/", {"name": "Made on a day"}).json
    moment = datetime.fromisoformat(made["result"]["created_at"]).astimezone(ZONE)
    for days, is_there in ((0, True), (-1, False)):
        day = (moment + timedelta(days=days)).date().isoformat()
        page = api.client.get(f"/customers/show/{made['id']}?tab=history&as_of={day}").text
        then = page.partition('data-as-of="')[2].partition("</section>")[0]
        assert then.startswith(day)
        assert ("Made on a day" in then) == is_there, day


def test_a_long_history_costs_no_more_than_a_short_one(world: World) -> None:
    """The database picks the entries next to the moment: one is loaded, few rows come with it."""
    entity, loaded = catalogue.get("customer"), []
    edits = [(1, "Name", {"city": [str(n), str(n + 1)]}) for n in range(500)]
    with world.app.app_context(), acting_as(somebody("admin")):
        for day, some in enumerate((edits[:250], edits[250:])):
            with time_machine.travel(START + timedelta(days=day), tick=False):
                history.record_writes("edit", entity.key, some)
        event.listen(history.History, "load", lambda entry, _context: loaded.append(entry))
        moment = START + timedelta(hours=1)
        then = past.as_of(entity, 1, {"city": "500", "district": None}, moment)
        found = history.nearest(entity.key, 1, moment, entity.title)
    assert then.values["city"] == "250"
    assert then.last is not None
    assert then.last.at == START
    assert len(loaded) == 1
    assert len(found) < 3 * len(entity.fields)


def test_a_change_without_a_trace_is_said_to_be_unknown(world: World, log_in_as: Login) -> None:
    """Nothing is guessed: where the history and the row disagree, the value isn't known."""
    client = log_in_as("admin")
    assert submit(client, "/customers/edit/1", city="Hangzhou", district="Xihu").status_code == 302
    with world.app.app_context(), world.database.engine.begin() as connection:
        connection.execute(text("UPDATE customer SET city = 'Behind the back' WHERE id = 1"))
    then = client.get("/customers/show/1?tab=history&as_of=2999-01-01").text.split("data-as-of")[1]
    fields = dict(re.findall(r'<div data-field="(\w+)"><dt>[^<]*</dt><dd>(.*?)</dd>', then))
    assert "Behind the back" not in then
    assert "not known" in fields["city"]
    assert fields["district"] == "Xihu"


def test_masks_and_hidden_fields_hold_for_the_past(log_in_as: Login) -> None:
    """PERM-6: yesterday's value is masked for whoever sees a mask today."""
    admin, legal = log_in_as("admin"), log_in_as("legal")
    assert submit(admin, "/customers/edit/1", mobile="13912345678").status_code == 302
    assert submit(admin, "/customers/edit/1", mobile="13812345678").status_code == 302
    page = legal.get("/customers/show/1?tab=history&as_of=2999-12-31").text
    assert 'data-as-of="' in page
    assert "13812345678" not in page
    assert "13912345678" not in page
    for wrong in ("nonsense", "0001-01-01", "2026-13-45", "2026-11-21T25:00"):
        assert admin.get(f"/customers/show/1?tab=history&as_of={wrong}").status_code == 400
    early = admin.get("/customers/show/1?tab=history&as_of=1999-01-01").text
    assert "did not exist yet" in early
