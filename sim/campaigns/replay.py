"""A wire log back through the codecs and the core: does this software decide what was decided then?

The words of each poll go through the units' own decoding, frames through that of packs and car, orders through the
contract; from them the Image is composed as in the controller, and each event that the log names is decided again. What
a log must have beside the wires for that is little: that the core looked (a scan), timers that fired, what an operator
asked, and what the shell told of its own (a device lost and found, a command that failed).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from firmware_py.core.events import Event, OrderIn, Scan
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.state import Order, State
from firmware_py.shell.observer import Observer
from firmware_py.shell.orders import wanted
from firmware_py.shell.pace import periods
from firmware_py.shell.params import params_of
from firmware_py.shell.plant import Links, build_plant
from firmware_py.shell.wirelog.lines import KIND, decision
from firmware_py.shell.wirelog.reading import BadLog, Entry, WireLog, event_of
from hal.config.bundle import Station
from hal.contract import OrderCommand, Topics
from sim.campaigns.replay_lines import PolledLine, SilentCan, SilentMqtt, Strange

_SHOWN: Final = ("effects", "packml", "place", "rows")


class CannotReplay(ValueError):
    """This log cannot be replayed on this station. The text says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: when, on what, and what came of it."""

    number: int
    t_s: float
    event: Mapping[str, Any]
    decided: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the replay is not the log. `logged` and `replayed` are lists of effects, or words."""

    where: str
    t_s: float
    what: str
    logged: Any = None
    replayed: Any = None


class Replay:
    """One replay. Iterate over `steps()`; it ends at the first `difference`, or with the log."""

    def __init__(self, station: Station, log: WireLog) -> None:
        _check(station, log)
        self.difference: Difference | None = None
        self._log = log
        self._station = station
        self._now_s = 0.0
        self._topics = Topics(station.config.station.site, station.name)
        self._begin()

    def _begin(self) -> None:
        """A controller is switched on: it remembers nothing."""
        station = self._station
        self._lines = {name: PolledLine(name) for name in {unit.link for unit in station.units.values()}}
        can = {name: SilentCan() for name, config in station.config.links.items() if config.kind == "can"}
        clock = self._clock
        self._plant = build_plant(station, Links(dict(self._lines), dict(can), SilentMqtt()), clock)
        self._observer = Observer(station, self._plant, clock)
        self._sequencer = Sequencer(params_of(station))
        self._state = State()
        self._units = {(u.codec.unit.link, u.codec.unit.unit): u for u in self._plant.units.values()}
        self._orders: dict[str, Order] = {}

    def steps(self) -> Iterator[Step]:
        """Every decision that is as it was. Raises `BadLog` where the log cannot be read on."""
        for entry in self._log:
            if "gap" in entry.said:
                raise BadLog(f"{self._log.path}:{entry.number}: {entry.said['gap']} lines are missing here")
            step = self._take(entry)
            if self.difference is not None:
                return
            if step is not None:
                yield step

    def _clock(self) -> float:
        return self._now_s

    def _take(self, entry: Entry) -> Step | None:
        said = entry.said
        match said.get("wire"):
            case "modbus":
                self._modbus(entry)
            case "can" if "got" in said:
                self._now_s = said["t"]
                if said["link"] in self._plant.speakers:
                    self._observer.take_frames(said["link"], list(entry.frames))
                    self._observer.charger_polled()  # its readings are taken anew with the next look
            case "line" if "got" in said:
                self._now_s = said["t"]
                self._observer.take_lines([str(text).encode() for text in said["got"]])
            case "mqtt" if said["do"] == "take" and said["topic"] == self._topics.order:
                self._take_order(said)
            case "core" if "start" in said:
                self._begin()
            case "core":
                return self._core(entry)
        return None

    def _modbus(self, entry: Entry) -> None:
        said, line = entry.said, self._lines.get(str(entry.said["link"]))
        if line is None or not line.is_polled_by(said):
            return
        try:
            if not line.busy:
                unit = self._units.get((line.name, said["unit"]))
                if unit is None:
                    raise Strange(f"unit {said['unit']} on {line.name}, which this station has not")
                self._now_s = said["asked"]
                line.begin(unit)
            self._now_s = said["t"]
            polled = line.answer(said)
        except Strange as strange:
            self._differs(entry, f"the log has {strange}")
            return
        if polled is not None:
            self._observer.polled(polled)

    def _take_order(self, said: Mapping[str, Any]) -> None:
        try:
            order = OrderCommand.model_validate_json(str(said.get("text", "")))
        except ValueError:
            return  # the desk has refused it: no event will come of it
        self._orders[order.id] = wanted(order)

    def _core(self, entry: Entry) -> Step | None:
        said = entry.said
        self._now_s = said["t"]
        try:
            event = event_of(said["event"])
        except ValueError as error:
            raise BadLog(f"{self._log.path}:{entry.number}: {error}") from None
        if isinstance(event, OrderIn) and self._orders.get(event.order.id) != _asked(event.order):
            self._differs(entry, "an order that no message brought", said["event"], None)
            return None
        decided = self._decide(event)
        for key in _SHOWN:
            if decided[key] != said[key]:
                self._differs(entry, f"{key} on {said['event'][KIND]}", said[key], decided[key])
                return None
        return Step(entry.number, said["t"], said["event"], decided)

    def _decide(self, event: Event) -> Mapping[str, Any]:
        """As the controller does it."""
        if isinstance(event, Scan):
            self._observer.update()
        before = self._state
        self._state, effects = self._sequencer.step(before, self._observer.image, event)
        state = self._state
        if state.packml is not before.packml or state.active != before.active:
            for unit, period_s in periods(self._plant, state.packml, self._sequencer.moving(state)).items():
                self._observer.set_period(unit, period_s)
        return decision(event, effects, state)

    def _differs(self, entry: Entry, what: str, logged: Any = None, replayed: Any = None) -> None:
        where = f"{self._log.path.name}:{entry.number}"
        self.difference = Difference(where, float(entry.said["t"]), what, logged, replayed)


def _asked(order: Order) -> Order:
    """As it came in: what is reserved is the shell's own knowledge."""
    return replace(order, held="", withheld=())


def _check(station: Station, log: WireLog) -> None:
    head = log.header
    if head.get("station") != station.name:
        raise CannotReplay(f"the log is of station {head.get('station')}, not of {station.name}")
    if head.get("hash") != station.hash:
        raise CannotReplay(f"the log was written with configuration {head.get('hash')}, this one is {station.hash}")
    if not head.get("from_start"):
        raise CannotReplay("the log begins in the middle of a run: what the core remembered then is not in it")
