"""One task per CAN link with chargers: asks each module at its own pace, and silent ones slowly."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from hal.config.station import FreshnessConfig
from hal.devices.charger import NEVER, ChargerNode
from hal.errors import HalError, LinkTimeout


class ChargerWatcher(Protocol):
    """Who wants to know what asking found."""

    def charger_polled(self, charger: ChargerNode) -> None: ...
    def charger_lost(self, charger: ChargerNode, why: str) -> None: ...
    def charger_found(self, charger: ChargerNode) -> None: ...
    def round_done(self, link: str) -> None: ...


class ChargerPoller:
    """Asks the modules of one link, each at its own pace. Asking is also what keeps a module on.

    A round is completed at least as often as a module that is on wants to hear us: one may be switched on meanwhile.
    One that fails is asked again after `probe_s`, so that one lost answer does not keep it unknown for a whole pace;
    at once where a request was sent and it was never heard: a channel that has just come up may lose the first one.
    After `lost_after` failures in a row it is lost, and then asked every `probe_s` or `every_s` if that is slower: its
    silence costs the link one time-out each time.
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
        self._chargers = tuple(chargers)
        self._round_s = min(charger.codec.kind.charger.every_s for charger in chargers)
        self._asked_s = dict.fromkeys(self._chargers, NEVER)
        self._fails = dict.fromkeys(self._chargers, 0)
        self._unanswered: set[ChargerNode] = set()
        """Their last request was sent, and nothing came."""

    async def run(self) -> None:
        """Ask for ever: all that are due one after the other, then rest."""
        while True:
            begun_s = self._clock()
            for charger in self._chargers:
                if self._due_s(charger) <= begun_s:
                    await self._poll(charger, begun_s)
            self._watcher.round_done(self.link)
            next_s = min(begun_s + self._round_s, *map(self._due_s, self._chargers))
            await asyncio.sleep(max(0.0, next_s - self._clock()))

    def _due_s(self, charger: ChargerNode) -> float:
        fails, pace_s = self._fails[charger], charger.every_s
        if fails >= self._freshness.lost_after:
            pace_s = max(self._freshness.probe_s, charger.codec.kind.charger.every_s)
        elif fails:
            anew = charger.at_s == NEVER and charger in self._unanswered
            pace_s = 0.0 if anew else min(self._freshness.probe_s, charger.codec.kind.charger.every_s)
        return self._asked_s[charger] + pace_s

    async def _poll(self, charger: ChargerNode, begun_s: float) -> None:
        """Counted from the beginning of the round where it answers, so that a round stays one round."""
        lost_after = self._freshness.lost_after
        self._asked_s[charger] = begun_s
        try:
            await charger.poll()
        except HalError as error:
            self._asked_s[charger] = self._clock()
            (self._unanswered.add if isinstance(error, LinkTimeout) else self._unanswered.discard)(charger)
            self._fails[charger] += 1
            if self._fails[charger] == lost_after:
                self._watcher.charger_lost(charger, str(error))
        else:
            if self._fails[charger] >= lost_after:
                self._watcher.charger_found(charger)
            self._fails[charger] = 0
            self._watcher.charger_polled(charger)
