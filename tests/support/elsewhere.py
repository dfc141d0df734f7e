"""Doing something in another process on the same database, as a second web process would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.worlds import World

FRAME = """
import json
import sys
from app import create_app
from config import settings
from app.extensions import db
from app.store.context import system_scope

instance, url, given = sys.argv[1:]
given = json.loads(given)
application = create_app({**settings({"CRM_INSTANCE": instance, "DATABASE_URL": url})})
with application.app_context(), system_scope("another process changes something"):
    exec(given.pop("program"))
    db.session.commit()
"""


def run_elsewhere(world: "World", program: str, **given: Any) -> None:
    """Run the program, which finds ``given`` and ``db``, and commit; AssertionError if it fails."""
    world.is_dirty = True
    place = [world.app.config["CRM_INSTANCE"], world.server.url(world.name)]
    told = json.dumps({**given, "program": program})
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FRAME, *place, told],
        cwd=Path(__file__).parents[2],
        env={**os.environ},
        timeout=120,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]
