"""Messages to the service manager, and the proof of progress that feeds its watchdog."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_py.shell.progress import ProgressGuard
from firmware_py.shell.service import Notifier, watchdog_period_s


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A service manager's datagram socket, with the address as `NOTIFY_SOCKET` gives it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@swapstation-{tmp_path.name}-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + address[1:] if address.startswith("@") else address)
        receiver.settimeout(2)
        yield receiver, address


def test_messages_arrive_one_per_datagram(manager: tuple[socket.socket, str]) -> None:
    receiver, address = manager
    with Notifier.from_environment({"NOTIFY_SOCKET": address}) as notifier:
        assert notifier.ready("choco-14: 14 bays")
        assert notifier.status("swap 7,\nstep 8")
        assert notifier.watchdog()
        assert notifier.stopping()
    assert [receiver.recv(256) for _ in range(4)] == [
        b"READY=1\nSTATUS=choco-14: 14 bays",
        b"STATUS=swap 7, step 8",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


def test_without_a_manager_nothing_is_sent() -> None:
    with Notifier.from_environment({}) as notifier:
        assert not notifier.ready()
        assert not notifier.watchdog()


def test_manager_that_is_gone_does_not_raise(tmp_path: Path) -> None:
    with Notifier(str(tmp_path / "nobody")) as notifier:
        assert not notifier.watchdog()


def test_manager_that_does_not_read_does_not_block(manager: tuple[socket.socket, str]) -> None:
    _, address = manager
    with Notifier(address) as notifier:
        assert not all(notifier.watchdog() for _ in range(2000)), "the queue of a datagram socket is finite"


def test_closed_notifier_sends_nothing(manager: tuple[socket.socket, str]) -> None:
    notifier = Notifier(manager[1])
    notifier.close()
    assert not notifier.watchdog()


@pytest.mark.parametrize(
    ("environment", "period_s"),
    [
        ({"WATCHDOG_USEC": "9000000"}, 3.0),
        ({"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "9000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_watchdog_period_is_a_third_of_the_limit(environment: dict[str, str], period_s: float | None) -> None:
    assert watchdog_period_s(environment) == period_s


def guard() -> ProgressGuard:
    return ProgressGuard({"lift_line": 1.0, "packs": 2.0}, decision_limit_s=0.5, now=100.0)


def test_a_new_guard_is_healthy_until_the_first_limit_runs_out() -> None:
    assert guard().healthy(100.5)
    assert guard().who_stalls(100.6) == ("decision",)


def test_progress_of_all_keeps_it_healthy() -> None:
    watched = guard()
    for tenth in range(1, 50):
        now = 100.0 + tenth / 10
        watched.advance("lift_line", now)
        watched.advance("packs", now)
        watched.made_decision(now)
        assert watched.healthy(now)


def test_one_task_that_stands_still_is_named_while_the_others_go_on() -> None:
    watched = guard()
    watched.advance("packs", 101.5)
    watched.made_decision(101.5)
    assert not watched.healthy(101.5)
    assert watched.who_stalls(101.5) == ("lift_line",)
    watched.advance("lift_line", 101.5)
    assert watched.healthy(101.5), "late progress is progress"


def test_the_longest_overdue_comes_first() -> None:
    assert guard().who_stalls(110.0) == ("decision", "lift_line", "packs")


def test_a_silent_unit_does_not_starve_it() -> None:
    """Three units share a line; one never answers, and costs its time-out of 0.1 s and one more try in each round."""
    watched = guard()
    now = 100.0
    for _ in range(100):
        for spent in (0.01, 0.2, 0.01):
            now += spent
            watched.made_decision(now)
        watched.advance("lift_line", now)
        watched.advance("packs", now)
        assert watched.healthy(now)


def test_decisions_alone_are_not_enough_and_neither_are_tasks_alone() -> None:
    deciding, polling = guard(), guard()
    for tenth in range(1, 40):
        deciding.made_decision(100.0 + tenth / 10)
        polling.advance("lift_line", 100.0 + tenth / 10)
        polling.advance("packs", 100.0 + tenth / 10)
    assert deciding.who_stalls(103.9) == ("lift_line", "packs")
    assert polling.who_stalls(103.9) == ("decision",)


def test_unknown_names_and_senseless_limits_are_refused() -> None:
    with pytest.raises(KeyError):
        guard().advance("lift_lime", 100.0)
    with pytest.raises(ValueError, match="packs"):
        ProgressGuard({"packs": 0.0}, decision_limit_s=1.0, now=0.0)
    with pytest.raises(ValueError, match="decision"):
        ProgressGuard({"decision": 1.0}, decision_limit_s=1.0, now=0.0)


def test_a_worker_without_work_is_healthy_for_ever_and_one_with_work_is_not() -> None:
    watched = ProgressGuard({"journal": 2.0}, decision_limit_s=1000.0, now=100.0, idle=["journal"])
    assert watched.healthy(200.0)
    watched.take("journal", 200.0)
    assert watched.healthy(202.0)
    watched.take("journal", 202.0)
    assert watched.who_stalls(202.1) == ("journal",), "more work gives no more time"
    watched.advance("journal", 202.1)
    assert watched.healthy(204.0), "the next piece has its own time"
    watched.rest("journal")
    assert watched.healthy(300.0)
    with pytest.raises(KeyError):
        watched.rest("nobody")
