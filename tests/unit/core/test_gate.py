"""The gate against the interlock column: each interlock alone violated, and each reading unknown, refuses by name."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.core.gate import judge
from firmware_py.core.image import Image
from hal.commands import (
    Actuator,
    CarMode,
    Command,
    Drive,
    EnableCharger,
    Extract,
    Heartbeat,
    RequestCar,
    RunEnable,
    SetCharger,
    Stop,
)
from tests.unit.core import scenes
from tests.unit.core.gate_cases import ALWAYS, JUDGED, Case, cases, silent_devices

CASES = tuple(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_gate_judges_as_the_interlock_column_says(case: Case) -> None:
    refusal = judge(case.command, case.image, case.limits or scenes.limits())
    if not case.interlock:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.interlock == case.interlock
        assert case.seen in refusal.seen


@pytest.mark.parametrize("case", tuple(silent_devices()), ids=lambda case: case.name)
def test_a_silent_device_keeps_its_commands_back(case: Case) -> None:
    assert judge(case.command, case.image, scenes.limits()) is not None


@pytest.mark.parametrize("judged", JUDGED, ids=lambda judged: judged.name)
def test_in_the_dark_nothing_moves(judged: Case) -> None:
    assert judge(judged.command, Image(), scenes.limits()) is not None


def test_every_kind_of_command_is_in_the_table() -> None:
    judged = {type(j.command) for j in JUDGED} | {type(c) for c in ALWAYS}
    drives = {(j.command.actuator, j.command.out) for j in JUDGED if isinstance(j.command, Drive)}
    asks = {c.command.mode for c in CASES if isinstance(c.command, RequestCar)}
    assert judged | {RequestCar} == set(get_args(Command))
    assert drives == {(a, out) for a in Actuator for out in (True, False)}
    assert asks == set(CarMode)


@given(device=st.sampled_from(scenes.DEVICES), role=st.integers(0, 11), scene=st.sampled_from(range(len(JUDGED))))
def test_what_is_not_known_never_opens_the_gate(device: str, role: int, scene: int) -> None:
    """Taking a reading away may turn yes into no, never no into yes."""
    judged = JUDGED[scene]
    roles = [r for r in scenes.roles_of(judged.image) if r[0] == device]
    refused = scenes.put(judged.image, safety__drives_enabled=False, safety__estop_ok=False)
    blind = scenes.with_value(refused, roles[role % len(roles)], None) if roles else refused
    if not isinstance(judged.command, RequestCar | EnableCharger | SetCharger | Extract):
        assert judge(judged.command, blind, scenes.limits()) is not None


@given(image=st.sampled_from([j.image for j in JUDGED]), count=st.integers(0, 0xFFFF), device=st.text())
def test_stop_heartbeat_and_run_enable_off_always_pass(image: Image, count: int, device: str) -> None:
    for command in (Stop(device), Heartbeat(count), RunEnable(on=False)):
        assert judge(command, image, scenes.limits()) is None
        assert judge(command, Image(), scenes.limits()) is None
