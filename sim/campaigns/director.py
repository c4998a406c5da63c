"""The director of a scenario: brings cars and orders, lets people and faults act on cue, and says what came of it.

It hears what the contract says and acts on the plant and through the operator's port; so it serves a station in memory
and one over the wires alike.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from hal.contract import Topics
from hal.ports import Message
from sim.broker.core import BrokerCore
from sim.campaigns.observed import Observed
from sim.campaigns.sender import Sender
from sim.faults import FaultError, Rig, clear, inject
from sim.referee import Breach, steel_moves
from sim.scenario import Act, CarSpec, Scenario, When
from sim.world import Car, Pack, World

Cue = tuple[str, ...]
Operate = Callable[[Mapping[str, str]], Awaitable[tuple[str, str]]]
"""An operator's act, in the words of the local control -> (answer, reason)."""
RESET: Final = {"action": "reset"}
Commands = Callable[[], Awaitable[list[str]]]
"""Every command that left, in order, as `Name key=value ...`."""
SETTLE_S = 1.0
"""The end must stand this long: a fault that follows on the heels of the end still counts."""
HOLDS = ("Holding", "Held")
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
    commands: Commands | None = None


@dataclass
class Played:
    """One act as it went. `moved`: something heavy moved when it came; `rest_s`: time until nothing did any more."""

    act: Act
    at_s: float | None = None
    held_s: float | None = None
    """Time until the station said that it holds."""
    answer: str = ""
    reason: str = ""
    error: str = ""
    moved: bool = False
    rest_s: float | None = None


@dataclass(frozen=True)
class Coming:
    """Acts to come, by number, and how often their cue is still to be seen, or seconds; those that people have undone.

    `cues`: what brings them on; None where an hour does.
    """

    acts: tuple[tuple[int, float], ...]
    mended: tuple[int, ...]
    cues: frozenset[Cue] | None


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
    commands: list[str] | None = None
    """`None` where nobody can tell."""
    packs: dict[str, str] = field(default_factory=dict)
    """Where the pack of a place at the start is at the end, by the truth; `car-1`: the pack of the first car."""
    began_s: float = 0.0
    ended_s: float = 0.0


class Director:
    """Plays one scenario once. `orders` is how its orders are named, with a number behind."""

    def __init__(self, scenario: Scenario, stage: Stage, orders: str = "order") -> None:
        self._orders = orders
        self._scenario = scenario
        self._stage = stage
        self._observed = Observed(stage.topics, stage.clock)
        self._outcome = Outcome(self._observed, [Played(act) for act in scenario.act], [])
        self._changed = asyncio.Event()
        self._spent = ""
        self._began_s: float | None = None
        self._packs: dict[str, Pack] = {}
        self._limit = asyncio.timeout(None)
        self._left_to_people = False
        self._mended: set[int] = set()

    @property
    def cars(self) -> list[Ordered]:
        """Those that were brought so far."""
        return self._outcome.cars

    @property
    def observed(self) -> Observed:
        """What was heard so far."""
        return self._observed

    @property
    def answers(self) -> list[tuple[str, object]]:
        """The last word on each order."""
        return [(o.order_id, self._observed.final(o.order_id)) for o in self._outcome.cars]

    @property
    def begun(self) -> bool:
        """Something was done already that another scenario with these cars does not do."""
        return any(p.at_s is not None for p in self._outcome.played)

    def coming(self, *, people: bool) -> Coming | None:
        """What is still to come; None while an act is between its cue and its time. `people`: `leave_to_people` is."""
        acts, cues, hours = list[tuple[int, float]](), set[Cue](), False
        for number, played in enumerate(self._outcome.played):
            when = played.act.when
            if played.at_s is not None or (people and played.act.do.inject is None):
                continue
            if when.time_s is not None:
                due_s = math.inf if self._began_s is None else self._began_s + when.time_s / self._stage.speed
                acts.append((number, round(due_s - self._stage.clock(), 1)))
                hours = True
            elif (lacking := when.count - self._observed.seen[when.key]) > 0:
                acts.append((number, lacking))
                cues.add(when.key)
            else:
                return None
        return Coming(tuple(acts), tuple(sorted(self._mended)), None if hours else frozenset(cues))

    def mend(self) -> None:
        """Undo what is broken, once each, as the scenario would in its time, or else as it can be; press buttons."""
        every = self._outcome.played
        for number, played in enumerate(every):
            do, at_s = played.act.do, played.at_s
            if do.inject is None or at_s is None or number in self._mended:
                continue
            self._mended.add(number)
            ways = [p for p in every if p.act.do.clear == do.inject]
            if any(p.at_s is not None and p.at_s >= at_s for p in ways):
                continue
            for way in (*ways, *(p for p in every if p.act.do.press is not None)):
                self._meddle(way)
            if not ways:
                with suppress(FaultError):  # a momentary act
                    clear(self._stage.rig, do.inject, **do.args)

    def leave_to_people(self) -> None:
        """Somebody else operates and mends, until `run` is cancelled; what is to break comes as it was to."""
        self._left_to_people = True
        self._limit.reschedule(None)

    def prepare(self) -> None:
        """What was so before the controller was switched on. To be called then, and before `run`."""
        for played in self._outcome.played:
            if played.act.when.start:
                self._now()
                played.at_s = 0.0
                self._meddle(played)

    async def run(self) -> Outcome:
        """Play, wait for the end or the time limit. Never raises for what the station did."""
        stage, outcome = self._stage, self._outcome
        limit_s = self._scenario.limit_s / stage.speed
        unsubscribe = stage.broker.subscribe_local(stage.topics.all, self._hear)
        try:
            async with asyncio.timeout(limit_s) as self._limit:
                await self._play()
        except TimeoutError:
            outcome.unfinished = [f"not over after {limit_s:g} s: {w}" for w in self._awaited()]
        finally:
            unsubscribe()
        world = self._now()
        outcome.breaches = list(world.referee.breaches)
        outcome.packs = {name: _place_of(pack, world, outcome.cars) for name, pack in self._packs.items()}
        if stage.commands is not None:
            outcome.commands = await stage.commands()
        outcome.began_s, outcome.ended_s = self._began_s or 0.0, stage.clock()
        return outcome

    async def _play(self) -> None:
        await self._until(lambda: self._observed.online and self._observed.packml == "Stopped")
        if self._scenario.orders_in == "Idle":
            await self._stage.operate(RESET)
            await self._until(lambda: self._observed.packml == "Idle")
        self._packs = {place: pack for place, pack in self._now().packs.at.items() if place.startswith("bay-")}
        cued = [p for p in self._outcome.played if not (p.act.when.before_orders or p.act.when.start)]
        async with asyncio.TaskGroup() as group:
            acting = group.create_task(self._act(cued))
            await self._bring_cars()
            await self._over()
            acting.cancel()

    # ---------------------------------------------------------------- cars and orders

    async def _bring_cars(self) -> None:
        for number, spec in enumerate(self._scenario.car, 1):
            if number > 1 and not spec.at_once:
                await self._until(lambda: self._observed.packml == "Idle" and not self._open_orders())
            world = self._now()
            ordered = Ordered(spec, world.queue_car(spec.vin, soc_pct=spec.soc_pct))
            ordered.car.parks_again_s = spec.parks_again_s
            self._outcome.cars.append(ordered)
            if ordered.car.pack is not None:
                self._packs[f"car-{number}"] = ordered.car.pack
            if number == 1:
                for played in self._outcome.played:
                    if played.act.when.before_orders:
                        await self._perform(played)
            await asyncio.sleep(spec.comes_after_s / self._stage.speed)
            if number == 1:
                self._began_s = self._stage.clock()
                self._changed.set()
            if spec.order:
                ordered.order_id = f"{self._orders}-{number}"
                await self._order(ordered)

    async def _order(self, ordered: Ordered) -> None:
        """With a challenge that no order of ours has used up."""
        spec = ordered.spec
        sender = Sender(self._stage.broker, self._stage.topics, self._stage.clock, self._stage.now_ms)
        await self._until(lambda: sender.challenge != self._spent)
        self._spent = sender.challenge
        sender.order(ordered.order_id, spec.order_vin or spec.vin, spec.order_model or spec.model)

    def _open_orders(self) -> list[str]:
        return [o.order_id for o in self._outcome.cars if o.order_id and self._observed.final(o.order_id) is None]

    # ---------------------------------------------------------------- acts

    async def _act(self, waiting: list[Played]) -> None:
        """One watches for all cues, also where none is awaited: up to the first one, scenarios run alike."""
        async with asyncio.TaskGroup() as group:
            while True:
                due = [p for p in waiting if self._is_cued(p.act.when)]
                waiting = [p for p in waiting if p not in due]
                for played in due:
                    group.create_task(self._in_its_time(played))
                await self._change()

    def _is_cued(self, when: When) -> bool:
        return self._began_s is not None if when.time_s is not None else self._observed.seen[when.key] >= when.count

    async def _in_its_time(self, played: Played) -> None:
        when = played.act.when
        if when.time_s is not None:
            due_s = (self._began_s or 0.0) + when.time_s / self._stage.speed
            await asyncio.sleep(max(0.0, due_s - self._stage.clock()))
        by_people = when.state is not None or when.fault is not None
        await asyncio.sleep(when.after_s if by_people else when.after_s / self._stage.speed)
        if played.act.do.inject is not None or not self._left_to_people:
            await self._perform(played)

    async def _perform(self, played: Played) -> None:
        do, stage = played.act.do, self._stage
        played.at_s = stage.clock() - (self._began_s if self._began_s is not None else stage.clock())
        played.moved = steel_moves(self._now())
        began_s = stage.clock()
        if do.operator is not None:
            played.answer, played.reason = await stage.operate(do.request)
        else:
            self._meddle(played)
        if played.act.still_within_s is not None:
            await self._until_rest(played, played.act.still_within_s)
        if played.act.held_within_s is not None:
            await self._until_held(played, began_s)
        self._changed.set()

    def _meddle(self, played: Played) -> None:
        """Inject or clear a fault, or press a button of the plant."""
        do, rig = played.act.do, self._stage.rig
        try:
            if do.clear is not None:
                clear(rig, do.clear, **do.args)
            else:
                inject(rig, do.inject or do.press or "", **do.args)
        except FaultError as error:
            played.error = str(error)

    async def _until_held(self, played: Played, began_s: float) -> None:
        """`held_s` stays `None` when the time limit of the scenario comes first."""

        def when() -> float | None:
            return next((at for at, state in self._observed.states if at >= began_s and state in HOLDS), None)

        await self._until(lambda: when() is not None)
        played.held_s = (when() or began_s) - began_s

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
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _over(self) -> None:
        """Everything expected has happened, and stays so for a while."""
        while True:
            await self._until(lambda: not self._awaited())
            await asyncio.sleep(SETTLE_S)
            if not self._awaited() and not self._left_to_people:
                return

    def _awaited(self) -> list[str]:
        observed, expect = self._observed, self._scenario.expect
        waits = [f"act {i} ({p.act.do}) {w}" for i, p in enumerate(self._outcome.played, 1) if (w := _lacks(p))]
        closed = [o.outcome != "open" for o in expect.order]
        orders = [o for o in self._outcome.cars if o.order_id]
        for ordered, wanted in zip(orders, closed, strict=False):
            final = observed.final(ordered.order_id)
            if wanted and final is None:
                waits.append(f"{ordered.order_id} has no final answer")
            elif final is not None and observed.began(ordered.order_id) and ordered.order_id not in observed.records:
                waits.append(f"{ordered.order_id} has no record")
        if observed.packml != expect.packml:
            why = f" for {observed.held_for}" if observed.held_for else ""
            waits.append(f"station is {observed.packml}{why}, not {expect.packml}")
        return waits

    def _now(self) -> World:
        world = self._stage.rig.world
        world.advance(self._stage.clock())
        return world


def _place_of(pack: Pack, world: World, cars: list[Ordered]) -> str:
    """Name of the place where a pack is: on a car that left, somewhere in the station, or on the floor."""
    gone = next((f"on-car-{k}" for k, one in enumerate(cars, 1) if one.car.pack is pack), None)
    return gone or next((place for place, one in world.packs.at.items() if one is pack), "floor")


def _lacks(played: Played) -> str:
    """What has not come of an act yet."""
    if played.at_s is None:
        return "was not due"
    if played.act.still_within_s is not None and played.rest_s is None:
        return "waits for the plant to stand"
    held = played.act.held_within_s is None or played.held_s is not None
    return "" if held else "waits for the station to hold"
