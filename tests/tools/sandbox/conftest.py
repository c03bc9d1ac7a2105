"""Two users under two confinements."""

from collections.abc import Iterator

import pytest

from tests.tools.sandbox.seat import CONFINEMENTS, USERS, Seat


@pytest.fixture(scope="session", params=[(c, u) for c in CONFINEMENTS for u in USERS], ids="-".join)
def seat(request: pytest.FixtureRequest) -> Iterator[Seat]:
    seat = Seat(*request.param)
    yield seat
    seat.close()
