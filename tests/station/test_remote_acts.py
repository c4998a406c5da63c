"""Operator's acts over the uplink: shut by default, let in one by one, journalled with who and why, done once."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.contract import CommandReply
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import idle, until

STATION = load_station("choco-14")
REMOTE = ("reset", "hold", "resume", "abort")


def letting_in(*acts: str) -> Station:
    config = STATION.config
    cloud = config.cloud.model_copy(update={"remote": acts})
    return replace(STATION, config=config.model_copy(update={"cloud": cloud}))


def ask(running: VirtualStation, act: str, name: str, **other: Any) -> bytes:
    body = {**running.sender.heads(name), "who": "anna", "why": "nobody is there", **other}
    payload = json.dumps(body).encode()
    running.sender.publish(act, payload)
    return payload


def told(running: VirtualStation, act: str) -> list[tuple[str, str, str]]:
    """(id, answer, reason) of each answer, in order."""
    lines = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.reply(act)} " in line]
    values = [CommandReply.model_validate_json(text).values for text in lines]
    assert all(v.command == act for v in values)
    return [(v.command_id, v.answer, v.reason) for v in values]


def played(play: Callable[[VirtualStation], Coroutine[Any, Any, None]], *acts: str) -> None:
    async def main() -> None:
        async with virtual_station(letting_in(*acts), 1, speed=4.0) as running:
            async with asyncio.timeout(20):
                await running.controller.ready.wait()
            await play(running)
            assert running.world.referee.breaches == []

    virtual(main())


@pytest.mark.parametrize("act", REMOTE)
def test_each_is_shut_by_default_and_says_where_it_is_opened(act: str) -> None:
    async def play(running: VirtualStation) -> None:
        ask(running, act, "a")
        await asyncio.sleep(0.1)
        assert told(running, act) == [
            ("a", "refused", f"{act} is not let in over MQTT here (cloud.remote in the station file)")
        ]
        assert await running.journal.rows(Query(kind="operator")) == []

    played(play, *(other for other in REMOTE if other != act))


@pytest.mark.parametrize("act", ["clear", "mode", "step", "jog"])
def test_what_needs_eyes_beside_the_station_is_always_refused(act: str) -> None:
    async def play(running: VirtualStation) -> None:
        ask(running, act, "a")
        ask(running, act, "b", device="lift", by_mm=5)
        await asyncio.sleep(0.1)
        reason = f"{act} is only for a person beside the station"
        assert told(running, act) == [("a", "refused", reason), ("b", "refused", reason)]
        assert await running.journal.rows(Query(kind="operator")) == []

    played(play, *REMOTE)


def test_a_station_with_nothing_pending_is_reset_from_afar_and_the_journal_says_by_whom() -> None:
    async def play(running: VirtualStation) -> None:
        payload = ask(running, "reset", "a")
        async with asyncio.timeout(20):
            await until(running, PackML.IDLE)
        await asyncio.sleep(0.1)
        assert told(running, "reset") == [("a", "accepted", "")]
        (taken,) = [e.row.body for e in await running.journal.rows(Query(kind="command-taken"))]
        assert {key: taken[key] for key in ("command", "id", "who", "why", "challenge", "clock_source")} == {
            "command": "reset",
            "id": "a",
            "who": "anna",
            "why": "nobody is there",
            "challenge": "sim-1:0",
            "clock_source": "ntp",
        }
        (operator,) = [e.row.body for e in await running.journal.rows(Query(kind="operator"))]
        assert operator == {"action": "reset", "who": "mqtt:anna", "why": "nobody is there"}
        running.sender.publish("reset", payload)
        await asyncio.sleep(0.1)
        assert told(running, "reset")[1:] == [("a", "accepted", "")], "told again, not done again"
        assert running.controller.state.packml is PackML.IDLE
        assert len(await running.journal.rows(Query(kind="operator"))) == 1

    played(play, "reset")


@pytest.mark.parametrize(
    "wrong",
    [{"challenge": "sim-1:9"}, {"target": "demo/choco-15"}, {"expires_at": 1}, {"who": ""}, {"why": ""}, {"mode": "x"}],
)
def test_a_stale_strange_or_nameless_act_is_refused_and_not_done(wrong: dict[str, Any]) -> None:
    async def play(running: VirtualStation) -> None:
        ask(running, "reset", "a", **wrong)
        await asyncio.sleep(0.1)
        ((name, answer, reason),) = told(running, "reset")
        assert (name, answer) == ("a", "refused")
        assert reason
        assert running.controller.state.packml is PackML.STOPPED

    played(play, "reset")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("\ud800", "Invalid JSON"),  # half a pair: no file and no message can hold it
        ("half \udfff of a pair", "Invalid JSON"),
        ("two\nlines", "on one line"),
        ("\x1b[2Jclears a screen", "printable"),
        ("ends \x00 here", "printable"),
        ("\u202eturned round", "printable"),
        (501 * "x", "at most 500"),
        ((1 << 20) * "x", "a command has at most 16384 bytes"),
    ],
)
def test_a_reason_that_is_no_line_of_text_is_refused_and_breaks_nothing(why: str, said: str) -> None:
    async def play(running: VirtualStation) -> None:
        ask(running, "reset", "a", why=why)
        await asyncio.sleep(0.1)
        ((name, answer, reason),) = told(running, "reset")
        assert (name, answer) == ("unknown" if len(why) > 1000 else "a", "refused")
        assert said in reason
        assert running.controller.state.packml is PackML.STOPPED
        ask(running, "reset", "b", why="Grüße 🔋 aus München")
        async with asyncio.timeout(20):
            await until(running, PackML.IDLE)
        (operator,) = [e.row.body for e in await running.journal.rows(Query(kind="operator"))]
        assert operator["why"] == "Grüße 🔋 aus München"

    played(play, "reset")


def test_hold_resume_and_abort_of_a_swap_from_afar() -> None:
    async def play(running: VirtualStation) -> None:
        await idle(running)
        running.order("order-1")
        async with asyncio.timeout(60):
            await until(running, PackML.EXECUTE)
            await asyncio.sleep(2.0)
            ask(running, "hold", "h1")
            await until(running, PackML.HELD)
            ask(running, "resume", "r1")
            await until(running, PackML.EXECUTE)
            await asyncio.sleep(1.0)
            ask(running, "hold", "h2")
            await until(running, PackML.HELD)
            ask(running, "abort", "a1")
            while running.controller.state.packml is PackML.HELD:
                await asyncio.sleep(0.01)
        assert running.controller.state.swap is not None
        assert running.controller.state.swap.failure is FaultCode.OPERATOR_ABORT
        await asyncio.sleep(0.2)
        assert [t[:2] for t in told(running, "hold")] == [("h1", "accepted"), ("h2", "accepted")]
        assert [t[:2] for t in told(running, "resume")] == [("r1", "accepted")]
        assert [t[:2] for t in told(running, "abort")] == [("a1", "accepted")]
        who = [e.row.body["who"] for e in await running.journal.rows(Query(kind="operator"))]
        assert who == ["tester", *["mqtt:anna"] * 4]

    played(play, *REMOTE)


def test_with_an_open_swap_nothing_is_reset_from_afar() -> None:
    async def play(running: VirtualStation) -> None:
        await idle(running)
        running.order("order-1")
        await until(running, PackML.EXECUTE)
        inject(running.rig, "controller-dead")
        await asyncio.sleep(1.0)
        clear(running.rig, "controller-dead")
        async with asyncio.timeout(20):
            await running.controller.ready.wait()
        ask(running, "reset", "a")
        await asyncio.sleep(0.1)
        ((name, answer, reason),) = told(running, "reset")
        assert (name, answer) == ("a", "refused")
        assert reason == (
            "reset is for Stopped or Idle, station is Held: swap sim-1-1 is not over, see `next` in its status"
        )
        assert running.controller.state.packml is PackML.HELD

    played(play, *REMOTE)


def test_after_a_crash_with_nothing_pending_a_station_is_reset_from_afar_where_that_is_let_in() -> None:
    async def crashed(running: VirtualStation) -> None:
        await idle(running)
        inject(running.rig, "controller-dead")
        await asyncio.sleep(1.0)
        clear(running.rig, "controller-dead")
        async with asyncio.timeout(20):
            await running.controller.ready.wait()
        await asyncio.sleep(2.0)
        assert running.controller.state.packml is PackML.STOPPED, "nothing moves by itself"

    async def let_in(running: VirtualStation) -> None:
        await crashed(running)
        ask(running, "reset", "a")
        async with asyncio.timeout(20):
            await until(running, PackML.IDLE)
        await asyncio.sleep(0.1)
        assert told(running, "reset") == [("a", "accepted", "")]

    async def shut(running: VirtualStation) -> None:
        await crashed(running)
        ask(running, "reset", "a")
        await asyncio.sleep(2.0)
        assert [t[:2] for t in told(running, "reset")] == [("a", "refused")]
        assert running.controller.state.packml is PackML.STOPPED

    played(let_in, "reset")
    played(shut, "hold", "resume", "abort")


def test_killed_at_any_moment_an_act_is_answered_and_done_at_most_once() -> None:
    """From 2 ms under way to the disk (0.5 ms), the decision, the answer on the disk (0.5 ms) and back."""

    async def play(running: VirtualStation) -> None:
        answers = set()
        for k in range(6, 20):
            name = f"h{k}"
            payload = ask(running, "hold", name)
            await asyncio.sleep(k * 0.00025)
            inject(running.rig, "controller-dead")
            await asyncio.sleep(0.5)
            clear(running.rig, "controller-dead")
            async with asyncio.timeout(20):
                await running.controller.ready.wait()
            running.sender.publish("hold", payload)
            await asyncio.sleep(0.2)
            said = [(answer, reason) for one, answer, reason in told(running, "hold") if one == name]
            assert said
            assert len(set(said)) == 1, "the same answer, whenever it is told"
            answers.add(said[0][1].split(" ")[0].rstrip(":"))
        done = [e.row.body for e in await running.journal.rows(Query(kind="operator"))]
        assert len(done) == len(await running.journal.rows(Query(kind="command-taken")))
        assert answers == {"challenge", "interrupted", "nothing"}

    played(play, "hold")
