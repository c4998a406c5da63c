"""The director of a scenario: brings cars and orders, lets people and faults act on cue, and says what came of it.

It hears what the contract says and acts on the plant and through the operator's port; so it serves a station in memory
and one over the wires alike.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hal.contract import Topics
from hal.ports import Message
from sim.broker.core import BrokerCore
from sim.campaigns.observed import Observed
from sim.faults import FaultError, Rig, clear, inject
from sim.referee import Breach, steel_moves
from sim.scenario import Act, CarSpec, Scenario
from sim.world import Car, World

Operate = Callable[[str], Awaitable[tuple[str, str]]]
"""An operator's act by name -> (answer, reason)."""
ORDER_LIFE_MS = 600_000
SETTLE_S = 1.0
"""The end must stand this long: a fault that follows on the heels of the end still counts."""
LOOK_S = 0.01
"""How often the plant is looked at when it must come to rest."""


@dataclass(frozen=True)
class Stage:
    """What a director works on. `clock` is the loop's time, `now_ms` the wall clock that orders are stamped with."""

    rig: Rig
    broker: BrokerCore
    topics: Topics
    clock: Callable[[], float]
    now_ms: Callable[[], int]
    operate: Operate
    speed: float = 1.0
    """Plant time per time of the loop: waits that count from a step or from the order are plant time."""


@dataclass
class Played:
    """One act as it went. `moved`: something heavy moved when it came; `rest_s`: time until nothing did any more."""

    act: Act
    at_s: float | None = None
    answer: str = ""
    reason: str = ""
    error: str = ""
    moved: bool = False
    rest_s: float | None = None


@dataclass
class Ordered:
    """A car and its order."""

    spec: CarSpec
    car: Car
    order_id: str = ""


@dataclass
class Outcome:
    """All that a verdict needs. `unfinished` says what was still awaited when the time was up."""

    observed: Observed
    played: list[Played]
    cars: list[Ordered]
    unfinished: list[str] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    began_s: float = 0.0
    ended_s: float = 0.0


class Director:
    """Plays one scenario once."""

    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self._scenario = scenario
        self._stage = stage
        self._observed = Observed(stage.topics, stage.clock)
        self._outcome = Outcome(self._observed, [Played(act) for act in scenario.act], [])
        self._changed = asyncio.Event()
        self._began_s: float | None = None

    async def run(self) -> Outcome:
        """Play, wait for the end or the time limit. Never raises for what the station did."""
        stage, outcome = self._stage, self._outcome
        unsubscribe = stage.broker.subscribe_local(stage.topics.all, self._hear)
        try:
            async with asyncio.timeout(self._scenario.limit_s):
                await self._play()
        except TimeoutError:
            outcome.unfinished = [f"not over after {self._scenario.limit_s:g} s: {w}" for w in self._awaited()]
        finally:
            unsubscribe()
        stage.rig.world.advance(stage.clock())
        outcome.breaches = list(stage.rig.world.referee.breaches)
        outcome.began_s, outcome.ended_s = self._began_s or 0.0, stage.clock()
        return outcome

    async def _play(self) -> None:
        await self._until(lambda: self._observed.online and self._observed.packml == "Stopped")
        await self._stage.operate("reset")
        await self._until(lambda: self._observed.packml == "Idle")
        async with asyncio.TaskGroup() as group:
            acting = [group.create_task(self._on_cue(p)) for p in self._outcome.played if not p.act.when.before_orders]
            await self._bring_cars()
            await self._over()
            for task in acting:
                task.cancel()

    # ---------------------------------------------------------------- cars and orders

    async def _bring_cars(self) -> None:
        for number, spec in enumerate(self._scenario.car, 1):
            if number > 1:
                await self._until(lambda: self._observed.packml == "Idle" and not self._open_orders())
            world = self._now()
            ordered = Ordered(spec, world.queue_car(spec.vin, soc_pct=spec.soc_pct))
            self._outcome.cars.append(ordered)
            if number == 1:
                for played in self._outcome.played:
                    if played.act.when.before_orders:
                        await self._perform(played)
                self._began_s = self._stage.clock()
                self._changed.set()
            if spec.order:
                ordered.order_id = f"order-{number}"
                self._order(ordered)

    def _order(self, ordered: Ordered) -> None:
        spec, now_ms = ordered.spec, self._stage.now_ms()
        body = {
            "id": ordered.order_id,
            "issued_at": now_ms,
            "expires_at": now_ms + ORDER_LIFE_MS,
            "vin": spec.order_vin or spec.vin,
            "vehicle": spec.order_model or spec.model,
        }
        message = Message(self._stage.topics.order, json.dumps(body).encode())
        self._stage.broker.publish_local(message, self._stage.clock())

    def _open_orders(self) -> list[str]:
        return [o.order_id for o in self._outcome.cars if o.order_id and self._observed.final(o.order_id) is None]

    # ---------------------------------------------------------------- acts

    async def _on_cue(self, played: Played) -> None:
        when = played.act.when
        if when.time_s is None:
            await self._until(lambda: self._observed.seen[when.key] >= when.count)
        else:
            await self._until(lambda: self._began_s is not None)
            due_s = (self._began_s or 0.0) + when.time_s / self._stage.speed
            await asyncio.sleep(max(0.0, due_s - self._stage.clock()))
        by_people = when.state is not None or when.fault is not None
        await asyncio.sleep(when.after_s if by_people else when.after_s / self._stage.speed)
        await self._perform(played)

    async def _perform(self, played: Played) -> None:
        do, stage = played.act.do, self._stage
        played.at_s = stage.clock() - (self._began_s if self._began_s is not None else stage.clock())
        played.moved = steel_moves(self._now())
        try:
            if do.operator is not None:
                played.answer, played.reason = await stage.operate(do.operator)
            elif do.clear is not None:
                clear(stage.rig, do.clear, **do.args)
            else:
                inject(stage.rig, do.inject or do.press or "", **do.args)
        except FaultError as error:
            played.error = str(error)
        if played.act.still_within_s is not None:
            await self._until_rest(played, played.act.still_within_s)
        self._changed.set()

    async def _until_rest(self, played: Played, limit_s: float) -> None:
        began_s = self._stage.clock()
        while steel_moves(self._now()) and self._stage.clock() - began_s <= 2 * limit_s:  # noqa: ASYNC110 - truth has no event
            await asyncio.sleep(LOOK_S)
        played.rest_s = self._stage.clock() - began_s

    # ---------------------------------------------------------------- waiting

    def _hear(self, message: Message) -> None:
        self._observed.take(message)
        self._changed.set()

    async def _until(self, so: Callable[[], bool]) -> None:
        while not so():
            self._changed.clear()
            await self._changed.wait()

    async def _over(self) -> None:
        """Everything expected has happened, and stays so for a while."""
        while True:
            await self._until(lambda: not self._awaited())
            await asyncio.sleep(SETTLE_S)
            if not self._awaited():
                return

    def _awaited(self) -> list[str]:
        observed, expect = self._observed, self._scenario.expect
        waits = [
            f"act {i} ({p.act.do}) was not due"
            for i, p in enumerate(self._outcome.played, 1)
            if p.at_s is None or (p.act.still_within_s and p.rest_s is None)
        ]
        closed = [o.outcome != "open" for o in expect.order]
        orders = [o for o in self._outcome.cars if o.order_id]
        for ordered, wanted in zip(orders, closed, strict=False):
            final = observed.final(ordered.order_id)
            if wanted and final is None:
                waits.append(f"{ordered.order_id} has no final answer")
            elif final is not None and final[0] != "refused" and ordered.order_id not in observed.records:
                waits.append(f"{ordered.order_id} has no record")
        if observed.packml != expect.packml:
            waits.append(f"station is {observed.packml}, not {expect.packml}")
        return waits

    def _now(self) -> World:
        world = self._stage.rig.world
        world.advance(self._stage.clock())
        return world
