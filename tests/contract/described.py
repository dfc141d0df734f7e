"""Holding answers against our own OpenAPI document."""

from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from tests.contract.calls import Api

JSON = "application/json"


def document_of(api: Api) -> dict[str, Any]:
    """The document as it is for that person."""
    found: dict[str, Any] = api.get("/_openapi").json
    return found


def misshapen(document: dict[str, Any], verb: str, path: str, answer: Any) -> str:
    """What is wrong with an answer by what the document says of it; empty if nothing is.

    ``path`` as the document writes it, with ``{id}``.
    """
    responses = document["paths"][path][verb.lower()]["responses"]
    described = responses.get(str(answer.status_code))
    if described is None:
        return f"{answer.status_code} is not described"
    content = described.get("content", {})
    if answer.mimetype not in content:
        return f"{answer.mimetype} is not described"
    if answer.mimetype != JSON:
        return ""
    whole = {**content[JSON]["schema"], "components": document["components"]}
    error = best_match(Draft202012Validator(whole).iter_errors(answer.json))
    return f"{error.json_path}: {error.message}" if error else ""
