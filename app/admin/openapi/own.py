"""APIs about no entity: each says itself what its addresses are."""

from typing import Any, ClassVar

from flask_appbuilder.api import BaseApi

from app.admin.openapi.parts import Schema


class OwnApi(BaseApi):
    """An API of its own, for whoever is logged in, by cookie or token."""

    csrf_exempt = False
    allow_browser_login = True
    schemas: ClassVar[dict[str, Schema]] = {}
    """What its answers are made of, by name."""

    @classmethod
    def paths(cls) -> dict[str, Any]:
        """Its part of the description, below ``/api/v1/<resource_name>``; for the caller."""
        raise NotImplementedError
