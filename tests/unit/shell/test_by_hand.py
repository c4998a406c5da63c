"""Modes over the local control, on a whole station in memory: what is asked, what moves, what is answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from firmware_py.core.packml import PackML
from firmware_py.shell.control import Control
from firmware_py.shell.line_socket import RequestError
from firmware_py.shell.peer import Peer
from firmware_py.shell.roles import Roster
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import idle

STATION = load_station("choco-14")
Ask = Callable[..., Awaitable[Mapping[str, Any]]]
ME = Peer(1001, 1001, name="tester")
ROSTER = Roster({}, {}, own_uid=ME.uid)
KEY_S = 1.5
"""At rest the safety PLC is read once a second."""


def station(play: Callable[[VirtualStation, Ask], Awaitable[None]]) -> None:
    """Play on a station that has a reading of every device."""

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            control = Control(running.controller, running.controller._links, cast(Any, None), Path(), ROSTER)

            async def ask(action: str, **more: object) -> Mapping[str, Any]:
                return await control.answer({"action": action, "why": "test", **more}, ME)

            async with asyncio.timeout(10):
                await running.controller.ready.wait()
            await play(running, ask)

    virtual(main())


async def turn(running: VirtualStation, *, back: bool = False) -> None:
    (clear if back else inject)(running.rig, "maintenance-key")
    await asyncio.sleep(KEY_S)


def test_a_jog_is_told_beforehand_and_answered_when_it_is_seen_done() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        await turn(running)
        assert (await ask("mode", mode="manual"))["mode"] == "Manual"
        told = await ask("jog", device="lift", by_mm=20, preview=True)
        assert told["text"] == "lift moves from 0.0 to 20.0 mm at 20 mm/s"
        assert told["longest_s"] == 3.0 + 15.0 + 3.0
        assert running.controller.state.packml is PackML.STOPPED, "nothing moves by a preview"
        began = asyncio.get_running_loop().time()
        answer = await ask("jog", device="lift", by_mm=20)
        assert (answer["ok"], answer["answer"], answer["packml"]) == (True, "completed", "Stopped")
        assert 1.0 < asyncio.get_running_loop().time() - began < 3.0
        running.world.advance(asyncio.get_running_loop().time())
        assert running.world.lift.mm == pytest.approx(20.0, abs=1.0)
        await asyncio.sleep(0.6)
        assert not running.world.safety.run_enable
        assert not running.world.safety.drives_enabled
        rows = await running.journal.rows()
        intents = [e.row.body for e in rows if e.row.kind == "intent" and e.row.body["command"] == "MoveLift"]
        assert [(i["row"], i["position_mm"], i["speed_mm_s"]) for i in intents] == [("jog", 20.0, 20.0)]
        (asked,) = [e.row.body for e in rows if e.row.kind == "operator" and e.row.body["action"] == "jog"]
        assert (asked["who"], asked["uid"], asked["role"], asked["why"]) == ("tester", 1001, "maintain", "test")
        assert (asked["jog"]["device"], asked["jog"]["by_mm"]) == ("lift", 20.0)

    station(play)


def test_the_gate_judges_a_jog_as_it_judges_everything() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        await turn(running)
        await ask("mode", mode="manual")
        answer = await ask("jog", device="rods", to="out")
        assert (answer["ok"], answer["answer"]) == (False, "failed")
        assert answer["reason"].startswith("interlock car-parked")
        assert not running.world.platform.moving

    station(play)


def test_a_second_jog_is_refused_while_one_lasts_and_a_hold_stops_it() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        await turn(running)
        await ask("mode", mode="manual")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(cast(Any, ask("jog", device="lift", by_mm=50)))
            await asyncio.sleep(1.0)
            assert "one move at a time" in (await ask("jog", device="stacker", by_mm=20))["reason"]
            assert (await ask("hold"))["ok"]
        answer = first.result()
        assert (answer["answer"], answer["reason"]) == ("failed", "hold asked by the operator")
        await asyncio.sleep(1.0)
        running.world.advance(asyncio.get_running_loop().time())
        assert not running.world.lift.moving
        assert 5.0 < running.world.lift.mm < 45.0
        assert running.controller.state.packml is PackML.STOPPED

    station(play)


def test_the_key_turned_back_in_mid_jog_stops_it_and_the_cloud_is_told() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        await turn(running)
        await ask("mode", mode="manual")
        async with asyncio.TaskGroup() as group:
            jog = group.create_task(cast(Any, ask("jog", device="lift", by_mm=50)))
            await asyncio.sleep(1.0)
            clear(running.rig, "maintenance-key")
        assert "not turned to maintenance" in jog.result()["reason"]
        await asyncio.sleep(1.0)
        assert any("alarm/mode_key_missing-safety" in line for line in running.trace)
        assert any('"mode":"Manual"' in line for line in running.trace)
        assert (await ask("mode", mode="production"))["mode"] == "Production"

    station(play)


def test_a_held_swap_goes_on_row_by_row_and_back_in_production() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        await idle(running)
        running.order("order-1")
        controller = running.controller
        while not controller.observer.image.stacker.moving:
            await asyncio.sleep(0.01)
        await ask("hold")
        while controller.state.packml is not PackML.HELD:
            await asyncio.sleep(0.05)
        await turn(running)
        assert (await ask("mode", mode="maintenance"))["ok"]
        refused = await ask("step")
        assert refused["reason"].endswith("wait: name the one that is to go on")
        told = await ask("step", row="0.1", preview=True)
        assert "0.1, " in told["text"]
        assert (await ask("step", row="0.1"))["answer"] == "accepted"
        while controller.state.packml is PackML.HELD or controller.state.packml is not PackML.HELD:
            await asyncio.sleep(0.05)
            if controller.state.packml is PackML.HELD:
                break
        assert "0.1" not in {a.row for a in controller.state.active}
        assert "0.2" in {a.row for a in controller.state.active}
        await turn(running, back=True)
        assert (await ask("mode", mode="production"))["ok"]
        assert (await ask("resume"))["ok"]
        async with asyncio.timeout(600):
            while not any("order/reply" in line and '"completed"' in line for line in running.trace):
                await asyncio.sleep(1.0)

    station(play)


def test_before_a_held_swap_goes_on_or_out_a_person_is_told_which_axis_goes_where() -> None:
    """Row 6 raises the head to `dock`: 900 mm at 189.5 mm/s in this station's file; its way out is down to 0 mm."""

    async def play(running: VirtualStation, ask: Ask) -> None:
        await idle(running)
        running.order("order-1")
        controller = running.controller
        async with asyncio.timeout(100):
            while not (controller.observer.image.lift.moving and "6" in {a.row for a in controller.state.active}):
                await asyncio.sleep(0.01)
            await ask("hold")
            while controller.state.packml is not PackML.HELD:
                await asyncio.sleep(0.05)
        on, out = [(await ask(act, preview=True))["text"] for act in ("resume", "abort")]
        assert on.startswith("the swap goes on by itself to its end, beginning with ")
        assert "6, Raise the head and dock (lift goes up to 900 mm at 189.5 mm/s)" in on
        assert out.startswith("the order is given up; the station takes the way out by itself, beginning with ")
        assert "16, Retract the head (lift goes down to 0 mm at 453 mm/s)" in out
        assert (await ask("resume", confirmed=out))["error"].startswith("not done, something else would happen by now")
        assert controller.state.packml is PackML.HELD
        assert (await ask("resume", confirmed=on))["ok"]

    station(play)


def test_an_order_is_refused_outside_production() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        await idle(running)
        await turn(running)
        await ask("mode", mode="maintenance")
        running.order("order-1")
        await asyncio.sleep(0.5)
        (said,) = [line for line in running.trace if "order/reply" in line]
        assert "mode is Maintenance: orders are for Production" in said

    station(play)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"action": "mode"}, "one of production, maintenance, manual is needed"),
        ({"action": "mode", "mode": "auto"}, "mode 'auto'"),
        ({"action": "mode", "mode": 3}, "mode 3"),
        ({"action": "jog", "device": "lift", "by_mm": "5"}, "by_mm is a number"),
        ({"action": "jog", "device": "lift", "by_mm": True}, "by_mm is a number"),
        ({"action": "jog", "device": "lift", "by_mm": float("nan")}, "by_mm is a number"),
        ({"action": "jog", "device": 5}, "device is a word"),
        ({"action": "jog", "device": "locks", "to": "lock", "points": [True]}, "points is a list"),
        ({"action": "jog", "device": "locks", "to": "lock", "points": 3}, "points is a list"),
        ({"action": "jog", "device": "x" * 65}, "at most 64 characters"),
        ({"action": "step", "row": 6}, "row is a word"),
        ({"action": "step", "mode": "manual"}, "unknown key 'mode'; allowed: action, why, preview, confirmed, row"),
        ({"action": "hold", "row": "6"}, "unknown key 'row'"),
        ({"action": "jog", "device": "lift", "by_mm": 10**400}, "by_mm is a number"),
        ({"action": "jog", "device": "lift\x1b[2J"}, "device is a word"),
        ({"action": "mode", "mode": "manual", "why": "one\ntwo"}, "on one line"),
        ({"action": "mode", "mode": "manual", "why": "x" * 501}, "at most 500 characters"),
    ],
)
def test_a_request_with_a_mistake_says_what_is_allowed(request_: dict[str, object], said: str) -> None:
    nobody: Any = None
    with pytest.raises(RequestError, match=said):
        asyncio.run(Control(nobody, nobody, nobody, Path(), ROSTER).answer(request_, ME))
