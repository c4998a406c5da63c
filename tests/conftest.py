"""Rules that hold for every test: no task outlives its test, and no test is left out in silence."""

import asyncio
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

SETTLE_TURNS = 3
"""Turns of the loop given to tasks that are already cancelled, so that they can end."""

PROGRAM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""Daemons live in sbin directories, which are not on everybody's PATH."""

settings.register_profile("swapstation", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("swapstation")

_failed = pytest.StashKey[bool]()


def require_program(name: str) -> Path:
    """Path of a program. Where it is missing: skip on a developer's machine, fail under CI."""
    found = shutil.which(name, path=PROGRAM_PATH)
    if found is not None:
        return Path(found)
    _left_out(f"program {name!r} is not installed")


def _left_out(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and under CI nothing may be left out", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(name="needs_program")
def _needs_program() -> Callable[[str], Path]:
    """`needs_program("mosquitto")` gives the path, or skips or fails the test as the marker of this name does."""
    return require_program


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Act on the markers `needs_program` and `needs_root`."""
    for marker in item.iter_markers("needs_program"):
        for name in marker.args:
            require_program(name)
    if item.get_closest_marker("needs_root") and os.geteuid() != 0:
        _left_out("only root can be another user")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hardware tests run only when they are asked for by name."""
    if "hardware" in config.getoption("markexpr"):
        return
    for item in items:
        if item.get_closest_marker("hardware"):
            item.add_marker(pytest.mark.skip(reason="moves real machinery: ask for it by -m hardware"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    """Remember a failure: a test that failed may leave tasks behind."""
    report = yield
    if report.failed or report.skipped:
        item.stash[_failed] = True
    return report


def _tasks() -> set[asyncio.Task[object]]:
    return asyncio.all_tasks()  # noqa: TID251 - a leak has no owner to ask, and no decision hangs on the order


@pytest.fixture(autouse=True)
def _no_leaked_tasks(request: pytest.FixtureRequest) -> None:
    """Set up first and so torn down last: sees what is left when the test and its fixtures have ended."""
    if inspect.iscoroutinefunction(getattr(request.node, "obj", None)):
        request.getfixturevalue("_task_watch")


@pytest.fixture
async def _task_watch(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    before = _tasks()
    yield
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(0)
    left = _tasks() - before - {asyncio.current_task()}
    if left and not request.node.stash.get(_failed, False):
        names = ", ".join(sorted(f"{task.get_name()} ({task.get_coro()})" for task in left))
        pytest.fail(f"{len(left)} task(s) outlived the test: {names}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Always say how many tests were left out, and why."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    terminalreporter.write_line(f"left out: {sum(reasons.values())} test(s)")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"  {count} x {reason}")
