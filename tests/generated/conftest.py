"""What the generated tests share: the seed of the run and the stage they play on."""

import pytest

from tests.generated.seed import pytest_addoption, pytest_report_header, seed_of
from tests.generated.stage import Stage
from tests.oracle import Oracle
from tests.support.worlds import World

__all__ = ["pytest_addoption", "pytest_report_header"]


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return seed_of(request.config)


@pytest.fixture
def stage(world: World, oracle: Oracle) -> Stage:
    """The company, fresh for this test, with records to play with."""
    return Stage(world, oracle)
