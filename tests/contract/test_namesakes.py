"""Two customers of one name (CUS): refused, or asked about first, as the installation wants it."""

from sqlalchemy import Engine

from tests.contract.calls import Api, stored
from tests.contract.test_settings import SET
from tests.generated.browser import Page, Person
from tests.support.elsewhere import run_elsewhere
from tests.support.worlds import World

NAME, ALIKE = "蓝桥软件有限公司", "蓝桥软件"
AGREED = "?q=(namesakes:!t)"


def form_of(html: str, name: str) -> dict[str, str]:
    return dict(Page(html).form(name).items())


def test_a_name_again_is_refused_or_asked_about(world: World, engine: Engine) -> None:
    """CUS, C27: the same verdict for form, cell and API; what was confirmed once stays."""
    admin, seller = Api(world, "admin"), Person("sales2a", world.client("sales2a"))
    theirs = admin.post("/customers/", {"name": NAME}).json["id"]
    for address in ("/customers/", f"/customers/{AGREED}"):
        refused = admin.post(address, {"name": ALIKE})
        assert (refused.status_code, refused.json["code"]) == (409, "duplicate"), refused.json
        assert NAME not in refused.text, "nothing is told of the other one"

    run_elsewhere(world, SET, namesakes="warn")
    form = form_of(seller.get("/customers/add").text, "add") | {"name": ALIKE}
    asked = seller.post("/customers/add", form)
    assert asked.status_code == 409
    assert NAME in asked.text
    again = form_of(asked.text, "add")
    other = {**again, "name": f"{ALIKE}（集团）", "confirmed": ALIKE}
    assert seller.post("/customers/add", {**other, "name": NAME}).status_code == 409, "not asked"
    made = seller.post("/customers/add", {**again, "confirmed": ALIKE})
    assert made.status_code == 302, made.text[:500]
    mine = int(made.headers["Location"].rpartition("/")[2])
    changed = seller.post(
        f"/customers/edit/{mine}",
        form_of(seller.get(f"/customers/edit/{mine}").text, "edit") | {"remark": "ours"},
    )
    assert changed.status_code == 302, "a record that keeps its name is asked about no more"

    asked = admin.post("/customers/", {"name": NAME})
    assert (asked.status_code, asked.json["code"]) == (409, "namesake")
    assert sorted(asked.json["namesakes"]) == sorted([NAME, ALIKE])
    third = admin.post(f"/customers/{AGREED}", {"name": NAME}).json["id"]
    assert admin.post("/customers/?q=(namesakes:1)", {"name": NAME}).status_code == 400
    renamed = admin.put(f"/customers/{third}", {"name": "Blue Bridge"})
    assert renamed.status_code == 200
    assert stored(engine, "customer", third)["name_shared_by_id"] is None
    assert admin.put(f"/customers/{third}", {"name": NAME}, 2).json["code"] == "namesake"
    assert admin.put(f"/customers/{third}{AGREED}", {"name": NAME}, 2).status_code == 200
    cell = form_of(seller.get(f"/customers/cell/{mine}/name").json["html"], "cell")
    asked = seller.post(f"/customers/cell/{mine}/name", cell | {"name": NAME})
    assert asked.status_code == 409
    answer = form_of(asked.json["html"], "cell")
    assert seller.post(f"/customers/cell/{mine}/name", answer).status_code == 200

    for doing in ("delete", "restore"):
        assert admin.bulk("customers", doing, [theirs]).json["done"] == 1
    run_elsewhere(world, SET.replace(", 0)", ", 1)"), namesakes="refuse")
    assert admin.post("/customers/", {"name": NAME}).json["code"] == "duplicate"
    assert admin.bulk("customers", "delete", [theirs]).json["done"] == 1
    assert admin.post("/customers/", {"name": NAME}).json["code"] == "duplicate", "two are left"
    back = admin.bulk("customers", "restore", [theirs]).json
    assert [one["code"] for one in back["skipped"]] == ["duplicate"]
