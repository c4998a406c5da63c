"""The demonstration: simulator and controller as two processes, one car, one order over MQTT, one swap."""

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from firmware_py.screen import View
from firmware_py.screen.shows import FRAME_S, Show
from firmware_py.shell.carriers import guest_link
from firmware_py.shell.clock import system_wall_clock
from firmware_py.shell.ear import Ear
from firmware_py.shell.line_client import ask_async
from hal.config.bundle import Station
from hal.config.links import MqttConfig
from hal.contract import OrderCommand, RecordEvent
from hal.ports import Message, MqttLink
from sim.campaigns.children import ChildDied, child

START_S: Final = 20.0
ANSWER_S: Final = 8.0
IDLE_S: Final = 15.0
SWAP_S: Final = 400.0
"""Plant time of the longest swap that is waited for; with margin for retries, ways back and waits that do not scale."""
ORDER_VALID_S: Final = 600.0
_LOOK_S: Final = 0.05


class DemoFailed(Exception):
    """The swap did not come to its good end. The text says why."""


@dataclass(frozen=True)
class Wishes:
    """Options of the command. `folder` takes logs, journal, sockets and the overlay file."""

    station: Station
    name: str
    seed: int
    speed: float
    folder: Path


@dataclass(frozen=True)
class Result:
    """A swap that ended well."""

    record: RecordEvent
    nominal_s: dict[int, float]


async def run_demo(wishes: Wishes, show: Show) -> Result:
    """One swap. Raises `DemoFailed`; whatever happens, both children are gone when it returns."""
    try:
        async with _two_processes(wishes, show) as broker, _heard(wishes, broker, show) as ear:
            return await _swap(wishes, ear, show)
    except* (DemoFailed, ChildDied) as group:
        raise DemoFailed(_first(group)) from None


@asynccontextmanager
async def _two_processes(wishes: Wishes, show: Show) -> AsyncIterator[dict[str, Any]]:
    """Simulator, then controller. Gives the entry of the broker in the overlay file."""
    folder, name = wishes.folder, wishes.name
    overlay, control = folder / "links.toml", folder / "control.sock"
    serve = ["sim", "serve", name, "--seed", str(wishes.seed), "--speed", str(wishes.speed)]
    serve += ["--links-out", str(overlay), "--socket", str(folder / "simulator.sock")]
    run = ["run", name, "--links", str(overlay), "--state-dir", str(folder), "--socket", str(control)]
    show.say("starting the simulator: its devices are simulated, no real machine moves")
    async with (
        child("simulator", serve, folder / "simulator.log") as simulator,
        asyncio.TaskGroup() as watching,
    ):
        watches = [watching.create_task(simulator.watch(), name="watch-simulator")]
        await _until_true(overlay.exists, START_S, "the simulator does not open its ports")
        show.say("starting the controller")
        async with child("controller", run, folder / "controller.log") as controller:
            watches.append(watching.create_task(controller.watch(), name="watch-controller"))
            try:
                yield tomllib.loads(overlay.read_text())["links"][wishes.station.config.cloud.link]
            finally:
                for watch in watches:
                    watch.cancel()


class _Ear(Ear):
    """At a broker, where it also speaks, and waits for what is to come."""

    link: MqttLink

    async def until(self, so: Callable[[View], bool], limit_s: float, otherwise: str) -> View:
        """Wait until a view is `so`. Raises `DemoFailed` with the text, and with the faults that stand."""
        try:
            async with asyncio.timeout(limit_s):
                while not so(view := self.view):
                    self.changed.clear()
                    await self.changed.wait()
                return view
        except TimeoutError:
            raise DemoFailed("\n".join([f"{otherwise} within {limit_s:g} s", *_faults(self.view)])) from None


@asynccontextmanager
async def _heard(wishes: Wishes, broker: dict[str, Any], show: Show) -> AsyncIterator[_Ear]:
    link = guest_link(MqttConfig.model_validate(broker), "demo")
    ear = _Ear(wishes.station.config.station.site, wishes.station.name, link, show, _now_ms)
    async with link, asyncio.TaskGroup() as group:
        tasks = [group.create_task(ear.listen(), name="listen")]
        await ear.until(lambda view: view.simulated_speed is not None, START_S, "no notice of the simulator")
        tasks.append(group.create_task(ear.draw(), name="draw"))
        try:
            yield ear
        finally:
            for task in tasks:
                task.cancel()


async def _swap(wishes: Wishes, ear: _Ear, show: Show) -> Result:
    control, simulator = wishes.folder / "control.sock", wishes.folder / "simulator.sock"
    await _until_true(control.exists, START_S, "the controller does not open its control socket")
    await _until_ready(control)
    await _ask(control, {"action": "reset", "why": "demonstration"})
    await ear.until(lambda view: view.packml == "Idle", IDLE_S, "the station does not get to Idle")
    await ear.until(_packs_read, IDLE_S, "the packs in the bays are not read")
    car = await _ask(simulator, {"action": "car"})
    order = _order(wishes, car["vin"], ear)
    await ear.link.publish(Message(ear.model.topics.order, order.model_dump_json().encode()))
    view = await ear.until(_over, START_S + SWAP_S / wishes.speed, "no final answer to the order")
    if not _answered(view):
        await asyncio.sleep(FRAME_S * 4)  # the alarm comes after the state that it explains
        raise DemoFailed("\n".join([f"the station is {view.packml} at {view.place_text}", *_faults(ear.view)]))
    truth = await _ask(simulator, {"action": "status"})
    return judged(view, order.id, truth["breaches"], ear.model.nominal_s)


def judged(view: View, order_id: str, breaches: list[Any], nominal_s: dict[int, float]) -> Result:
    """Good is a record of this order that says completed and lock_proven, and a referee that saw nothing."""
    record, order = view.record, view.order
    if record is None or record.values.order_id != order_id:
        said = f"{order.answer}: {order.reason}" if order else "no answer"
        raise DemoFailed("\n".join([f"no record of the swap; order {said}", *_faults(view)]))
    values = record.values
    if values.outcome != "completed" or not values.lock_proven:
        proof = "with" if values.lock_proven else "without"
        said = f"swap {values.outcome} {proof} lock proof: {values.reason}"
        raise DemoFailed("\n".join([said, *(f"  {fault}" for fault in record.faults), *_faults(view)]))
    if breaches:
        raise DemoFailed(f"the simulator's referee saw hazards: {json.dumps(breaches)}")
    return Result(record, nominal_s)


def _over(view: View) -> bool:
    return _answered(view) or view.held


def _answered(view: View) -> bool:
    return view.order is not None and view.order.final


def _packs_read(view: View) -> bool:
    return bool(view.bays) and all(
        bay.present is not None and (not bay.present or bay.soc_pct is not None) for bay in view.bays
    )


def _order(wishes: Wishes, vin: str, ear: Ear) -> OrderCommand:
    now_ms = _now_ms()
    return OrderCommand(
        id="demo-1", issued_at=now_ms, expires_at=now_ms + round(ORDER_VALID_S * 1000), vin=vin,
        vehicle=wishes.station.config.station.vehicles[0],
        target=ear.model.topics.target, challenge=ear.model.challenge,
    )  # fmt: skip


def _faults(view: View) -> list[str]:
    return [f"  {fault.code} {fault.device}: {fault.text}\n    -> {fault.remedy}" for fault in view.faults]


def _first(group: BaseExceptionGroup[Exception]) -> str:
    """The text of a child that died, which explains all others; else of the first failure."""
    leaves: list[Exception] = []
    waiting: list[BaseException] = [group]
    while waiting:
        error = waiting.pop(0)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        elif isinstance(error, Exception):
            leaves.append(error)
    return str(next((error for error in leaves if isinstance(error, ChildDied)), leaves[0]))


async def _until_ready(control: Path) -> None:
    async def ready() -> bool:
        return bool((await _ask(control, {"action": "status"}))["status"]["ready"])

    try:
        async with asyncio.timeout(START_S):
            while not await ready():  # noqa: ASYNC110 - another process, which can only be asked
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise DemoFailed(f"the controller is not ready within {START_S:g} s") from None


async def _until_true(so: Callable[[], bool], limit_s: float, otherwise: str) -> None:
    try:
        async with asyncio.timeout(limit_s):
            while not so():  # noqa: ASYNC110 - a file of another process
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise DemoFailed(f"{otherwise} within {limit_s:g} s") from None


async def _ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """One request to a local socket. Raises `DemoFailed` where it is refused or not answered."""
    what = request["action"]
    try:
        answer = await ask_async(path, request, ANSWER_S)
    except (OSError, ValueError) as error:
        raise DemoFailed(f"{what}: {error}") from error
    if not answer["ok"]:
        raise DemoFailed(f"{what} refused: {answer.get('error') or answer.get('reason')}")
    return answer


def _now_ms() -> int:
    return round(system_wall_clock() * 1000)
