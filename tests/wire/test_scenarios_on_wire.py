"""The scenarios that also run over real Modbus, CAN and MQTT, the controller in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from sim.scenario import load_scenario, scenario_names

pytestmark = [pytest.mark.wire, pytest.mark.timeout(240)]
WIRED = [name for name in scenario_names() if load_scenario(name).scenario.wire]
SPEED = "4"
AT_ONCE = 3
"""Each takes an eighth of a core: mostly they wait for the plant."""
ALONE = ["latch-swap"]
"""Thirty packs on six channels, thirteen links: the first of all, beside no other and no start of another. A station
holds when its safety PLC is not heard for 0.11 s, and it is right to: so much is asked of the machine.
"""
Runs = dict[str, "Future[subprocess.CompletedProcess[str]]"]


def run(name: str) -> subprocess.CompletedProcess[str]:
    command = "from firmware_py.cli import main; main()"
    words = ["sim", "run", name, "--wire", "--speed", SPEED, "--json"]
    return subprocess.run(
        [sys.executable, "-c", command, *words], capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with ThreadPoolExecutor(1) as alone, ThreadPoolExecutor(AT_ONCE) as pool:
        first = {name: alone.submit(run, name) for name in ALONE}

        def after(name: str) -> "subprocess.CompletedProcess[str]":
            wait(first.values())
            return run(name)

        yield first | {name: pool.submit(after, name) for name in WIRED if name not in first}


@pytest.mark.parametrize("name", sorted(WIRED, key=lambda name: name not in ALONE))
def test_scenario_on_the_wire(name: str, runs: Runs) -> None:
    done = runs[name].result()
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    assert not result["misses"], "\n".join(result["misses"])
    assert result["wire"] is True
    assert done.returncode == 0
