"""The local control of a whole station: who may do what, what is kept of it, and what it needs no uplink for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from firmware_py.core.packml import PackML
from firmware_py.shell.control import REFUSED_EVERY_S, Control
from firmware_py.shell.journal import Query
from firmware_py.shell.line_socket import RequestError
from firmware_py.shell.peer import Peer
from firmware_py.shell.roles import Role, Roster
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import until

STATION = load_station("choco-14")
ROSTER = Roster(
    {Role.VIEW: "see", Role.OPERATE: "work", Role.MAINTAIN: "mend"},
    {Role.VIEW: 501, Role.OPERATE: 502, Role.MAINTAIN: 503},
    own_uid=900,
)
STRANGER = Peer(1000, 1000, frozenset(), "eve")
VIEWER = Peer(1001, 1001, frozenset({501}), "vera")
OPERATOR = Peer(1002, 1002, frozenset({501, 502}), "otto")
KEEPER = Peer(1003, 1003, frozenset({501, 503}), "mona")
ACTS: dict[str, dict[str, Any]] = {
    "reset": {}, "hold": {}, "resume": {}, "abort": {}, "clear": {}, "mode": {"mode": "manual"},
    "jog": {"device": "lift", "by_mm": 5}, "step": {},
}  # fmt: skip
Ask = Callable[..., Awaitable[Mapping[str, Any]]]


def station(play: Callable[[VirtualStation, Ask], Awaitable[None]], *faults: str) -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            for fault in faults:
                inject(running.rig, fault)
            control = Control(running.controller, running.controller._links, cast(Any, None), Path(), ROSTER)

            async def ask(peer: Peer, action: str, **more: object) -> Mapping[str, Any]:
                answer = await control.answer({"action": action, **more}, peer)
                assert isinstance(answer, Mapping)
                return answer

            async with asyncio.timeout(10):
                await running.controller.ready.wait()
            await play(running, ask)

    virtual(main())


@pytest.mark.parametrize(
    ("peer", "acts"),
    [(STRANGER, tuple(ACTS)), (VIEWER, tuple(ACTS)), (OPERATOR, ("clear", "mode", "jog", "step"))],
)
def test_what_a_role_is_not_enough_for_is_not_done_not_previewed_and_told_how_to_get_it(
    peer: Peer, acts: tuple[str, ...]
) -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        before = running.controller.state
        for act in acts:
            for preview in (False, True):
                answer = await ask(peer, act, why="x", preview=preview, **ACTS[act])
                group = "mend" if act in {"clear", "mode", "jog", "step"} else "work"
                assert (answer["ok"], "text" in answer) == (False, False)
                assert f"`sudo usermod -aG {group} {peer.name}`" in answer["error"]
        assert running.controller.state == before
        await asyncio.sleep(0.1)
        assert await running.journal.rows(Query(kind="operator")) == []

    station(play)


def test_who_goes_on_asking_in_vain_is_kept_but_does_not_fill_the_journal() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        for _ in range(50):
            await ask(STRANGER, "status")
            await ask(VIEWER, "abort", why="x")
        await asyncio.sleep(REFUSED_EVERY_S + 0.1)
        await ask(VIEWER, "hold")
        await asyncio.sleep(0.1)
        kept = [e.row.body for e in await running.journal.rows(Query(kind="operator-refused"))]
        assert kept == [
            {"action": "status", "who": "eve", "uid": 1000, "role": "nobody"},
            {"action": "abort", "who": "vera", "uid": 1001, "role": "view"},
            {"action": "hold", "who": "vera", "uid": 1001, "role": "view"},
        ]

    station(play)


def test_with_a_dead_uplink_everything_goes_and_each_act_is_kept_with_who_and_why() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        assert (await ask(VIEWER, "status"))["status"]["links"]["cloud"] != "ready"
        assert (await ask(OPERATOR, "reset", why="morning"))["ok"]
        async with asyncio.timeout(20):
            await until(running, PackML.IDLE)
        inject(running.rig, "maintenance-key")
        await asyncio.sleep(1.5)
        assert (await ask(KEEPER, "mode", mode="manual", why="slot"))["mode"] == "Manual"
        assert (await ask(KEEPER, "jog", device="lift", by_mm=5, why="slot"))["answer"] == "completed"
        clear(running.rig, "maintenance-key")
        await asyncio.sleep(1.5)
        assert (await ask(KEEPER, "mode", mode="production", why="done"))["ok"]
        assert (await ask(OPERATOR, "hold"))["reason"] == "nothing runs, station is Stopped"
        await asyncio.sleep(0.1)  # a hold is done first and kept after
        kept = [e.row.body for e in await running.journal.rows(Query(kind="operator"))]
        who = [(body["action"], body["who"], body["uid"], body["role"], body["why"]) for body in kept]
        assert who == [
            ("reset", "otto", 1002, "operate", "morning"),
            ("mode", "mona", 1003, "maintain", "slot"),
            ("jog", "mona", 1003, "maintain", "slot"),
            ("mode", "mona", 1003, "maintain", "done"),
            ("hold", "otto", 1002, "operate", ""),
        ]

    station(play, "broker-down")


def test_a_hold_waits_for_no_disk_and_is_kept_when_the_disk_is_back() -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        assert (await ask(OPERATOR, "reset"))["ok"]
        async with asyncio.timeout(60):
            await until(running, PackML.IDLE)
            await asyncio.sleep(2.0)
            running.order("order-1")
            await until(running, PackML.EXECUTE)
            await asyncio.sleep(1.0)
        running.journal.hang(True)
        began = asyncio.get_running_loop().time()
        assert (await ask(OPERATOR, "hold", why="lane"))["answer"] == "accepted"
        assert asyncio.get_running_loop().time() - began < 0.05
        assert running.controller.state.packml is PackML.HOLDING
        running.journal.hang(False)
        await asyncio.sleep(1.0)
        kept = [e.row.body for e in await running.journal.rows(Query(kind="operator"))]
        assert [(body["action"], body["why"]) for body in kept] == [("reset", ""), ("hold", "lane")]

    station(play)


@pytest.mark.parametrize("act", ["abort", "clear", "mode", "jog"])
def test_what_needs_a_reason_is_not_done_without_one(act: str) -> None:
    async def play(running: VirtualStation, ask: Ask) -> None:
        with pytest.raises(RequestError, match=f"{act} needs a reason"):
            await ask(KEEPER, act, **ACTS[act])
        with pytest.raises(RequestError, match=f"{act} needs a reason"):
            await ask(KEEPER, act, why="   ", **ACTS[act])
        assert (await ask(KEEPER, act, preview=True, **ACTS[act])).get("why_needed", True)
        assert await running.journal.rows(Query(kind="operator")) == []

    station(play)


def test_after_a_crash_clear_says_that_the_swap_ends_by_it() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            async with asyncio.timeout(100):
                await running.controller.ready.wait()
                first = Control(running.controller, running.controller._links, cast(Any, None), Path(), ROSTER)
                assert cast(Mapping[str, Any], await first.answer({"action": "reset"}, OPERATOR))["ok"]
                await until(running, PackML.IDLE)
                await asyncio.sleep(2.0)
                running.order("order-1")
                await until(running, PackML.EXECUTE)
                inject(running.rig, "controller-dead")
                await asyncio.sleep(0.5)
                clear(running.rig, "controller-dead")
                await running.controller.ready.wait()
                await asyncio.sleep(3.0)
            control = Control(running.controller, running.controller._links, cast(Any, None), Path(), ROSTER)
            told = cast(Mapping[str, Any], await control.answer({"action": "clear", "preview": True}, KEEPER))
            assert told["text"] == (
                "nothing moves; the station forgets SWAP_INTERRUPTED sim-1-1, and swap sim-1-1 ends here: "
                "order order-1 is answered failed: look at car and pack first"
            )

    virtual(main())
