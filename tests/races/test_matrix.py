"""C37: many administrators at one role at once; no cell that was accepted is lost."""

from collections import Counter
from typing import Any

from sqlalchemy import Engine

from app.spec.catalogue import catalogue
from tests.contract.calls import role_ids
from tests.contract.test_matrix import entries, line
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, at_once, persist
from tests.support.matrix import with_changes
from tests.support.web import hidden_inputs
from tests.support.worlds import World

ENTITY = "customer"
CROWD = 4


def cells() -> list[str]:
    """The operations that the role doesn't grant yet: each administrator gives his own."""
    return [slug for slug in catalogue.get(ENTITY).operations if slug not in ("list", "read")]


def give(here: Elsewhere, path: str, mine: list[str], is_naive: bool) -> Any:
    """Check one more box after the other, saving each; a 409 is confirmed once more."""
    if is_naive:
        naive.overwrite_lines()
    client = here.client("admin")
    codes: Counter[int] = Counter()
    for slug in mine:
        page = persist(lambda: client.get(path)).text
        form = with_changes(page, **{f"grant__{ENTITY}__{slug}": True})
        answer = persist(lambda form=form: client.post(path, data=form))
        while answer.status_code in (200, 409):
            codes[answer.status_code] += 1
            yes = hidden_inputs(answer.text)
            answer = persist(lambda yes=yes: client.post("/matrix/save", data=yes))
        codes[answer.status_code] += 1
    return dict(codes)


def race(world: World, engine: Engine, *, is_naive: bool) -> tuple[list[Any], set[str]]:
    """Everybody's answers, and the operations that were given and are not there."""
    path = f"/matrix/{role_ids(engine)['legal']}"
    wanted = cells()
    crowd = [(path, wanted[n::CROWD], is_naive) for n in range(CROWD)]
    answers = at_once(Place.of(world), give, crowd)
    return answers, set(wanted) - set(line(engine, "legal", ENTITY)["operations"])


def test_two_administrators_lose_no_cell(world: World, engine: Engine) -> None:
    """Whoever was late is shown both and confirms again; each cell is written once."""
    answers, lost = race(world, engine, is_naive=False)
    assert lost == set()
    assert all(set(codes) <= {200, 302, 409} for codes in answers), answers
    given = [cell for entry in entries(engine) for cell in entry["changes"]]
    assert sorted(given) == sorted(f"{ENTITY}:operation:{slug}" for slug in cells())


def test_without_the_seen_version_cells_would_be_lost(world: World, engine: Engine) -> None:
    """C89b: replacing the lines as they were shown loses what others gave meanwhile."""
    _answers, lost = race(world, engine, is_naive=True)
    assert lost
