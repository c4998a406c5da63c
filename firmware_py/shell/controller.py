"""The controller: one TaskGroup around the core. Events in, effects out, nothing else decides."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from firmware_py.core import events, orders
from firmware_py.core.effects import (
    Act,
    Arm,
    ClearFault,
    Disarm,
    Effect,
    Keep,
    RaiseFault,
    Reply,
    StopMotion,
    Told,
)
from firmware_py.core.events import (
    Event,
    Interrupted,
    IsolateIn,
    Operator,
    Scan,
    Started,
    StartHeld,
    TimeUp,
    Trouble,
    TurnIn,
)
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.signals import signal_for
from firmware_py.core.standing import isolation_due
from firmware_py.core.state import State
from firmware_py.shell.books import Books
from firmware_py.shell.bus_watch import BusWatch
from firmware_py.shell.checkpoint import checkpoint_of
from firmware_py.shell.cloud import Cloud
from firmware_py.shell.desks import Desks
from firmware_py.shell.effector import Effector, actors_of
from firmware_py.shell.host import Host
from firmware_py.shell.journal import Journal, JournalError
from firmware_py.shell.journal_space import Space
from firmware_py.shell.keepalives import keepalives, send_keepalives
from firmware_py.shell.logbook import state_line
from firmware_py.shell.look_back import look_back
from firmware_py.shell.looks import Looks
from firmware_py.shell.observer import Observer
from firmware_py.shell.operator_desk import OperatorDesk
from firmware_py.shell.pace import periods
from firmware_py.shell.params import limits_of, params_of
from firmware_py.shell.plant import Links, build_plant
from firmware_py.shell.progress import JOURNAL, Progress
from firmware_py.shell.recorder import Recorder
from firmware_py.shell.roll_call import RollCall
from firmware_py.shell.rounds import charger_pollers, heart_of, line_pollers
from firmware_py.shell.scanner import ReaderWatch
from firmware_py.shell.timers import Timers
from firmware_py.shell.uplink import Uplink
from hal.commands import Signal
from hal.config.bundle import Station
from hal.errors import HalError
from hal.ports import Frame


class Controller:
    """Runs one station on given links. `run()` lasts until it is cancelled; it stops all motion on its way out."""

    def __init__(self, station: Station, links: Links, journal: Journal, host: Host) -> None:
        self.station = station
        self.host = host
        self.state = State()
        self.params = params_of(station)
        self.sequencer = Sequencer(self.params)
        self.plant = build_plant(station, links, host.clock)
        self.observer = Observer(station, self.plant, host.clock)
        self._links = links
        self._journal = journal
        self._looks = Looks(self.plant, host.clock, self._looked)
        self._roll = RollCall(
            self.plant, self.observer, lambda: self.state, self.decide, self._round_done, self._became_ready,
            self._looks.told_of,
        )  # fmt: skip
        self.ready = self._roll.ready
        self._pollers = line_pollers(station, self.plant, self.observer, self._roll, host.clock)
        self._charger_pollers = charger_pollers(station, self.plant, self._roll, host.clock)
        scanner = self.plant.scanner
        self._scanner_watch = None if scanner is None else ReaderWatch(scanner, self._roll)
        rounds = [*(poller.link for poller in self._pollers), *(poller.link for poller in self._charger_pollers)]
        self.progress = Progress(station.config.process.progress, rounds, actors_of(self.plant), host.clock)
        limit_s, slow = station.config.process.journal.commit_s, self._journal_slow
        self._recorder = Recorder(journal, self._journal_failed, self.progress.duty(JOURNAL), limit_s, slow)
        journal.watch(self._journal_space, lambda text: self._guarded(lambda: self._recorder.fail(text)))
        cloud = station.config.cloud
        self.uplink = Uplink(links.cloud, cloud.events_kept, cloud.again_s)
        self.cloud = Cloud(station, self.uplink, host.boot_id, host.now_ms, host.software, self.params.nominal_s)
        limits = limits_of(station)
        self.effector = Effector(self.plant, self.observer, limits, self._recorder, self.decide, self.progress.duty)
        self.effector.bind(lambda: self.state.swap.id if self.state.swap else None)
        self._swaps_named = 0
        self._timers = Timers(lambda name: self._guarded(lambda: self.decide(TimeUp(name))))
        self.operators = OperatorDesk(self._recorder, self.decide)
        self.desks = Desks(self, self._recorder)
        self.books = Books(self._recorder, self.cloud, self.desks.reservations, host, station.hash)
        self._rescan: asyncio.Handle | None = None
        self._shown: Signal | None = None
        self._fatal: asyncio.Future[None] | None = None
        self._over = False
        self._buses = [BusWatch(name, links.can[name], self._roll, self._guarded) for name in self.plant.speakers]
        self._not_stopping = asyncio.Event()
        self._not_stopping.set()

    # ---------------------------------------------------------------- life

    async def run(self) -> None:
        """Until cancelled."""
        past = await self._look_back()
        heart = heart_of(self.station, self.plant, self._pollers, self.effector, self.progress, self.host.clock)
        for link in self.plant.speakers:
            self._links.can[link].subscribe(partial(self._on_frames, link))
        if self.plant.scanner is not None:
            self._links.lines[self.plant.scanner.link].subscribe(self._on_lines)
        for bus in self._buses:
            bus.start()
        self._links.cloud.subscribe(self.cloud.topics.commands)
        self.cloud.hello()
        self.cloud.state(self.state)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._fall(), name="fall")
                group.create_task(self._recorder.run(), name="recorder")
                self.effector.start(group)
                self._begin_after(past)
                group.create_task(self.uplink.run(), name="uplink")
                group.create_task(self.desks.run(self._links.cloud.messages()), name="commands")
                group.create_task(heart.run(), name="heartbeat")
                group.create_task(self._car_requests(), name="car-request")
                group.create_task(self._reports(), name="reports")
                if told := keepalives(self.station, self.plant.packs, self._links.can):
                    group.create_task(send_keepalives(told, self.host.clock), name="keepalives")
                if self.host.watchdog_s is not None:
                    group.create_task(self._watchdog(self.host.watchdog_s), name="watchdog")
                for poller in self._pollers:
                    group.create_task(poller.run(), name=f"poll-{poller.link}")
                if self._scanner_watch is not None:
                    group.create_task(self._scanner_watch.run(), name="watch-scanner")
                for asker in self._charger_pollers:
                    group.create_task(asker.run(), name=f"poll-{asker.link}")
        finally:
            self._over = True
            for bus in self._buses:
                bus.stop()
            self._timers.clear()
            self.books.close()
            if self._rescan is not None:
                self._rescan.cancel()
            await self.effector.last_stop(self.station.config.process.leaving.last_stop_s)

    async def _look_back(self) -> list[Interrupted | StartHeld]:
        """What the journal knows of before. One that cannot be used holds the station, and does not end it."""
        limit_s = self.station.config.process.journal.start_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._recall()
        except JournalError as error:
            self._recorder.fail(str(error))
        except TimeoutError:
            self._recorder.fail(f"it did not tell what was before within {limit_s:g} s: does its disk answer?")
        return []

    async def _recall(self) -> list[Interrupted | StartHeld]:
        found = await look_back(self._journal, self.host.boot_id, self.station.hash, self.host.software)
        await self.books.inventory.recall(self._journal)
        past = next((event for event in found if isinstance(event, Interrupted)), None)
        await self.desks.recall(self._journal, past.swap.id if past else None)
        if past is not None:
            await self.books.recall(self._journal, past.swap)
        return found

    def _begin_after(self, past: list[Interrupted | StartHeld]) -> None:
        self.decide(Started())
        for event in past:
            if isinstance(event, Interrupted):
                self._looks.begin()
            self.decide(event)

    async def shutdown(self) -> None:
        """No new step: stop all motion, say goodbye. Call before cancelling `run`."""
        self.effector.close()
        self.decide(events.Leave("controller stops"))
        self.cloud.goodbye()

    async def at_rest(self) -> None:
        """Returns once every stop was sent and nothing is seen to move. Not bounded."""
        await self.effector.stops_sent()
        await self._not_stopping.wait()

    # ---------------------------------------------------------------- deciding

    def decide(self, event: Event) -> None:
        """One step of the core, its effects carried out in order. Never waits. After the end of `run`: nothing."""
        if self._over:
            return
        before = self.state
        self.state, effects = self.sequencer.step(before, self.observer.image, event)
        if self.host.decided is not None:
            self.host.decided(event, effects, self.state)
        if (row := checkpoint_of(before, self.state)) is not None:
            self._recorder.note(row)  # before anything acts: what it acts for is known after a crash
        for effect in effects:
            self._carry_out(effect)
        self.progress.decided()
        if self.state is not before:
            self._changed(before)
        if self.state is not before or self._shown is None:
            self._show()

    def _show(self) -> None:
        """Lamp and display say what the state means, once the unit behind them is heard."""
        wanted = signal_for(self.state)
        if self.state.fault(FaultCode.LINK_LOST, "signals") is not None:
            self._shown = None  # it may have been switched off meanwhile: told again when it is back
        elif wanted != self._shown and self.observer.image.signals.lamp is not None:
            self._shown = wanted
            self.effector.act(Act("", wanted))

    def _journal_failed(self, text: str) -> None:
        self.decide(Trouble(FaultCode.JOURNAL_FAILED, "journal", text))

    def _journal_slow(self, on: bool) -> None:
        code, text = (
            FaultCode.JOURNAL_SLOW,
            f"a commit takes longer than {self.station.config.process.journal.commit_s:g} s",
        )
        event = Trouble(code, "journal", text) if on else events.Recovered("journal", code)
        self._guarded(lambda: self.decide(event))

    def _journal_space(self, space: Space) -> None:
        text = f"{space.free_mib} MiB are free, {self.station.config.process.journal.floor_mib:g} MiB are needed"
        for bad, code in ((space.full, FaultCode.DISK_FULL), (space.low, FaultCode.DISK_LOW)):
            event = Trouble(code, "journal", text) if bad else events.Recovered("journal", code)
            self._guarded(partial(self.decide, event))

    def _changed(self, before: State) -> None:
        state = self.state
        if (state.packml, state.active, state.jog) != (before.packml, before.active, before.jog):
            moving = self.sequencer.moving(state)
            self.effector.at_rest(moving)
            chosen = periods(self.plant, state.packml, moving)
            for poller in self._pollers:
                poller.set_periods(chosen)
        (self._not_stopping.clear if state.packml is PackML.STOPPING else self._not_stopping.set)()
        if state.packml is not before.packml or state.faults != before.faults:
            self.host.notifier.status(state_line(state))
        if self.host.changed is not None:
            self.host.changed(before, state)
        self.cloud.state(state)
        if self._rescan is None:
            self._rescan = asyncio.get_running_loop().call_soon(self._guarded, self._scan_again)

    def _scan_again(self) -> None:
        self._rescan = None
        self._observe()
        self.decide(Scan())
        bay = isolation_due(self.state, self.observer.image)
        if bay is not None:
            self.decide(IsolateIn(bay, self.new_swap_id()))
        elif orders.due(self.state):
            self.decide(TurnIn())

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Act():
                self.effector.act(effect)
            case StopMotion():
                self.effector.stop(effect)
            case Arm(timer, after_s):
                self._timers.arm(timer, after_s)
            case Disarm(timer):
                self._timers.disarm(timer)
            case RaiseFault(fault):
                self.books.raised(fault)
            case ClearFault(fault):
                self.books.cleared(fault)
            case Keep(note, body):
                self.books.keep(note, body)
            case Reply(order_id, answer, reason):
                self.desks.orders.answer(order_id, answer, reason)
            case Told():
                self.operators.tell(effect)

    @property
    def answered(self) -> Reply | None:
        """The last answer to an order."""
        return self.desks.orders.last

    # ---------------------------------------------------------------- what polling and frames bring

    def _round_done(self, link: str) -> None:
        """A poller completed a round, whatever it brought. Staleness is judged here too."""
        self.progress.round_done(link)
        self._looks.review()
        self._look()
        self.progress.decided()

    def _on_frames(self, link: str, frames: list[Frame]) -> None:
        if self._over:  # links go on telling who has subscribed
            return
        self.observer.take_frames(link, frames)
        self._guarded(self._roll.look_at_packs)
        if self.plant.car in self.plant.speakers[link]:  # a swap waits for what a car says, never for a pack in a bay
            self._guarded(self._look)

    def _on_lines(self, lines: list[bytes]) -> None:
        if not self._over and self.observer.take_lines(lines) and self._scanner_watch is not None:
            self._scanner_watch.heard()
            self._guarded(self._roll.check_ready)
            self._guarded(self._look)

    def _looked(self) -> None:
        self._observe()
        self.decide(events.Looked())

    def _look(self) -> None:
        if self._observe():
            self.decide(Scan())

    def _observe(self) -> bool:
        """`True` when the Image is another than before. Packs that stand elsewhere are kept in the inventory."""
        changed = self.observer.update()
        if changed:
            self.books.inventory.seen(self.observer.image, self.state.swap.id if self.state.swap else None)
        return changed

    def _guarded(self, act: Callable[[], None]) -> None:
        """Run a callback of the loop. A mistake in it must end the controller, as one in a task does."""
        try:
            act()
        except Exception as error:  # the edge between the loop's callbacks and the TaskGroup
            if self._fatal is None or self._fatal.done():
                raise
            self._fatal.set_exception(error)

    async def _fall(self) -> None:
        """Ends the TaskGroup with the first mistake of a callback."""
        self._fatal = asyncio.get_running_loop().create_future()
        await self._fatal

    def _became_ready(self) -> None:
        self.host.notifier.ready(state_line(self.state))

    # ---------------------------------------------------------------- tasks

    async def _watchdog(self, period_s: float) -> None:
        while True:
            if self.progress.is_alive:
                self.host.notifier.watchdog()
            await asyncio.sleep(period_s)

    async def _car_requests(self) -> None:
        """Repeat the standing request to the car: it must know that somebody still asks."""
        period_s = self.station.config.process.car.request_every_s
        while True:
            await asyncio.sleep(period_s if self.state.swap is not None else 10 * period_s)
            if self.state.swap is not None:
                with suppress(HalError):  # the car's silence, not our frame, is what the core judges
                    await self.effector.repeat_request()

    async def _reports(self) -> None:
        """Devices' state for the cloud, at a bounded rate."""
        while True:
            self.cloud.devices(self.observer.image)
            self.desks.reservations.review()
            await asyncio.sleep(self.station.config.cloud.state_every_s)

    def new_swap_id(self) -> str:
        """The identity of the next swap."""
        self._swaps_named += 1
        return f"{self.host.boot_id}-{self._swaps_named}"

    async def operate(self, operator: Operator) -> Told:
        """An operator's act: journalled with who and why, then decided. Raises `JournalError`."""
        return await self.operators.operate(operator)

    @property
    def swap_open(self) -> bool:
        """A swap is on its way."""
        return self.state.swap is not None or self.state.packml not in {PackML.STOPPED, PackML.IDLE}
