"""Every danger of every row is seen while the row runs, named, and answered by a stop; no watch can go unnoticed."""

from dataclasses import replace

import pytest

from firmware_py.core.chart import CHART, Row
from firmware_py.core.chart.watches import CAR_SEEN
from firmware_py.core.effects import Act, StopMotion
from firmware_py.core.events import Scan, TimeUp
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.core.state import Active, Phase
from tests.unit.core.engine_drive import at_row, of, raised, sequencer
from tests.unit.core.rows_table import DANGERS, WAITS, endangered, endangered_swap
from tests.unit.core.rows_table import PLAYED as BY_READING
from tests.unit.core.scenes import put

PLAYED = {**BY_READING, **WAITS}
CASES = [(name, danger) for name, played in PLAYED.items() for danger in played.dangers.split()]
RUN_ONLY = {
    "unlock-fails",
    "lock-fails",
    "check-fails",
    "pack-unheard",
    "pack-other",
    "loop-open",
    "car-leaks",
    "codes-set",
}
"""What an earlier attempt may have left behind: looked at once the row runs."""
ELSEWHERE = {("3", "door"), ("isolate.3", "isolation-taken")}
STANDING = [(name, danger) for name, danger in CASES if danger not in RUN_ONLY and (name, danger) not in ELSEWHERE]
MOVERS = [name for name in PLAYED if CHART[name].moves]
PERMISSIVES = {
    "estop_ok": FaultCode.ESTOP_PRESSED,
    "gate_closed": FaultCode.GUARD_GATE_OPEN,
    "curtain_clear": FaultCode.CURTAIN_BROKEN,
    "cell_clear": FaultCode.PERSON_IN_CELL,
    "smoke_clear": FaultCode.SMOKE_DETECTED,
    "chain_ok": FaultCode.SAFETY_CHAIN_OPEN,
}
HELD = {PackML.HOLDING, PackML.HELD}
"""Nothing moves in the pictures: a station that holds may be held at once."""
REDUNDANT = {(name, "car") for name, played in PLAYED.items() if "park" in played.dangers.split()}
"""The car's silence is also seen by its doors and its brake, where these are watched."""


def answered(name: str, danger_name: str, row: Row) -> bool:
    """The danger is named rightly and what moves is stopped."""
    danger, played = DANGERS[danger_name], PLAYED[name]
    image = endangered(played.start, danger)
    state, effects = sequencer({**CHART, name: row}).step(
        at_row(name, endangered_swap(played.swap, danger)), image, Scan()
    )
    beside = {FaultCode.ISOLATION_OCCUPIED}  # stands by itself, whatever row looks at the place
    if [key for key in raised(effects) if key[0] not in beside] != [(danger.code, danger.device)]:
        return False
    stopped = {d for e in of(StopMotion, effects) for d in e.devices}
    held = state.packml in HELD and any(e.drop_enable for e in of(StopMotion, effects))
    left = all(a.row != name or a.phase is Phase.WAITING for a in state.active)
    return (held and stopped >= set(row.moves)) or (left and stopped >= row.mover_devices)


@pytest.mark.parametrize(("name", "danger"), CASES)
def test_a_danger_is_named_and_stops_what_moves(name: str, danger: str) -> None:
    assert answered(name, danger, CHART[name])


@pytest.mark.parametrize(("name", "danger"), STANDING)
def test_nothing_starts_while_a_danger_stands(name: str, danger: str) -> None:
    played = PLAYED[name]
    image = endangered(played.start, DANGERS[danger])
    seq, waiting = sequencer(), at_row(name, endangered_swap(played.swap, DANGERS[danger]), Phase.WAITING)
    state, effects = seq.step(waiting, image, Scan())
    assert replace(state, pending=frozenset()) == waiting
    assert not of(Act, effects)
    state, effects = seq.step(state, image, TimeUp(f"guard:{name}"))
    assert raised(effects) == [(DANGERS[danger].code, DANGERS[danger].device)]


@pytest.mark.parametrize("name", PLAYED)
def test_a_row_without_one_of_its_watches_is_caught(name: str) -> None:
    row = CHART[name]
    for watch in row.watches:
        blind = replace(row, watches=tuple(w for w in row.watches if w is not watch))
        caught = any(not answered(name, danger, blind) for danger in PLAYED[name].dangers.split())
        assert caught or (watch is CAR_SEEN and (name, watch.device) in REDUNDANT), watch


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.RUNNING, Phase.SETTLING])
@pytest.mark.parametrize("permissive", [*PERMISSIVES, "unknown", "silent"])
def test_a_lost_permissive_stops_every_row(name: str, phase: Phase, permissive: str) -> None:
    played = PLAYED[name]
    lost: dict[str, dict[str, object]] = {
        "unknown": {"safety__cell_clear": None}, "silent": {"safety": type(played.start.safety)()},
    }  # fmt: skip
    image = put(played.start, **lost.get(permissive, {f"safety__{permissive}": False}))
    state, effects = sequencer().step(at_row(name, played.swap, phase), image, Scan())
    assert state.packml in HELD
    assert raised(effects) == [(PERMISSIVES.get(permissive, FaultCode.LINK_LOST), "safety")]
    stops = of(StopMotion, effects)
    assert [e.drop_enable for e in stops] == [True]
    assert set(stops[0].devices) >= set(CHART[name].moves)
    assert not of(Act, effects)


@pytest.mark.parametrize("name", MOVERS)
def test_a_row_that_moves_waits_for_enabled_drives_and_a_fresh_look(name: str) -> None:
    played, row = PLAYED[name], CHART[name]
    waiting = at_row(name, played.swap, Phase.WAITING)
    device = next(iter(row.mover_devices))
    for image in (
        put(played.start, safety__drives_enabled=None),
        put(played.start, unsettled=(device,)),
    ):
        state, effects = sequencer().step(waiting, image, Scan())
        assert state == waiting
        assert not of(Act, effects)


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.RUNNING])
def test_drives_that_are_cut_behind_their_links_hold_every_row(name: str, phase: Phase) -> None:
    played = PLAYED[name]
    image = put(played.start, safety__drives_enabled=False)
    state, effects = sequencer().step(at_row(name, played.swap, phase), image, Scan())
    assert state.packml in HELD
    assert raised(effects) == [(FaultCode.DRIVES_NOT_ENABLED, "safety")]
    assert [e.drop_enable for e in of(StopMotion, effects)] == [True]
    assert not of(Act, effects)


@pytest.mark.parametrize("name", PLAYED)
def test_the_way_out_of_a_row_can_be_taken(name: str) -> None:
    """Whatever a row leads to when it is aborted starts at once from where the row was."""
    played, row = PLAYED[name], CHART[name]
    for way in row.exit or ():
        given_up = replace(played.swap, install=type(played.swap.install).OLD, passed=played.swap.passed | {name})
        waiting = replace(at_row(name, given_up), active=(Active(way),))
        state, _ = sequencer().step(waiting, played.start, Scan())
        assert all(a.row != way or a.phase is not Phase.WAITING for a in state.active), f"{name} -> {way}"
