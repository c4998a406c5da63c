"""One charger module on CAN: ramps, a pack that draws or not, faults, and its own switch-off when nobody asks."""

import heapq
from collections.abc import Callable, Mapping
from typing import Final

from hal.codecs.module import ModuleCodec
from hal.codecs.values import Value
from hal.ports import Frame
from sim.emulators.faults import BusFault
from sim.world import Pack, World

REPLY_S: Final = 0.002
VOLT_PER_S: Final = 400.0
AMPERE_PER_S: Final = 50.0
OHM: Final = 0.05
"""Resistance between module and cells."""
LIMITS: Final[Mapping[str, Value | None]] = {"voltage_min_v": 50.0, "voltage_max_v": 1000.0, "current_max_a": 100.0}
WARM_DEGC: Final = 12.0
"""How much warmer than its surroundings a module is that delivers."""
COMMAND_INVALID: Final = 2


def _into_the_air(_volts: float, _amps: float) -> None:
    """Nobody takes note of it."""


class ChargerEmulator:
    """A module whose output is at the pack of one bay. It owns no task, socket or clock.

    `feed` takes what it gives now, V and A. `fault_word` is what it reports; any bit of it switches the output off.
    `refuses`: it takes no command.
    """

    def __init__(
        self,
        world: World,
        codec: ModuleCodec,
        pack: Callable[[], Pack | None],
        feed: Callable[[float, float], None] = _into_the_air,
    ) -> None:
        self.world = world
        self.codec = codec
        self.fault = BusFault()
        self.fault_word = 0
        self.refuses = False
        self.on = False
        self.set_v = 0.0
        self.set_a = 0.0
        self.output_v = 0.0
        self.output_a = 0.0
        self._pack = pack
        self._feed = feed
        self._at = self._heard = world.now
        self._replies: list[tuple[float, int, Frame]] = []
        self._count = 0
        self._last: dict[str, Frame] = {}

    def on_frame(self, frame: Frame, now: float) -> None:
        """A request; the answer comes a little later."""
        asked = self.codec.decode_request(frame)
        if asked is None or self.fault.silent:
            return
        self._advance(now)
        self._heard = now
        self._count += 1
        heapq.heappush(self._replies, (now + REPLY_S, self._count, self._answer(*asked)))

    def next_due(self) -> float:
        """Time of the next answer."""
        return self._replies[0][0] if self._replies else float("inf")

    def due(self, now: float) -> list[Frame]:
        """All answers due by `now`."""
        frames = []
        while self._replies and self._replies[0][0] <= now:
            frames.append(heapq.heappop(self._replies)[2])
        return [] if self.fault.silent else frames

    def _answer(self, exchange: str, values: Mapping[str, Value | None]) -> Frame:
        if self.fault.frozen and exchange in self._last:
            return self._last[exchange]
        if exchange in self.codec.kind.writes:
            if self.refuses:
                return self.codec.answer(exchange, {}, COMMAND_INVALID)
            self._obey(exchange, values)
        frame = self._last[exchange] = self.codec.answer(exchange, LIMITS if exchange == "limits" else self._told())
        return frame

    def _told(self) -> Mapping[str, Value | None]:
        warm = WARM_DEGC if self.on else 0.0
        return {
            "enabled": self.on,
            "output_v": self.output_v,
            "output_a": self.output_a,
            "temp_degc": round(self.world.plant.ambient_degc + warm),
            "fault_word": self.fault_word,
        }

    def _obey(self, exchange: str, values: Mapping[str, Value | None]) -> None:
        if exchange == "enable":
            self.on = values["on"] is True and not self.fault_word
        else:
            self.set_v, self.set_a = float(str(values["voltage_v"])), float(str(values["current_a"]))

    def _advance(self, now: float) -> None:
        """Bring the output to `now`: off by itself after a silence, and never at once."""
        off_at = self._heard + self.codec.kind.charger.off_after_s
        if now > off_at:
            self._ramp(off_at)
            self.on = False
        if self.fault_word or not self.world.ups.on_mains:
            self.on = False
        self._ramp(now)
        self._feed(self.output_v, self.output_a)

    def _ramp(self, now: float) -> None:
        passed, self._at = now - self._at, now
        pack = self._pack()
        cells_v = 0.0 if pack is None else pack.voltage_v
        wanted_v = self.set_v if self.on else 0.0
        wanted_a = 0.0
        if self.on and pack is not None:
            wanted_v = min(self.set_v, cells_v + self.output_a * OHM)
        self.output_v = _towards(self.output_v, wanted_v, VOLT_PER_S * passed)
        if self.on and pack is not None and self.output_v >= cells_v:
            wanted_a = min(self.set_a, (self.set_v - cells_v) / OHM)
        self.output_a = _towards(self.output_a, wanted_a, AMPERE_PER_S * passed)


def _towards(value: float, goal: float, most: float) -> float:
    return goal if abs(goal - value) <= most else value + (most if goal > value else -most)
