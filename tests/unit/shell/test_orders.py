"""Orders: kept with what was decided on them before they are acknowledged, acted on once, always answered."""

import asyncio
import json
from typing import Any

import pytest

from firmware_py.core.effects import Answer
from firmware_py.shell.answers import ORDER
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.journal import Row
from tests.unit.shell.order_scene import NOW_MS, Scene, order, played


def test_decided_kept_answered_acknowledged() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"))
        assert scene.happened == ["decided a", "a accepted", "ack"]
        assert await scene.kinds() == ["order-taken", "order", "order-answer"]
        (taken,) = [e.row for e in await scene.journal.rows() if e.row.kind == "order-taken"]
        assert taken.swap_id == "boot-1"
        assert taken.body == {
            "order_id": "a",
            "vin": "LNAUTS0A0PX000001",
            "vehicle": "aion-ut",
            "pack_class": None,
            "challenge": "boot:0",
            "issued_at": 999_990,
            "expires_at": 1_001_000,
            "clock_source": "ntp",
        }

    played(play)


def test_one_that_comes_again_before_it_is_answered_waits_for_its_answer() -> None:
    """Most orders are answered a moment after they are taken: once what they need was read anew."""

    async def play(scene: Scene) -> None:
        answer, scene.orders.answer = scene.orders.answer, lambda *_: None  # type: ignore[method-assign]
        await scene.take(order("a"), order("a"), order("a", "boot:1"))
        assert scene.happened == ["decided a", "ack", "ack", "ack"]
        answer("a", Answer.ACCEPTED, "bay 2")
        await asyncio.sleep(0.1)
        assert scene.happened[4:] == ["a accepted"]
        assert scene.challenge.current == "boot:1"

    played(play)


def test_order_reservation_and_answer_are_one_transaction() -> None:
    async def play(scene: Scene) -> None:
        commits: list[list[str]] = []
        append = scene.journal.append

        async def watched(rows: Any) -> None:
            commits.append([row.kind for row in rows])
            await append(rows)

        scene.journal.append = watched  # type: ignore[method-assign]
        scene.recorder.note(Row("before"))
        await asyncio.sleep(0.001)  # a commit is under way
        await scene.take(order("a"))
        assert commits == [["before"], ["order-taken", "order", "order-answer"]]

    played(play)


def test_what_could_not_be_kept_is_refused_never_accepted_and_not_acknowledged() -> None:
    async def play(scene: Scene) -> None:
        scene.journal.fail("disk full")
        await scene.take(order("a"))
        assert scene.happened == ["decided a", "journal the journal has failed before: disk full", "a refused"]
        await scene.take(order("b", "boot:1"))
        assert scene.happened[3:] == ["b refused"], "a journal that failed is not asked again"

    played(play)


def test_the_same_order_again_is_acted_on_once_and_told_its_last_answer() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"), order("a"))
        scene.orders.answer("a", Answer.COMPLETED, "")
        await asyncio.sleep(0.1)
        await scene.take(order("a", "boot:1"), order("a", target="other/one"))
        assert scene.happened == [
            *("decided a", "a accepted", "ack", "a accepted", "ack"),
            *("a completed", "a completed", "ack", "a completed", "ack"),
        ]
        assert scene.challenge.current == "boot:1"

    played(play)


def test_one_final_answer_whatever_comes_later() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"))
        scene.orders.answer("a", Answer.COMPLETED, "")
        scene.orders.answer("a", Answer.FAILED, "too late")
        await asyncio.sleep(0.1)
        assert scene.happened[-1] == "a completed"
        assert [k for k in await scene.kinds() if k == "order-answer"] == ["order-answer"] * 2

    played(play)


def test_of_two_with_one_challenge_the_second_is_refused_and_may_not_come_again() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"), order("b"), order("b", "boot:1"))
        assert [h for h in scene.happened if h != "ack"] == ["decided a", "a accepted", "b refused", "b refused"]

    played(play)


def test_an_order_that_the_station_refuses_uses_up_its_challenge_too() -> None:
    async def play(scene: Scene) -> None:
        scene.decides = Answer.REFUSED
        await scene.take(order("a"))
        scene.decides = Answer.ACCEPTED
        await scene.take(order("a"), order("b"), order("c", "boot:1"))
        assert [h for h in scene.happened if h != "ack"] == [
            *("decided a", "a refused", "a refused", "b refused", "decided c", "c accepted"),
        ]

    played(play)


def test_a_retained_order_is_refused_and_afterwards_told_the_same() -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a"), retain=True)
        await scene.take(order("a"))
        assert scene.happened == ["a refused", "ack", "a refused", "ack"]
        assert scene.challenge.current == "boot:0"

    played(play)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "unknown refused"),
        (b"\xff{", "unknown refused"),
        (b"[1]", "unknown refused"),
        (b'{"id": "x"}', "x refused"),
        (b'{"id": "two words"}', "unknown refused"),
        (json.dumps({**order("y"), "extra": 1}).encode(), "y refused"),
        (json.dumps({k: v for k, v in order("z").items() if k != "challenge"}).encode(), "z refused"),
        (json.dumps(order("v", challenge="")).encode(), "v refused"),
        (json.dumps(order("u", target="lot/\ud800")).encode(), "u refused"),
        (json.dumps(order("t", target="lot/\x1b[2J")).encode(), "t refused"),
        (json.dumps(order("s", challenge="boot:0\n")).encode(), "s refused"),
        (json.dumps(order("r", vin="LNAUTS0A0PX00000\x00")).encode(), "r refused"),
        (json.dumps(order("q", vin="LNAUTSOA0PX000001")).encode(), "q refused"),
        (json.dumps(order("p", issued_at=1e400)).encode(), "p refused"),
        (b'{"id": "o", "issued_at": ' + 5000 * b"9" + b"}", "unknown refused"),
        (b'{"id": ' * 3000, "unknown refused"),
        (json.dumps(order("\ud800")).encode(), "unknown refused"),
        (json.dumps(order("n", more=(1 << 20) * "x")).encode(), "unknown refused"),
    ],
)
def test_what_is_no_order_is_answered_by_its_name_where_it_has_one(payload: bytes, told: str) -> None:
    async def play(scene: Scene) -> None:
        await scene.take(payload)
        await asyncio.sleep(0.1)
        assert scene.happened == [told, "ack"]
        assert scene.challenge.current == "boot:0"

    played(play)


@pytest.mark.parametrize("key", ["\x1b[2J\n", 15_000 * "x", "\u202e", "k\x00"])
def test_a_key_that_nobody_knows_is_named_without_what_it_may_do_to_a_screen(key: str) -> None:
    async def play(scene: Scene) -> None:
        await scene.take({**order("a"), key: 1})
        said = scene.answers.known(ORDER, "a")
        assert said is not None
        assert said.reason.endswith("Extra inputs are not permitted")
        assert said.reason.isprintable()
        assert len(said.reason) < 120

    played(play)


@pytest.mark.parametrize("late_ms", [0, 1, 10**9])
def test_an_expired_order_is_refused_and_the_refusal_kept(late_ms: int) -> None:
    async def play(scene: Scene) -> None:
        await scene.take(order("a", issued_at=0, expires_at=NOW_MS - late_ms))
        await asyncio.sleep(0.1)
        assert scene.happened == ["a refused", "ack"]
        assert (await scene.kinds())[0] == "order-answer"

    played(play)


def test_an_order_is_decided_with_the_time_that_it_is_good_for() -> None:
    """By the clock where it is set; else by what its sender has meant, from now on."""

    async def play(scene: Scene) -> None:
        await scene.take(order("a", issued_at=NOW_MS - 7500, expires_at=NOW_MS + 2500))
        scene.source = ClockSource.NONE
        await scene.take(order("b", "boot:1", issued_at=NOW_MS - 7500, expires_at=NOW_MS + 2500))
        assert scene.good_for_s == [2.5, 10.0]

    played(play)
