"""A hand that drives the world directly, as the tests of world and referee need it."""

from collections.abc import Callable

from hal.commands import Actuator, CarMode, Slot
from sim.world import Plant, World

ALL = tuple(range(1, 11))


class Hand:
    """Commands the parts of a world and lets time pass until something is true. Feeds the safety PLC's heartbeat."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = world.now
        self._count = 0
        world.safety.set_run_enable(True)
        self.pass_time(0.0)
        world.lift.set_servo(True)

    def pass_time(self, seconds: float) -> None:
        """Let wire time pass in beats of 0.1 s."""
        end = self.now + seconds
        while True:
            self._count += 1
            self.world.safety.beat(self._count)
            if self.now >= end - 1e-9:
                return
            self.now = min(end, self.now + 0.1)
            self.world.advance(self.now)

    def until(self, seen: Callable[[], bool], limit_s: float = 60.0) -> float:
        """Seconds until `seen`, checked every 0.01 s."""
        start = self.now
        while not seen():
            assert self.now - start < limit_s, "never seen"
            self._count += 1
            self.world.safety.beat(self._count)
            self.now += 0.01
            self.world.advance(self.now)
        return self.now - start

    def lift(self, mm: float, speed: float) -> float:
        self.world.lift.move(mm, speed)
        return self.until(lambda: not self.world.lift.moving)

    def drive(self, *, out: bool, actuators: tuple[Actuator, ...]) -> float:
        for actuator in actuators:
            self.world.platform.drive(actuator, out=out, home=not out)
        platform = self.world.platform
        return self.until(lambda: all((platform.is_out if out else platform.is_home)(a) for a in actuators))

    def slots(self, moves: dict[Slot, float], speed: float = 500.0) -> float:
        for slot, mm in moves.items():
            self.world.shuttle.move(slot, mm, speed)
        return self.until(lambda: not self.world.shuttle.moving)

    def turn(self, *, lock: bool, points: tuple[int, ...] = ALL) -> float:
        (self.world.locks.lock if lock else self.world.locks.unlock)(points)
        return self.until(lambda: not self.world.locks.moving)

    def fetch(self, place: str, goal: str) -> None:
        """Stacker: carry the pack of a place to another one."""
        stacker = self.world.stacker
        for name, job in ((place, stacker.pick), (goal, stacker.place)):
            spot = next(p for p in self.world.plant.places if p.name == name)
            stacker.move(spot.level_mm)
            self.until(lambda: not stacker.moving)
            job(spot.side)
            self.until(lambda: not stacker.moving and stacker.job == "none")

    def drive_home(self, name: str) -> None:
        self.drive(out=False, actuators=(Actuator[name],))

    def close_shutter(self) -> None:
        self.drive_home("SHUTTER")

    def open_gate(self) -> None:
        self.drive(out=True, actuators=(Actuator.LANE_GATE,))

    def admit(self) -> dict[int, float]:
        """Steps 1 to 5: seconds of each."""
        world, times = self.world, {}
        world.platform.drive(Actuator.LANE_GATE, out=True, home=False)
        times[1] = self.until(lambda: world.cars.parked is not None)
        times[2] = self.until(lambda: world.cars.lane is not None and world.cars.lane.standing)
        world.platform.drive(Actuator.LANE_GATE, out=False, home=True)
        world.cars.ask(CarMode.SWAP)
        car = world.cars.lane
        assert car is not None
        times[3] = self.until(lambda: car.swap_mode and world.cars.dc_link_v(car) < 60.0)
        times[4] = self.drive(out=True, actuators=(Actuator.RODS,))
        world.platform.drive(Actuator.SHUTTER, out=True, home=False)
        times[5] = self.drive(out=True, actuators=(Actuator.PINS,)) + self.drive(
            out=True, actuators=(Actuator.PIN_LIFT,)
        )
        self.until(lambda: world.platform.is_out(Actuator.SHUTTER))
        return times

    def take_weight(self) -> dict[int, float]:
        """Steps 6 and 7."""
        return {6: self.lift(900.0, 200.0), 7: self.lift(904.0, 4.0)}

    def exchange(self) -> dict[int, float]:
        """Steps 8 to 16."""
        times = {8: self.turn(lock=False), 10: self.lift(250.0, 160.0)}
        times[11] = self.slots({Slot.OUT: 3000.0, Slot.IN: 0.0})
        times[13] = self.lift(904.0, 130.0)
        times[14] = self.turn(lock=True)
        times[15] = self.lift(900.0, 4.0)
        times[16] = self.lift(0.0, 500.0) + self.drive(out=False, actuators=(Actuator.SHUTTER,))
        return times

    def release(self) -> dict[int, float]:
        """Steps 17 to 19."""
        world, car = self.world, self.world.cars.lane
        assert car is not None
        world.cars.ask(CarMode.WAKE)
        times = {17: self.until(lambda: car.self_check == "ok")}
        times[18] = self.drive(out=False, actuators=(Actuator.PIN_LIFT,))
        times[18] += self.drive(out=False, actuators=(Actuator.PINS, Actuator.RODS))
        world.cars.ask(CarMode.RELEASE)
        world.platform.drive(Actuator.LANE_GATE, out=True, home=False)
        times[19] = self.until(lambda: world.cars.lane is None)
        return times


def small_world(plant: Plant | None = None, *, speed: float = 1.0, jitter: float = 0.0, seed: int = 1) -> World:
    """A world of the default plant, or of another one."""
    return World(plant or Plant(), seed, speed, jitter=jitter)


def hazards(world: World) -> set[str]:
    """What the referee has seen so far."""
    return {breach.hazard for breach in world.referee.breaches}


def held_car(plant: Plant | None = None) -> tuple[Hand, World]:
    """A car held over the open pit with its old pack, the new pack at the buffer, the head at home."""
    world = small_world(plant)
    hand = Hand(world)
    world.queue_car()
    hand.fetch("bay-1", "buffer")
    hand.admit()
    return hand, world


def supported_pack() -> tuple[Hand, World]:
    """As `held_car`, with the pack's weight on the head."""
    hand, world = held_car()
    hand.take_weight()
    return hand, world
