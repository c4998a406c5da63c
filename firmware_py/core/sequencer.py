"""The sequencer: `step(state, image, event) -> (state', effects)`, PackML station state around the chart."""

from collections.abc import Mapping
from typing import Final

from firmware_py.core import manual, modes, orders, restart, safety, standing
from firmware_py.core.chart.rows import Row
from firmware_py.core.chart.table import CHART, FIRST_ROWS
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Act, Answer, Arm, Disarm, Reply, Result, StopMotion, Told
from firmware_py.core.engine import Chart
from firmware_py.core.events import (
    Action,
    Event,
    Interrupted,
    IsolateIn,
    Leave,
    Looked,
    Operator,
    OrderIn,
    Recovered,
    Scan,
    Started,
    StartHeld,
    TimeUp,
    Trouble,
    TurnIn,
    Withhold,
)
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.operators import ENABLE, RESETTING, STATION, Operators, enable, reset
from firmware_py.core.packml import MOVING, Mode, PackML, StablePlace
from firmware_py.core.packs import unheard
from firmware_py.core.params import Params
from firmware_py.core.ready import unready
from firmware_py.core.standstill import seen_moving, stands_still
from firmware_py.core.state import Active, Phase, Purpose, State
from hal.commands import RunEnable

_GO_ON: Final = frozenset({FaultCode.LINK_LOST, FaultCode.DISK_LOW})
"""Troubles that end no motion by themselves: a row that needs the device notices, or only new swaps are refused."""
_NOT_ENABLED: Final = (FaultCode.DRIVES_NOT_ENABLED, "safety")
_STANDSTILL: Final = frozenset({PackML.HOLDING, PackML.STOPPING})
"""States that wait until nothing moves any more."""
_STANDSTILL_S: Final = "standstill"


class Sequencer:
    """Pure: holds only the chart and the station's parameters, both immutable."""

    def __init__(self, params: Params, rows: Mapping[str, Row] = CHART) -> None:
        self.params = params
        self.chart = Chart(rows, params)
        self._operators = Operators(params, self.chart, self._moving)

    def step(self, state: State, image: Image, event: Event) -> Result:
        """One decision. Effects are to be carried out in order."""
        draft = Draft(state)
        match event:
            case Scan():
                self._scan(draft, image)
            case TimeUp(timer):
                self._time_up(draft, image, timer)
            case OrderIn() | TurnIn():
                self._start(draft, image, event)
            case IsolateIn(bay, swap_id):
                self._isolate(draft, state, image, bay, swap_id)
            case Withhold():
                orders.withhold(draft, event)
            case Operator():
                self._operators.ask(draft, image, event)
            case Trouble():
                self._trouble(draft, event)
            case Recovered(device, code):
                draft.clear_fault(code, device)
            case Started() | Interrupted() | Looked() | StartHeld():
                restart.at_start(draft, image, event, self.params, self.chart.rows)
            case Leave(why):
                self._leave(draft, why)
        if orders.settle(draft):
            draft.effects.append(Disarm(STATION + ENABLE))
        if draft.packml in _STANDSTILL:
            self._stopping(draft, begun=state.packml not in _STANDSTILL)
        _no_service_without_books(draft)
        return draft.result()

    def _stopping(self, draft: Draft, *, begun: bool) -> None:
        manual.stopped(draft)
        if begun:
            draft.effects.append(Arm(STATION + _STANDSTILL_S, self.params.limit_s["standstill"]))

    def _leave(self, draft: Draft, why: str) -> None:
        in_motion = draft.packml in {*MOVING, PackML.HOLDING}
        draft.effects.append(StopMotion(self._moving(draft) if in_motion else (), why, drop_enable=True))
        draft.packml = PackML.STOPPING if in_motion else draft.packml

    def _isolate(self, draft: Draft, state: State, image: Image, bay: int, swap_id: str) -> None:
        if standing.isolation_due(state, image) == bay:
            standing.begin_isolation(draft, image, bay, swap_id)
            enable(draft, self.params)

    def moving(self, state: State) -> tuple[str, ...]:
        """Devices that the active rows may have in motion: the shell polls these fast."""
        return self._moving(Draft(state)) if state.packml in MOVING else ()

    def waiting_row(self, active: Active) -> Row:
        """The row that an active one of a held swap goes on with."""
        row = self.chart.rows[active.row]
        return self.chart.rows[row.resume] if row.resume else row

    def _moving(self, draft: Draft) -> tuple[str, ...]:
        return self.chart.moving(draft) if draft.jog is None else (draft.jog.device,)

    def _begun(self, draft: Draft) -> frozenset[str]:
        """What was set in motion, each actuator of the platform by its own name."""
        if draft.jog is not None:
            return frozenset({draft.jog.wish.device})
        begun = (self.chart.rows[a.row] for a in draft.active if a.phase is not Phase.WAITING)
        return frozenset(device for row in begun for device in row.moves)

    def _scan(self, draft: Draft, image: Image) -> None:
        self._watch_safety(draft, image)
        modes.watch_key(draft, image, self._moving(draft))
        standing.settle(draft, image, self.params)
        restart.scan(draft, image, self.params, self.chart.rows)
        alarm = next((f for f in draft.faults if f.code is FaultCode.FIRE_ALARM), None)
        if alarm is not None and draft.packml in MOVING:
            draft.hold(alarm.text, self._moving(draft), alarm.key)
        match draft.packml:
            case PackML.EXECUTE if draft.jog is not None:
                manual.scan(draft, image, self.params)
            case PackML.EXECUTE | PackML.ABORTING:
                self.chart.scan(draft, image)
                modes.after_scan(draft)
            case PackML.STARTING | PackML.UNHOLDING:
                self._ask_enable(draft, image)
            case PackML.HOLDING | PackML.STOPPING if stands_still(image, self._begun(draft)):
                self._at_rest(draft)
            case PackML.RESETTING if not unready(image, self.params) and not unheard(image):
                draft.effects.append(Disarm(STATION + RESETTING))
                draft.place = StablePlace.S0
                draft.packml = PackML.IDLE
            case PackML.HELD if stands_still(image):
                draft.clear_fault(FaultCode.MOTION_NOT_STOPPED, "station")
            case _:
                pass
        if draft.packml is PackML.COMPLETING:
            draft.packml = PackML.COMPLETE
        elif draft.packml is PackML.COMPLETE:
            reset(draft, self.params)

    def _watch_safety(self, draft: Draft, image: Image) -> None:
        for fault in draft.faults:
            if fault.code in safety.CODES and safety.is_good(image.safety, fault.code):
                draft.clear_fault(fault.code, fault.device)
        if safety.is_seen(image.safety):
            draft.clear_fault(FaultCode.LINK_LOST, "safety")
        entering = draft.packml in {PackML.STARTING, PackML.UNHOLDING} and not draft.enable_asked
        waits = entering or draft.packml not in MOVING
        for code, text in safety.missing(image.safety):
            named = code is FaultCode.SAFETY_CHAIN_OPEN and any(f.code in safety.CODES for f in draft.faults)
            if named or (code is FaultCode.LINK_LOST and waits):
                continue
            draft.raise_fault(code, "safety", text)
            if draft.packml in MOVING:
                draft.hold(text, self._moving(draft), (code, "safety"))
        if draft.packml in {PackML.EXECUTE, PackML.ABORTING} and image.safety.drives_enabled is False:
            draft.raise_fault(*_NOT_ENABLED, "the safety PLC has cut the drives")
            draft.hold("drives not enabled", self._moving(draft), _NOT_ENABLED)

    def _ask_enable(self, draft: Draft, image: Image) -> None:
        """Run-enable is asked on fresh permissives, and the drives are seen enabled before anything starts."""
        if not draft.enable_asked:
            settled = "safety" not in image.unsettled
            if settled and next(safety.missing(image.safety), None) is None:
                if why := orders.begin(draft):
                    draft.hold(why, ())
                    return
                draft.enable_asked = True
                draft.effects.append(Act("", RunEnable(on=True)))
        elif image.safety.drives_enabled:
            self._go(draft)

    def _go(self, draft: Draft) -> None:
        draft.effects.append(Disarm(STATION + ENABLE))
        draft.clear_fault(*_NOT_ENABLED)
        if draft.jog is not None:
            draft.effects.append(manual.drives_run(draft, self.params))
            return
        aborting = draft.swap is not None and draft.swap.failure is FaultCode.OPERATOR_ABORT
        starting = draft.packml is PackML.STARTING
        draft.packml = PackML.ABORTING if aborting else PackML.EXECUTE
        if starting or not (draft.active or aborting):  # held before the first step: the swap is still to begin
            assert draft.swap is not None
            if draft.swap.purpose is Purpose.SERVE:
                draft.effects.append(Reply(draft.swap.order.id, Answer.STARTED))
            for name in FIRST_ROWS[draft.swap.purpose]:
                self.chart.enter(draft, name)
            return
        again, draft.active = draft.active, ()
        for active in again:
            via = self.chart.rows[active.row].resume
            self.chart.enter(draft, via or active.row, resumed=active.resumed and not via)

    def _at_rest(self, draft: Draft) -> None:
        draft.effects.append(Disarm(STATION + _STANDSTILL_S))
        draft.active = modes.waiting(draft.mode, draft.active)
        draft.released = ""
        draft.packml = manual.at_rest(draft, PackML.STOPPED if draft.packml is PackML.STOPPING else PackML.HELD)

    def _time_up(self, draft: Draft, image: Image, timer: str) -> None:
        if timer == manual.TIMER:
            manual.time_up(draft, image, self.params)
            return
        if timer.startswith(standing.WATCH):
            standing.lasted(draft, image, self.params, timer)
            return
        if timer == orders.TIMER:
            orders.drop(draft, "expired before its turn")
            return
        if not timer.startswith(STATION):
            self.chart.time_up(draft, image, timer)
            return
        name = timer.removeprefix(STATION)
        if name == ENABLE and orders.unbegun(draft.before):
            draft.hold("the safety chain was not read", ())
            return
        if name == ENABLE and draft.packml in {PackML.STARTING, PackML.UNHOLDING}:
            draft.raise_fault(*_NOT_ENABLED, "the safety PLC did not enable the drives")
            draft.hold("drives not enabled", (), _NOT_ENABLED)
        elif name == _STANDSTILL_S and draft.packml in _STANDSTILL:
            moving = seen_moving(image)
            if moving:
                draft.raise_fault(FaultCode.MOTION_NOT_STOPPED, "station", f"still moving: {', '.join(moving)}")
            self._at_rest(draft)
        elif name == RESETTING and draft.packml is PackML.RESETTING:
            lacking = unready(image, self.params)
            if lacking:
                draft.effects.append(Told(Action.RESET.value, 0, Answer.FAILED, "; ".join(lacking)))
            else:
                draft.place = StablePlace.S0
            draft.packml = PackML.STOPPED if lacking else PackML.IDLE

    def _start(self, draft: Draft, image: Image, event: OrderIn | TurnIn) -> None:
        """The swap of an order begins with a fresh look at the safety chain."""
        if isinstance(event, OrderIn):
            begins = orders.take(draft, image, event, self.params)
        else:
            begins = orders.turn(draft, image, self.params)
        if begins:
            draft.swaps_started += 1
            draft.packml = PackML.STARTING
            enable(draft, self.params)

    def _trouble(self, draft: Draft, event: Trouble) -> None:
        if event.row and any(a.row == event.row for a in draft.active) and draft.packml in MOVING:
            self.chart.trouble(draft, event.row, event.code, event.device, event.text)
            return
        if event.row == manual.ROW:
            if draft.jog is not None and draft.packml in MOVING:
                manual.fail(draft, event.text)
            return
        draft.raise_fault(event.code, event.device, event.text, event.row if draft.swap is not None else "")
        if event.code not in _GO_ON and draft.packml in MOVING and not standing.is_spare(event.device):
            draft.hold(event.text, self._moving(draft), (event.code, event.device))


def _no_service_without_books(draft: Draft) -> None:
    """Where nothing is kept the station is Held, also where nothing ran, until a new start."""
    if draft.mode is Mode.PRODUCTION and draft.fault_stands(FaultCode.JOURNAL_FAILED):
        resting = draft.packml not in {*MOVING, *_STANDSTILL, PackML.ABORTED}
        draft.packml = PackML.HELD if resting else draft.packml
