"""The OpenAPI description at ``/api/v1/_openapi``, derived from the catalogue for its reader.

It lists only what the asker may do: entities, operations and fields that exist for him.
"""

from typing import Any

from flask import Response, current_app, jsonify, request
from flask_appbuilder.api import expose

from app.admin.openapi import entities
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import COMMON, Schema, operation
from app.spec.catalogue import catalogue

PATH = "/api/v1/_openapi"


class OpenApi(OwnApi):
    """The description of the API."""

    route_base = "/api/v1"

    @expose("/_openapi", methods=["GET"])
    def describe(self) -> Response:
        """OpenAPI 3.1 of everything the caller may use."""
        return jsonify(
            {
                "openapi": "3.1.0",
                "info": {"title": "Haina CRM", "version": "v1"},
                "servers": [{"url": request.host_url.rstrip("/")}],
                "paths": _paths(),
                "components": {
                    "schemas": _schemas(),
                    "securitySchemes": {
                        "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                    },
                },
                "security": [{"jwt": []}],
            }
        )

    @classmethod
    def paths(cls) -> dict[str, Any]:
        return {PATH: {"get": operation("this description", {"type": "object"})}}


def _own() -> list[OwnApi]:
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    return [view for view in views if isinstance(view, OwnApi)]


def _paths() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for api in _own():
        found |= api.paths()
    for entity in catalogue:
        found |= entities.paths(entity)
    return found


def _schemas() -> dict[str, Schema]:
    found = dict(COMMON)
    for api in _own():
        found |= api.schemas
    for entity in catalogue:
        found |= entities.schemas(entity)
    return found
