"""One station under kills: a person beside it who resets, orders, and after each restart looks and says the word."""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from firmware_py.core.recovery_words import Outcome
from firmware_py.shell import places
from hal.contract import OrderCommand
from hal.ports import Message
from sim.campaigns.kills_effects import How, Marksman, Shot, draw
from sim.campaigns.kills_life import Life, life, live
from sim.campaigns.kills_sight import Ready, Stillness, against_truth
from sim.campaigns.kills_words import Kill, Stuck, Swapped, Wishes
from sim.campaigns.observed import Observed
from sim.campaigns.sender import Sender
from sim.campaigns.serve import Served, wall_ms

SWAP_S: Final = 600.0
"""A swap of 100 s, interrupted ten times."""
LOOK_S: Final = 0.5
TOLD_S: Final = 10.0
"""From READY; a session with the broker may have to be tried again."""
AGAIN_S: Final = 1.0
"""A person waits so long before the same word is said once more."""
PATIENCE: Final = 30
"""How often a word is said again that is refused, and how many looks a contradiction may stand."""
UNHEARD: Final = 4
"""Looks without an answer after which an order is sent again."""
EFFECTS: Final = 53
"""Of a swap of choco-14 that nobody disturbs: how far shots lie apart."""
REPEATED: Final = 2
"""Effects, about, that a row sends again after a kill."""
EARLY: Final = 12
"""One start in so many is killed before it knows where it is."""
EARLY_S: Final = 3.0
FULL_PCT: Final = 92.0
READING: Final = "everything is being read twice"


class StationUnderKills:
    """Plays its swaps; `told` is called at the end of each."""

    def __init__(self, wishes: Wishes, served: Served, told: Callable[[Swapped], None]) -> None:
        self.wishes = wishes
        self.done: list[Swapped] = []
        self.orders: dict[str, OrderCommand] = {}
        self.said: dict[str, int] = {}
        """Words of a person that were accepted, by name."""
        self._served = served
        self._told = told
        self._clock = asyncio.get_running_loop().time
        self._chance = Random(wishes.seed)
        self._news = asyncio.Event()
        self._sender = Sender(served.broker.core, served.topics, self._clock, wall_ms)
        self._marksman = Marksman(served.emulators)
        self._still = Stillness(served.world)
        self._ready = Ready(wishes.folder / "notify.sock")
        self._swap = Swapped(wishes.name, 1)
        self._began_s = self._clock()
        self._order: OrderCommand | None = None
        self._spent = ""
        self._open: Kill | None = None
        """The kill that nobody has come back from yet."""
        self._known_at_s: float | None = None
        self._refused = 0
        self._breached = 0
        self.observed = Observed(served.topics, self._clock)
        served.broker.core.subscribe_local(served.topics.all, self._hear)

    async def run(self) -> None:
        """All swaps. Raises `Stuck`, `ChildDied`, TimeoutError, in a group."""
        (self.wishes.folder / places.OVERLAY).write_text(self._served.overlay, encoding="utf-8")
        lives = 0
        with self._ready.listening():
            while not self._over:
                lives += 1
                self._known_at_s = None
                async with life(self.wishes, lives, self._ready) as one:
                    await live(one, self._tend)
                    self._marksman.rest()

    @property
    def kills(self) -> list[Kill]:
        """All of them so far."""
        return [kill for swap in [*self.done, self._swap] for kill in swap.kills]

    @property
    def _over(self) -> bool:
        wishes, done = self.wishes, len(self.done)
        return done >= wishes.swaps and (len(self.kills) >= wishes.kills or done >= wishes.swaps + wishes.overtime)

    @property
    def _quota(self) -> int:
        """Kills of this swap: what is left, shared by the swaps that are left."""
        before = sum(len(swap.kills) for swap in self.done)
        return math.ceil((self.wishes.kills - before) / max(1, self.wishes.swaps - len(self.done)))

    # ---------------------------------------------------------------- one life

    async def _tend(self, one: Life) -> None:
        if self._open is not None and self._left and self._chance.randrange(EARLY) == 0:
            self._marksman.aim(Shot(0, How.EARLY, EARLY_S * self._chance.random()), lambda: self._kill(one))
        ready_s = await one.ready()
        if self._open is not None:
            await self._come_back(one, self._open, ready_s)
        while True:
            self._news.clear()
            status = await self._status(one)
            if self._clock() - self._began_s > SWAP_S:
                raise Stuck(f"swap {self._swap.number} is not over after {SWAP_S:g} s: {_line(status)}")
            match status["packml"]:
                case "Stopped":
                    await self._say(one, "reset")
                case "Idle" if await self._idle(one):
                    return
                case "Held":
                    await self._held(one, status)
                case "Aborted":
                    raise Stuck(_line(status))
                case _:
                    pass
            await self._a_while()

    async def _come_back(self, one: Life, kill: Kill, ready_s: float) -> None:
        """Until it knows where it is: a conclusion of the closed list, and one that is so."""
        while (status := await self._status(one))["recovery"] is None:
            await self._a_while()
        nothing = status["recovery"]["outcome"] == Outcome.NOTHING_PENDING.value
        known_at_s = ready_s if nothing else self._known_at_s or self._clock()
        while not nothing and self._known_at_s is None and self._clock() < ready_s + TOLD_S:
            await self._a_while()
        self._marksman.rest()
        kill.ready_s = round(ready_s - one.began_s, 3)
        kill.known_s = round(max(0.0, known_at_s - ready_s), 3)
        kill.rows = ",".join(row["row"] for row in status["rows"])
        kill.outcome, kill.text = status["recovery"]["outcome"], status["recovery"]["text"]
        self._open = None
        if not nothing and self._known_at_s is None:
            self._swap.wrong.append(f"the conclusion {kill.outcome} was not told over MQTT")
        if kill.outcome not in set(Outcome):
            self._swap.wrong.append(f"{kill.outcome!r} is not in the closed list")
        elif said := against_truth(Outcome(kill.outcome), self._served.world):
            self._swap.wrong.append(said)
        if self._order is not None and self._chance.randrange(2):
            self._deliver(self._order)  # the broker has it still, or its sender heard no answer

    def _kill(self, one: Life) -> None:
        one.kill()
        self._still.begin()
        if self._open is not None:
            self._open.outcome = "killed again"
        shots = self._marksman
        self._open = Kill(self._swap.number, shots.effects, shots.last, shots.how.value)
        self._swap.kills.append(self._open)

    # ---------------------------------------------------------------- what a person does

    async def _held(self, one: Life, status: Mapping[str, Any]) -> None:
        recovery = status["recovery"]
        if recovery is not None and recovery["outcome"] not in {Outcome.CONTRADICTION, Outcome.NOT_TOLD}:
            if recovery["outcome"] == Outcome.NOTHING_PENDING.value:
                self._swap.holds.append(status["held_for"])
                await asyncio.sleep(AGAIN_S)
            await self._say(one, "resume")
        else:
            self._patient(status)

    async def _say(self, one: Life, word: str) -> None:
        """A word that lets things go on; from here on they may move, and shots may fall."""
        self._still.end()
        self._swap.wrong += self._still.wrong
        self._still.wrong = []
        if word == "resume" and self._left:
            self._aim(one)
        answer = await one.ask({"action": word, "why": "kills"})
        if answer["ok"]:
            self._refused = 0
            self.said[word] = self.said.get(word, 0) + 1
            return
        self._marksman.rest()
        self._patient({"packml": word, "next": answer.get("error") or answer.get("reason"), "faults": []})
        await asyncio.sleep(AGAIN_S)

    def _patient(self, status: Mapping[str, Any]) -> None:
        self._refused += 1
        if self._refused > PATIENCE:
            raise Stuck(_line(status))

    async def _idle(self, one: Life) -> bool:
        """Order, or see how the order ended. `True`: all swaps are done."""
        order = self._order
        if order is not None:
            final = self.observed.final(order.id)
            if final is None:
                self._patient({"packml": "Idle", "next": f"{order.id} has no final answer", "faults": []})
                if self._refused > UNHEARD:
                    self._deliver(order)
                return False
            self._order = None
            if final[0] == "completed":
                self._finish()
                if self._over:
                    return True
        await self._bring(one)
        return False

    async def _bring(self, one: Life) -> None:
        """An order for the car outside; a new car where there is none."""
        world, name = self._served.world, f"{self.wishes.name}-order-{len(self.orders) + 1}"
        if not world.cars.queue:
            for place, pack in world.packs.at.items():
                if place.startswith("bay-"):
                    pack.soc_pct = max(pack.soc_pct, FULL_PCT)  # the night has passed
            world.touch()
            self._served.car()
        while self._sender.challenge == self._spent:
            await self._a_while()
        self._spent = self._sender.challenge
        self._refused = 0
        if self._left:
            self._aim(one)
        vehicle = self._served.station.config.station.vehicles[0]
        self._order = self.orders[name] = self._sender.order(name, world.cars.queue[0].vin, vehicle)
        self._swap.orders.append(name)

    def _deliver(self, order: OrderCommand) -> None:
        self._served.publish(Message(self._served.topics.order, order.model_dump_json().encode()))

    def _finish(self) -> None:
        world, swap = self._served.world, self._swap
        gone = world.cars.departed
        if len(gone) != len(self.done) + 1 or gone[-1].pack is None or gone[-1].pack.serial == gone[-1].arrived_with:
            swap.wrong.append(f"{len(gone)} cars have left, {len(self.done) + 1} were served, each with a new pack")
        self._breaches()
        swap.took_s, swap.effects = round(self._clock() - self._began_s, 1), self._marksman.effects
        self.done.append(swap)
        self._swap, self._began_s = Swapped(self.wishes.name, swap.number + 1), self._clock()
        self._marksman.effects = 0
        self._told(swap)

    def close(self) -> list[Swapped]:
        """All swaps, the one that was not ended too. What the referee saw is counted once."""
        if self._swap.orders:
            self.done.append(self._swap)
        self._breaches()
        return self.done

    def _breaches(self) -> None:
        seen = self._served.world.referee.breaches
        self._swap.breaches += [f"{b.hazard}: {b.text}" for b in seen[self._breached :]]
        self._breached = len(seen)

    # ---------------------------------------------------------------- shots and news

    @property
    def _left(self) -> bool:
        return len(self._swap.kills) < self._quota

    def _aim(self, one: Life) -> None:
        apart = (EFFECTS + REPEATED * self._quota) / (self._quota + 1)
        self._marksman.aim(draw(self._chance, apart), lambda: self._kill(one))

    async def _status(self, one: Life) -> dict[str, Any]:
        found: dict[str, Any] = (await one.ask({"action": "status"}))["status"]
        return found

    async def _a_while(self) -> None:
        """Until something is told, or a little longer than a person would wait."""
        try:
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    def _hear(self, message: Message) -> None:
        self.observed.take(message)
        if message.topic == self._served.topics.station:
            said = json.loads(message.payload)["values"]["recovery"]
            if said and said != READING and self._known_at_s is None and self._open is not None:
                self._known_at_s = self._clock()
            self._news.set()
        elif message.topic == self._served.topics.order_reply:
            self._news.set()


def _line(status: Mapping[str, Any]) -> str:
    """A station that does not go on, in one line."""
    faults = "; ".join(f"{f['code']} {f['device']}: {f['text']}" for f in status["faults"])
    rows = ",".join(row["row"] for row in status.get("rows", ()))
    return f"{status['packml']} {status.get('held_for', '')} rows {rows} next {status.get('next', '')} {faults}"
