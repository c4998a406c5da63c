"""A charger module on CAN: asked in turn, commanded, and seen to obey. Each value is known as long as it is fresh."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from hal.codecs.module import Answer, ModuleCodec
from hal.codecs.values import Value
from hal.commands import Command, EnableCharger, SetCharger
from hal.config.check_charger import LIMITS
from hal.errors import CodecError, DeviceRefused, DeviceSilent, LinkTimeout, LinkWithdrawn
from hal.ports import CanLink, Frame
from hal.readings import ChargerReading

NEVER = float("-inf")
LOOK_S: Final = 0.1
"""How often the module is asked whether it has switched."""


class ChargerNode:
    """One module. One exchange at a time; an answer that nobody waits for changes nothing.

    What it may be set to is asked when it is met anew, also after it was silent: it may be another one, or have lost
    what it was set to. Until it has told its limits nothing is set, until it was set it is not switched on.
    """

    def __init__(
        self, name: str, codec: ModuleCodec, link: CanLink, clock: Callable[[], float], stale_after_s: float
    ) -> None:
        self.name = name
        self.codec = codec
        self.at_s = NEVER
        self.limits: Mapping[str, Value | None] = {}
        """`voltage_min_v`, `voltage_max_v`, `current_max_a`; empty until the module has told."""
        self._info = codec.kind.charger
        self._link = link
        self._clock = clock
        self._stale_after_s = stale_after_s
        self._turn = asyncio.Lock()
        self._waits: tuple[str, asyncio.Future[Answer]] | None = None
        self._seen: dict[str, tuple[float, Mapping[str, Value | None]]] = {}
        self._is_set = False
        self._reading: ChargerReading | None = None
        self._values: Mapping[str, Any] = {}
        self._good_until_s = NEVER

    def take(self, frame: Frame) -> bool:
        """A frame of the channel. `True` when it is the answer that is waited for."""
        answer = self.codec.decode(frame)
        if answer is None or self._waits is None:
            return False
        exchange, waiter = self._waits
        if answer.exchange != exchange or waiter.done():
            return False
        waiter.set_result(answer)
        return True

    def reading(self, now: float) -> ChargerReading:
        """Reading of now; what was not told for too long is unknown."""
        if self._reading is None or now > self._good_until_s:
            fresh = [(at_s, told) for at_s, told in self._seen.values() if now - at_s <= self._stale_after_s]
            values: dict[str, Any] = {role: value for _, told in fresh for role, value in told.items()}
            oldest_s = min((at_s for at_s, _ in fresh), default=0.0)
            self._good_until_s = oldest_s + self._stale_after_s if fresh else float("inf")
            if self._reading is None or values != self._values:
                self._values, self._reading = values, ChargerReading(**values, at_s=oldest_s)
        return self._reading

    @property
    def every_s(self) -> float:
        """How often to ask: seldom while it is seen off. What is on, or not known, must hear us and is watched."""
        is_off = self.reading(self._clock()).enabled is False
        return self._info.idle_s if is_off else self._info.every_s

    async def poll(self) -> None:
        """Ask for everything once. The first silence ends it. Raises `LinkError`, `DeviceRefused`."""
        if self._clock() - self.at_s > self._stale_after_s:
            self.limits, self._is_set = {}, False
        for exchange in self.codec.kind.reads:
            if exchange != LIMITS:
                await self._read(exchange)
            elif not self.limits:
                self.limits = (await self._ask(LIMITS)).values

    async def do(self, command: Command, *, still: Callable[[], bool] = lambda: True) -> None:
        """Carry out `SetCharger` or `EnableCharger`. Raises `LinkError`, `DeviceError`, `CodecError`."""
        match command:
            case SetCharger(_, voltage_v, current_a):
                await self._set(voltage_v, current_a, still)
            case EnableCharger(_, on):
                await self._enable(on, still)
            case _:
                raise CodecError(f"{type(command).__name__} is not for a charger")

    async def _set(self, voltage_v: float, current_a: float, still: Callable[[], bool]) -> None:
        limits = self.limits
        low, high, most = (limits.get(name) for name in ("voltage_min_v", "voltage_max_v", "current_max_a"))
        if not (isinstance(low, int | float) and isinstance(high, int | float) and isinstance(most, int | float)):
            raise CodecError(f"{self.name}: the module has not told what it may be set to")
        if not low <= voltage_v <= high:
            raise CodecError(f"{self.name}: {voltage_v:g} V, the module takes {low:g} to {high:g} V")
        if not 0 <= current_a <= most:
            raise CodecError(f"{self.name}: {current_a:g} A, the module takes 0 to {most:g} A")
        await self._ask("set", {"voltage_v": voltage_v, "current_a": current_a}, still)
        self._is_set = True

    async def _enable(self, on: bool, still: Callable[[], bool]) -> None:
        if on and not self._is_set:
            raise CodecError(f"{self.name}: voltage and current are set before it is switched on")
        await self._ask("enable", {"on": on}, still)
        try:
            async with asyncio.timeout(self._info.confirm_s):
                while True:
                    if await self._is(on):
                        return
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            word = "on" if on else "off"
            raise DeviceSilent(f"{self.name}: not seen {word} within {self._info.confirm_s:g} s") from None

    async def _is(self, on: bool) -> bool:
        exchange = next(name for name, e in self.codec.kind.reads.items() if "enabled" in e.values)
        return (await self._read(exchange)).get("enabled") is on

    async def _read(self, exchange: str) -> Mapping[str, Value | None]:
        answer = await self._ask(exchange)
        now = self.at_s = self._clock()
        old_s, old = self._seen.get(exchange, (NEVER, {}))
        if answer.values != old or now - old_s > self._stale_after_s:
            self._reading = None  # the same again makes no new reading, it only keeps it fresh
        self._seen[exchange] = (now, answer.values)
        return answer.values

    async def _ask(
        self, exchange: str, values: Mapping[str, Value] | None = None, still: Callable[[], bool] = lambda: True
    ) -> Answer:
        """One request, sent once, and its answer."""
        frame = self.codec.request(exchange, values)
        async with self._turn:
            if not still():
                raise LinkWithdrawn(f"{self.name}: {exchange} is not wanted any more")
            waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._waits = (exchange, waiter)
            try:
                async with asyncio.timeout(self._info.timeout_s):
                    await self._link.send(frame)
                    answer = await waiter
            except TimeoutError:
                limit_ms = self._info.timeout_s * 1000
                raise LinkTimeout(f"{self.name}: no answer to {exchange} within {limit_ms:.0f} ms") from None
            finally:
                self._waits = None
        why = self.codec.refusal(answer)
        if why:
            raise DeviceRefused(f"{self.name}: {exchange}: {why}", answer.error)
        return answer
