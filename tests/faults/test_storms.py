"""Two small storms, as `make test-faults` runs many large ones."""

from __future__ import annotations

import pytest

from tests.faults.storm import rage


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_loses_nothing(seed: int) -> None:
    storm = rage(seed, changes=300, faults=7)  # one of each kind

    print(storm)
    assert storm.lost == 0
    assert storm.cuts >= 7
    assert storm.recovered > 0
