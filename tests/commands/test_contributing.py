"""“Add an entity in one file”: whoever follows CONTRIBUTING.md has one that works."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("app", "migrations", "config.py", "pyproject.toml")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

FOLLOWING = """
import json, os
from app import create_app
from app.spec.catalogue import catalogue
from app.store import upgrade

app = create_app()
with app.app_context():
    upgrade.upgrade()
runner, client = app.test_cli_runner(), app.test_client()
client.environ_base["HTTP_HOST"] = "localhost"
made = runner.invoke(args=["crm", "create-admin", "--password", os.environ["PASSWORD"]])
assert made.exit_code == 0, made.output
who = {"username": "admin", "password": os.environ["PASSWORD"], "provider": "db"}
token = client.post("/api/v1/security/login", json=who).json["access_token"]
me = {"Authorization": f"Bearer {token}"}
base = "/api/v1/competitors"
answers = [
    client.post(f"{base}/", json=dict(sample), headers=me).status_code
    for sample in catalogue.get("competitor").samples
]
strong = client.get(f"{base}/?q=(filters:!((col:strength,opr:eq,value:strong)))", headers=me).json
found = client.get(f"{base}/?q=(search:yjrj)", headers=me).json
gone = client.post(f"{base}/bulk/delete", json={"ids": [1], "params": {}}, headers=me).json
paths = client.get("/api/v1/_openapi", headers=me).json["paths"]
print(json.dumps({"made": answers, "strong": strong["ids"], "found": found["ids"],
                  "deleted": gone["done"], "is_described": f"{base}/" in paths}))
"""


def block(kind: str, after: str) -> str:
    """The first fenced block of that kind after a heading of the guide."""
    found = re.search(rf"## {after}\n.*?```{kind}\n(.*?)```", GUIDE, re.DOTALL)
    assert found, after
    return found.group(1)


def test_the_guide_makes_an_entity(tmp_path: Path) -> None:
    """Its file, its two commands, and nothing else; on SQLite, as a newcomer has it."""
    home = tmp_path / "product"
    home.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, home / name)
    declaration = block("python", "Add an entity in one file")
    (home / "app" / "entities" / "competitor.py").write_text(declaration, encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "FLASK_APP")}
    env |= {"CRM_INSTANCE": str(tmp_path / "instance"), "PASSWORD": "Lanterns on the river 2026"}
    folder = Path(sys.executable).parent
    for line in block("sh", "Add an entity in one file").splitlines():
        command = line.partition("#")[0].replace(".venv/bin/", f"{folder}/").strip()
        if " db " in command:
            subprocess.run(command, shell=True, cwd=home, env=env, check=True, timeout=120)  # noqa: S602 - the guide's own words
    told = subprocess.run(
        [sys.executable, "-c", FOLLOWING],
        cwd=home, env=env, check=True, timeout=120, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert json.loads(told.strip().splitlines()[-1]) == {
        "made": [201, 201],
        "strong": [2],
        "found": [1],
        "deleted": 1,
        "is_described": True,
    }
