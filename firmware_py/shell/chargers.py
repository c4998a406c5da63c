"""One task per CAN link with chargers: asks each module at its own pace, and silent ones slowly."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from hal.config.station import FreshnessConfig
from hal.devices.charger import ChargerNode
from hal.errors import HalError


class ChargerWatcher(Protocol):
    """Who wants to know what asking found."""

    def charger_polled(self, charger: ChargerNode) -> None: ...
    def charger_lost(self, charger: ChargerNode, why: str) -> None: ...
    def charger_found(self, charger: ChargerNode) -> None: ...
    def round_done(self, link: str) -> None: ...


class ChargerPoller:
    """Asks the modules of one link, each every `every_s` of its file. Asking is also what keeps a module on.

    A module that fails is asked again after `probe_s`, so that one lost answer does not keep it unknown for a whole
    pace. One that fails `lost_after` times in a row is lost, and then asked every `probe_s` or at its own pace if that
    is slower: its silence costs the link one time-out each time.
    """

    def __init__(
        self,
        link: str,
        chargers: Sequence[ChargerNode],
        watcher: ChargerWatcher,
        clock: Callable[[], float],
        freshness: FreshnessConfig,
    ) -> None:
        self.link = link
        self._freshness = freshness
        self._watcher = watcher
        self._clock = clock
        self._chargers = {c.name: c for c in chargers}
        self._due_s = dict.fromkeys(self._chargers, 0.0)
        self._fails = dict.fromkeys(self._chargers, 0)

    async def run(self) -> None:
        """Ask for ever: all that are due one after the other, then rest."""
        while True:
            wait_s = min(self._due_s.values()) - self._clock()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            now = self._clock()
            for name, charger in self._chargers.items():
                if self._due_s[name] <= now:
                    await self._poll(charger, now)
            self._watcher.round_done(self.link)

    async def _poll(self, charger: ChargerNode, begun_s: float) -> None:
        """Due again one pace after the round began, so that a round stays one round."""
        name, every_s = charger.name, charger.codec.kind.charger.every_s
        lost_after = self._freshness.lost_after
        self._due_s[name] = begun_s + every_s
        try:
            await charger.poll()
        except HalError as error:
            self._fails[name] += 1
            probe_s = self._freshness.probe_s
            lost = self._fails[name] >= lost_after
            self._due_s[name] = self._clock() + (max if lost else min)(probe_s, every_s)
            if self._fails[name] == lost_after:
                self._watcher.charger_lost(charger, str(error))
        else:
            if self._fails[name] >= lost_after:
                self._watcher.charger_found(charger)
            self._fails[name] = 0
            self._watcher.charger_polled(charger)
