"""Everything that matches: what the list showed, and of it what may be touched (BULK-1, §5)."""

from tests.contract.calls import Api
from tests.support.web import hidden_inputs
from tests.support.worlds import World

IN_POOLS = [{"col": "pool", "opr": "not_empty"}]


def listed(api: Api, **arguments: object) -> set[int]:
    return set(api.get("/customers/", **arguments).json["ids"])


def test_assigning_the_list_leaves_the_pools_alone(world: World) -> None:
    """The operation also reaches pools; their rows are meant only when the filter names a pool."""
    api = Api(world, "leader1")
    rows, pooled = listed(api), listed(api, filters=IN_POOLS)
    assert rows
    assert pooled
    assert not rows & pooled
    params = {"to": ["sales1a", "sales1b"], "how": "equal"}
    for filters, expected in (([], rows), (IN_POOLS, pooled)):
        dry = api.bulk("customers", "assign", None, params, filters=filters, dry_run=True).json
        assert dry["total"] <= len(expected)
        assert {row["id"] for row in dry["sample"]} <= expected


def test_the_dialog_counts_in_the_scope_of_the_operation(world: World) -> None:
    """A customer that one only helps with is listed, but not one's own to release."""
    client = world.client("sales2a")
    opened = hidden_inputs(client.get("/customers/list/").text)
    dialog = client.post("/customers/bulk/release", data={**opened, "all": "1"})
    travels = hidden_inputs(dialog.text)
    assert int(travels["expected_count"]) < int(opened["expected_count"])
    assert travels["matching"] == opened["expected_count"]
    pool = Api(world, "sales2a").get("/pools/").json["result"]
    chosen = next(p["id"] for p in pool if p["name"] == "Open customers")
    preview = client.post("/customers/bulk/release", data={**travels, "pool": chosen})
    assert preview.status_code == 200
    assert hidden_inputs(preview.text)["step"] == "run"
