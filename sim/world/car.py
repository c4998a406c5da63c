"""Cars: a queue before the lane gate, the one in the lane, its driver and its own controller."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hal.commands import Actuator, CarMode
from hal.readings import SelfCheck
from sim.world.chance import Chance
from sim.world.clock import Clock, Part
from sim.world.packs import Pack
from sim.world.plant import Plant

PARKS_AGAIN_S: Final = 4.0
"""How long a driver takes to read the display and to put the car in gear [EST]."""


class Stage(StrEnum):
    """Where a car is."""

    OUTSIDE = "outside"
    DRIVING_IN = "driving-in"
    SETTLING = "settling"
    STANDING = "standing"
    DRIVING_OFF = "driving-off"
    GONE = "gone"


@dataclass(slots=True)
class Car:
    """One car. `pack`: its pack while it is not in the lane. `reported_vin`: what it says, if not its VIN."""

    vin: str
    vehicle: str
    pack: Pack | None
    stage: Stage = Stage.OUTSIDE
    mode: CarMode = CarMode.NONE
    in_park: bool = False
    brake_held: bool = False
    standing: bool = False
    doors_closed: bool = True
    hv_on: bool = True
    hv_stuck: bool = False
    hv_off_at: float = -math.inf
    swap_mode: bool = False
    self_check: SelfCheck = SelfCheck.IDLE
    check_fails: bool = False
    refuses_swap: bool = False
    stays: bool = False
    hvil_broken: bool = False
    hvil_stuck: bool = False
    misread_serial: str | None = None
    serial_seen: str | None = None
    reported_vin: str | None = None
    arrived_with: str | None = None
    insulation_ok: bool = True
    trouble_codes: int = 0
    parks_again_s: float = PARKS_AGAIN_S
    """How long the driver takes to act on a display that says to park again."""
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Against its ideal place: mm too far forward, mm too far left, degrees turned left."""
    plan: list[tuple[float, str]] = field(default_factory=list)


class Cars(Part):
    """`lane` is the car in the lane. The hooks `gate_open`, `park_again`, `plug`, `latched` are set by the world."""

    def __init__(self, clock: Clock, plant: Plant, chance: Chance, jitter: float) -> None:
        super().__init__(clock)
        self.plant = plant
        self.queue: deque[Car] = deque()
        self.lane: Car | None = None
        self.departed: list[Car] = []
        self.gate_open: Callable[[], bool] = lambda: False
        self.park_again: Callable[[], bool] = lambda: False
        self.plug: Callable[[], Pack | None] = lambda: None
        self.latched: Callable[[], bool] = lambda: False
        self.on_arrival: Callable[[Car], None] = _ignore
        self.on_departure: Callable[[Car], None] = _ignore
        self._chance = chance
        self._jitter = jitter
        self._invited = True
        self.misplaced: tuple[float, float, float] | None = None
        """Where the next cars come to stand, if not where their drivers mean to."""

    @property
    def moving(self) -> bool:
        """Is anything of the car in the lane going on?"""
        return self.lane is not None and bool(self.lane.plan or self.decaying(self.lane))

    @property
    def parked(self) -> Car | None:
        """The car, when it stands in the grooves."""
        return self.lane if self.lane is not None and self.lane.stage in {Stage.SETTLING, Stage.STANDING} else None

    def arrive(self, car: Car) -> None:
        """A car joins the queue outside."""
        self.queue.append(car)
        self.look()

    def look(self) -> None:
        """The driver looks at lane gate and display: one car comes in for each time the gate opens on an empty lane."""
        is_open = self.gate_open()
        if not is_open:
            self._invited = True
        elif self.lane is None and self.queue and self._invited:
            self._invited = False
            self.lane = car = self.queue.popleft()
            car.stage = Stage.DRIVING_IN
            drive, settle = self.plant.drive_in_s - self._gate_s, self.plant.settle_s
            self._plan(car, [(drive, "arrived"), (drive + settle, "settled")])
            self.changed()
        elif self.lane is not None:
            self._invited = False
            if self._may_go(self.lane):
                self._drive_off(self.lane)
            elif self._is_sent_back(self.lane) and not self.lane.plan:
                self._plan(self.lane, [(self.lane.parks_again_s, "back")])
                self.changed()

    def ask(self, mode: CarMode) -> None:
        """A request of the station; a repeated one changes nothing, so a second wake needs a `NONE` in between."""
        car = self.parked
        if car is None or car.stage is not Stage.STANDING or mode is car.mode:
            return
        car.mode = mode
        plant = self.plant
        if mode is CarMode.SWAP:
            wait = plant.handshake_s
            self._plan(car, [(0.1 * wait, "park"), (0.2 * wait, "hv-off"), (wait, "discharged")])
        elif mode is CarMode.WAKE:
            wait = plant.self_check_s
            self._plan(car, [(0.02 * wait, "wake"), (0.2 * wait, "identify"), (wait, "checked")])
        elif mode is CarMode.RELEASE:
            self._plan(car, [(0.02 * plant.drive_out_s, "hv-on")])
        self.changed()

    def decaying(self, car: Car) -> bool:
        """Does the DC link still discharge?"""
        return not car.hv_on and self.clock.plant < car.hv_off_at + 3.0 * self.plant.handshake_s

    def dc_link_v(self, car: Car) -> float:
        """DC-link voltage in V: below the safe one at the end of the handshake, with 2 % to spare."""
        plant = self.plant
        if car.hv_on:
            return plant.dc_link_v
        tau = 0.78 * plant.handshake_s / math.log(plant.dc_link_v / plant.dc_link_safe_v)
        return plant.dc_link_v * math.exp(-(self.clock.plant - car.hv_off_at) / tau)

    def due(self) -> float:
        """Next thing the driver or the car does."""
        return self.lane.plan[0][0] if self.lane is not None and self.lane.plan else math.inf

    def fire(self) -> None:
        """Do what is due."""
        car = self.lane
        while car is not None and car.plan and car.plan[0][0] <= self.clock.plant:
            _, what = car.plan.pop(0)
            self._act(car, what)
        self.changed()

    def _plan(self, car: Car, waits: list[tuple[float, str]]) -> None:
        slow = self._chance.factor(self._jitter)
        car.plan = [(self.clock.plant + wait * slow, what) for wait, what in waits]

    @property
    def _gate_s(self) -> float:
        """Both times of driving count from the order to open the lane gate."""
        return self.plant.actuators[Actuator.LANE_GATE][0]

    @staticmethod
    def _may_go(car: Car) -> bool:
        return car.stage is Stage.STANDING and car.mode is CarMode.RELEASE and car.hv_on and not car.stays

    def _is_sent_back(self, car: Car) -> bool:
        """The display asks for another try, and the car is free to move: nothing was agreed with it yet."""
        return car.stage is Stage.STANDING and car.mode is CarMode.NONE and self.park_again() and self.gate_open()

    def _back_off(self, car: Car) -> None:
        """Out of the grooves, and in again."""
        car.standing = False
        car.stage = Stage.DRIVING_OFF
        out, back = self.plant.drive_out_s - self._gate_s, self.plant.drive_in_s - self._gate_s
        there = out + back
        self._plan(car, [(out, "outside"), (there, "arrived"), (there + self.plant.settle_s, "settled")])
        self.changed()

    def _drive_off(self, car: Car) -> None:
        car.in_park = car.brake_held = car.standing = False
        car.stage = Stage.DRIVING_OFF
        self._plan(car, [(self.plant.drive_out_s - self._gate_s, "gone")])
        self.changed()

    def _act(self, car: Car, what: str) -> None:
        if what == "arrived":
            car.stage = Stage.SETTLING
            if car.pack is not None:  # not one that parks again: its pack is locked on already
                car.arrived_with = car.serial_seen = car.pack.serial
            self.on_arrival(car)
        elif what == "back":
            if self._is_sent_back(car):
                self._back_off(car)
        elif what == "outside":
            car.stage = Stage.DRIVING_IN
        elif what == "settled":
            car.stage, car.standing = Stage.STANDING, True
        elif what == "park":
            car.in_park = car.brake_held = True
        elif what == "hv-off" and not car.hv_stuck:
            if car.hv_on:
                car.hv_on, car.hv_off_at = False, self.clock.plant
            car.swap_mode = not car.refuses_swap
        elif what == "hv-on":
            car.hv_on, car.swap_mode = True, False
            self.look()
        elif what == "gone":
            car.stage, self.lane = Stage.GONE, None
            self.departed.append(car)
            self.on_departure(car)
        else:
            self._check(car, what)

    def _check(self, car: Car, what: str) -> None:
        if what == "wake":
            car.self_check, car.serial_seen, car.swap_mode = SelfCheck.RUNNING, None, False
        elif what == "identify":
            pack = self.plug()
            car.serial_seen = None if pack is None or pack.mute else car.misread_serial or pack.serial
        elif what == "checked":
            good = car.serial_seen is not None and self.latched() and not car.check_fails
            good = good and car.insulation_ok and not car.trouble_codes
            car.self_check = SelfCheck.OK if good else SelfCheck.FAILED


def _ignore(_car: Car) -> None:
    """Nobody listens yet."""
