"""What is around the swap: fire zones, signals, the emergency supply, the insulation of the DC side, the grid meter."""

from typing import Final

from hal.commands import DriverText, Lamp
from sim.world.clock import Clock, Part
from sim.world.plant import Plant

REFILL: Final = 0.1
"""How fast the battery of the supply fills, as a share of how fast it empties [EST]."""
HEALTHY_OHM: Final = 5_000_000.0
"""Insulation of a sound DC side [EST]."""


class Fire(Part):
    """Zones with smoke or gas (from 1), and the extraction fan. The panel feeds the safety chain by wire."""

    def __init__(self, clock: Clock, zones: int) -> None:
        super().__init__(clock)
        self.zones = tuple(range(1, zones + 1))
        self.smoke: set[int] = set()
        self.gas: set[int] = set()
        self.panel_ok = True
        self.extraction = False
        self.fan_stuck = False

    @property
    def extraction_on(self) -> bool:
        """Does the fan move air?"""
        return self.extraction and not self.fan_stuck

    def extract(self, on: bool) -> None:
        """The controller's order to the fan."""
        self.extraction = on
        self.changed()


class Signals(Part):
    """Lamp and driver display at the lane."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.lamp = Lamp.OFF
        self.text = DriverText.NONE

    def show(self, lamp: Lamp, text: DriverText) -> None:
        """What the controller wants shown."""
        self.lamp, self.text = lamp, text
        self.changed()


class Ups(Part):
    """Supply of controller and safety PLC. Its battery empties in `ups_runtime_s`."""

    def __init__(self, clock: Clock, plant: Plant) -> None:
        super().__init__(clock)
        self.plant = plant
        self.on_mains = True
        self.battery_ok = True
        self._charge_pct = 100.0
        self._since_s = clock.plant

    @property
    def moving(self) -> bool:
        """Does its charge change?"""
        return not self.on_mains or self.charge_pct < 100.0

    @property
    def charge_pct(self) -> float:
        """Charge of the battery."""
        rate = 100.0 / self.plant.ups_runtime_s * (REFILL if self.on_mains else -1.0)
        return min(100.0, max(0.0, self._charge_pct + rate * (self.clock.plant - self._since_s)))

    @property
    def runtime_s(self) -> float:
        """How long the battery lasts from now on."""
        return self.charge_pct / 100.0 * self.plant.ups_runtime_s

    def set_mains(self, on: bool) -> None:
        """The grid is there, or not."""
        if on is not self.on_mains:
            self._charge_pct, self._since_s = self.charge_pct, self.clock.plant
            self.on_mains = on
            self.changed()


class Insulation(Part):
    """The DC side against earth, in ohm, and its voltage."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.ohm = HEALTHY_OHM
        self.measuring = True


class Meter(Part):
    """What the station draws from the grid: W now, kWh since the start."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.live = True
        self._power_w = 0.0
        self._kwh = 0.0
        self._since_s = clock.plant

    @property
    def moving(self) -> bool:
        """Its counter runs."""
        return self._power_w != 0.0

    @property
    def power_w(self) -> float:
        """Power now."""
        return self._power_w

    @property
    def import_kwh(self) -> float:
        """Energy so far."""
        return self._kwh + self._power_w * (self.clock.plant - self._since_s) / 3.6e6

    def set_power(self, power_w: float, *, live: bool) -> None:
        """The power from now on; without the grid there is none."""
        if (power_w, live) != (self._power_w, self.live):
            self._kwh, self._since_s = self.import_kwh, self.clock.plant
            self._power_w, self.live = power_w, live
            self.changed()
