"""Small copies of attached pictures: what is in them, who sees them, when they go (C65-C70)."""

import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from app.spec import clock
from app.spec.errors import StorageFull
from app.store.attachments import Attachment
from app.store.contents.folder import Folder
from tests.contract.calls import Api
from tests.contract.test_files import age, attach, contents, png, stored, sweep
from tests.support.worlds import World

ORIENTATION, GPS, CAMERA = 0x0112, 0x8825, 0x0110
LATITUDE = {1: "N", 2: (31.0, 13.0, 49.0)}


def photo(width: int, height: int, *, way: int = 1, kind: str = "JPEG") -> bytes:
    """A picture, its left half red, as a camera held that way writes it: with place and maker."""
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width // 2, height))
    told = Image.Exif()
    told[ORIENTATION], told[CAMERA] = way, "SecretCam"
    told.get_ifd(GPS).update(LATITUDE)
    made = io.BytesIO()
    picture.save(made, kind, exif=told, comment=b"<script>alert(1)</script>")
    return made.getvalue()


def looked_at(client: FlaskClient, path: str) -> TestResponse:
    with client.get(path) as answer:
        answer.get_data()
        return answer


def preview_of(client: FlaskClient, path: str) -> Image.Image:
    answer = looked_at(client, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    return Image.open(io.BytesIO(answer.get_data()), formats=["WEBP"])


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "名片.jpg"), ("PNG", "card.png")])
def test_a_picture_is_shown_small(world: World, engine: Engine, kind: str, name: str) -> None:
    """C65: decoded and encoded anew; nothing that a camera or program wrote is in it."""
    api = Api(world, "sales1a")
    number = attach(api, "customers/1", name, photo(2400, 1200, kind=kind)).json["id"]
    path = f"/customers/files/1/{number}/preview"
    small = preview_of(api.client, path)
    assert small.size == (960, 480)
    red, _green, blue = small.convert("RGB").getpixel((100, 240))
    assert red > 200 > 50 > blue
    assert not small.getexif()
    page = api.client.get("/customers/show/1?tab=files").text
    assert f'src="{path}"' in page
    (row,) = stored(engine)
    assert {row.storage, row.preview} <= contents(world)


def test_follow_ups_show_theirs(world: World) -> None:
    """ACT-2: in the timeline of the record they were noted at."""
    api = Api(world, "sales1a")
    noted = {"customer": 1, "text": "看了样品", "method": "visit"}
    found = api.post("/follow-ups/", noted).json["id"]
    number = attach(api, f"follow-ups/{found}", "样品.png", photo(50, 50, kind="PNG")).json["id"]
    page = api.client.get("/customers/show/1?tab=timeline").text
    assert f'src="/follow-ups/files/{found}/{number}/preview"' in page


@pytest.mark.parametrize("way", [1, 3, 6, 8])
def test_a_photo_stands_upright(world: World, engine: Engine, way: int) -> None:
    """C69: how the camera was held is all that stays of what it wrote."""
    api = Api(world, "sales1a")
    number = attach(api, "customers/1", "photo.jpg", photo(400, 200, way=way)).json["id"]
    with api.client.get(f"/customers/files/1/{number}") as answer:
        kept = answer.get_data()
    assert b"SecretCam" not in kept
    assert b"script" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        told = dict(picture.getexif())
        picture.load()
    assert told == ({ORIENTATION: way} if way != 1 else {})
    small = preview_of(api.client, f"/customers/files/1/{number}/preview")
    assert small.size == ((200, 400) if way in (6, 8) else (400, 200))
    corner = small.convert("RGB").getpixel((5, 5))
    assert corner[0] > 200 if way in (1, 6) else corner[2] > 200


def test_a_preview_is_as_far_as_its_record(world: World) -> None:
    """C67: whoever may not read the record, and everybody once the picture is removed: 404."""
    api = Api(world, "sales1a")
    number = attach(api, "customers/1", "card.png", photo(60, 60, kind="PNG")).json["id"]
    path = f"/customers/files/1/{number}/preview"
    for stranger in ("sales1b", "sales2a"):
        assert looked_at(world.client(stranger), path).status_code == 404
        elsewhere = f"/customers/files/2/{number}/preview"
        assert looked_at(world.client(stranger), elsewhere).status_code == 404
    assert looked_at(world.client("manager"), path).status_code == 200
    assert looked_at(api.client, path + "?x=1").status_code == 400
    assert api.send("DELETE", f"/customers/1/files/{number}").status_code == 200
    assert looked_at(api.client, path).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.txt", b"not a picture"),
        ("broken.png", png(40)),
        ("vast.png", photo(5001, 5000, kind="PNG")),
    ],
)
def test_what_has_no_preview(world: World, engine: Engine, name: str, content: bytes) -> None:
    """Texts, pictures that are broken inside and those too large to decode are fetched (C69)."""
    api = Api(world, "sales1a")
    answer = attach(api, "customers/1", name, content)
    assert answer.status_code == 201, answer.json
    (row,) = stored(engine)
    assert row.preview is None
    path = f"/customers/files/1/{row.id}"
    assert looked_at(api.client, f"{path}/preview").status_code == 404
    assert looked_at(api.client, path).status_code == 200
    assert "/preview" not in api.client.get("/customers/show/1?tab=files").text


def test_nothing_stays_of_a_picture_whose_preview_finds_no_room(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C70: both or none."""
    taking, places = Folder.incoming, []

    def only_one(folder: Folder, name: str) -> object:
        places.append(name)
        if len(places) > 1:
            raise StorageFull
        return taking(folder, name)

    before = contents(world)
    monkeypatch.setattr(Folder, "incoming", only_one)
    answer = attach(Api(world, "sales1a"), "customers/1", "card.png", photo(60, 60, kind="PNG"))
    assert (answer.status_code, len(places)) == (507, 2)
    assert (stored(engine), contents(world)) == ([], before)


def test_nothing_stays_of_pictures_that_are_refused(world: World) -> None:
    """A stranger's pictures are neither kept nor shown."""
    before, stranger = contents(world), Api(world, "sales2a")
    answer = attach(stranger, "customers/1", "card.png", photo(60, 60, kind="PNG"))
    assert (answer.status_code, contents(world)) == (404, before)


def test_previews_are_swept_with_their_pictures(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C70: as long as a row names them they stay, whatever their age; then they go."""
    api = Api(world, "sales1a")
    attach(api, "customers/1", "card.png", photo(60, 60, kind="PNG"))
    (row,) = stored(engine)
    age(world, monkeypatch)
    sweep(world)
    assert {row.storage, row.preview} <= contents(world)
    with engine.begin() as connection:
        connection.execute(
            Attachment.__table__.update().values(deleted_at=clock.now() - timedelta(days=999))
        )
    sweep(world)
    assert stored(engine) == []
    assert not {row.storage, row.preview} & contents(world)
