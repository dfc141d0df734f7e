"""C60: requests made from our own OpenAPI document, right and wrong ones, never find a fault.

Whatever is answered has the shape that the document gives it. The document names every path and
schema; schemathesis makes what fits it and what just doesn't. The default run takes a few of each
operation, ``-m prove`` ten thousand in all.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.contract.calls import Api
from tests.contract.described import document_of, misshapen
from tests.support.worlds import World

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """Every path and verb that the document describes, but those that begin and end sessions."""
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        if not found.ok().path.startswith("/api/v1/security/"):
            yield found.ok()


def send(api: Api, case: Any) -> Any:
    """The answer to the case as a request of somebody who is logged in."""
    headers = {key: str(value) for key, value in (case.headers or {}).items()}
    return api.client.open(
        case.formatted_path,
        method=case.method,
        query_string=case.query or {},
        headers={**{k: v for k, v in headers.items() if v.isprintable()}, **api.headers},
        **body_of(case),
    )


def body_of(case: Any) -> dict[str, Any]:
    """The body as the client takes it: mostly JSON, now and then bytes that are none."""
    if isinstance(case.body, schemathesis.core.NotSet):
        return {}
    if isinstance(case.body, bytes):
        return {"data": case.body, "content_type": "application/json"}
    return {"json": case.body}


def fuzz(world: World, wanted: int) -> int:
    """Send about ``wanted`` requests, as many of each operation and mode; how many they were."""
    api, sent = Api(world, "admin"), 0
    document = document_of(api)
    described = list(operations(document))
    each = -(-wanted // (len(described) * len(MODES)))
    for operation in described:
        for mode in MODES:

            @settings(
                max_examples=each,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case: Any) -> None:
                nonlocal sent
                sent += 1
                answer = send(api, case)
                asked = f"{case.method} {case.formatted_path} {case.query} {case.body}"[:500]
                assert answer.status_code < 500, asked
                assert not (wrong := misshapen(document, case.method, case.path, answer)), (
                    f"{asked}: {wrong}"
                )

            one()
    return sent


def test_what_the_document_describes_is_answered(world: World) -> None:
    assert fuzz(world, 300) >= 300


@pytest.mark.prove
def test_ten_thousand_requests_find_no_fault(world: World) -> None:
    assert fuzz(world, 10_000) >= 10_000
