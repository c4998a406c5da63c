"""The scenarios that also run over real Modbus, CAN and MQTT, the controller in a process of its own."""

import pytest

from sim.campaigns.wire_run import run_wire
from sim.scenario import load_scenario, scenario_names

WIRED = [name for name in scenario_names() if load_scenario(name).scenario.wire]
SPEED = 4.0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", WIRED)
def test_scenario_on_the_wire(name: str) -> None:
    result = run_wire(load_scenario(name), speed=SPEED)
    assert not result.misses, "\n".join(result.misses)
