"""The screen's model: fed with messages of the contract and of the simulator's notice, and with nothing else."""

from typing import Final

from pydantic import BaseModel, ValidationError

from firmware_py.screen.track import Run, is_beside, step_views
from firmware_py.screen.view import BayView, FaultView, LiftView, LockView, Mark, OrderView, RowView, Tool, View
from hal.contract import (
    Alarm,
    BayState,
    Info,
    LiftState,
    LockState,
    OrderReply,
    RecordEvent,
    SimulatorNotice,
    StationState,
    Status,
    StepEvent,
    Topics,
)
from hal.contract.messages import BayValues, LockValues, StepValues

TAIL: Final = 4
ENDED_SHOWN: Final = 10
_CODE_LENGTH: Final = 24
_RELEASED: Final = "S4"
_BAYS: Final = "state/bay/"
_ALARMS: Final = "alarm/"


class ScreenModel:
    """Feed it messages, ask it for a view. Pure: the caller brings the time."""

    def __init__(self, site: str, station: str) -> None:
        self.topics = Topics(site, station)
        self.unreadable = 0
        """Messages that are none of the contract."""
        self._site = site
        self._station = station
        self._info: Info | None = None
        self._status: Status | None = None
        self._state: StationState | None = None
        self._lift: LiftState | None = None
        self._locks: LockState | None = None
        self._bays: dict[int, BayState] = {}
        self._alarms: dict[str, Alarm] = {}
        self._order: OrderView | None = None
        self._notice: SimulatorNotice | None = None
        self._new_swap("")
        self._takers = {
            self.topics.info: self._take_info,
            self.topics.status: self._take_status,
            self.topics.station: self._take_state,
            self.topics.lift: self._take_lift,
            self.topics.locks: self._take_locks,
            self.topics.step: self._take_step,
            self.topics.order_reply: self._take_reply,
            self.topics.record: self._take_record,
            self.topics.simulator: self._take_notice,
        }

    def feed(self, topic: str, payload: bytes) -> BaseModel | None:
        """Take one message. Gives it back as read; `None` where it tells the screen nothing."""
        try:
            if topic in self._takers:
                return self._takers[topic](payload)
            part = topic.removeprefix(f"{self.topics.root}/")
            if part.startswith(_BAYS):
                bay = BayState.model_validate_json(payload)
                self._bays[bay.values.bay] = bay
                return bay
            if part.startswith(_ALARMS):
                return self._take_alarm(topic, payload)
        except ValidationError:
            self.unreadable += 1
        return None

    def view(self, now_ms: int) -> View:
        """The screen at `now_ms`, on the clock that stamps the messages (ms since 1970 UTC)."""
        state = self._state.values if self._state else None
        lift = self._lift.values if self._lift else None
        now_s = (now_ms - self._began_ms) / 1000
        return View(
            station=self._station,
            site=self._site,
            online=None if self._status is None else self._status.values.state == "online",
            packml=state.packml if state else "",
            held_for=state.held_for if state else "",
            mode=state.mode if state else "",
            place=state.place if state else "",
            place_text=state.place_text if state else "",
            clock_s=self._clock_s(now_s),
            steps=step_views(self._runs, self._nominal_s, now_s, self.speed, self._released_s),
            active=tuple(self._row(run, now_s) for run in self._runs if run.end_s is None),
            ended=self._ended(now_s),
            locks=_lock_views(self._locks.values if self._locks else LockValues(), self._points),
            lift=LiftView(lift.position_mm, lift.speed_mm_s, lift.load_kg) if lift else LiftView(),
            bays=tuple(self._bay(number) for number in range(1, self._bay_count + 1)),
            faults=tuple(
                FaultView(
                    a.values.code,
                    a.values.device,
                    a.values.severity,
                    a.values.text,
                    a.values.remedy,
                    max(0.0, (now_ms - a.values.since_ts) / 1000),
                )
                for a in self._alarms.values()
            ),
            order=self._order,
            record=self._record,
            simulated_speed=self._notice.values.speed if self._notice else None,
        )

    @property
    def challenge(self) -> str:
        """What a command has to echo; empty before the station has told it."""
        return self._state.values.challenge if self._state else ""

    @property
    def speed(self) -> float:
        """Seconds of the plant per second of the clock."""
        return self._notice.values.speed if self._notice else 1.0

    @property
    def nominal_s(self) -> dict[int, float]:
        """Nominal seconds of the steps that were told so far."""
        return dict(self._nominal_s)

    def _new_swap(self, swap_id: str) -> None:
        self._swap_id = swap_id
        self._runs: list[Run] = []
        self._nominal_s: dict[int, float] = {}
        self._began_ms = 0.0
        self._released_s: float | None = None
        self._record: RecordEvent | None = None

    def _clock_s(self, now_s: float) -> float | None:
        admitted = [run.start_s for run in self._runs if run.step == 1]
        if not admitted:
            return None
        if self._record is not None and self._record.values.duration_s > 0:
            return round(self._record.values.duration_s * self.speed, 3)
        return round(((self._released_s or now_s) - admitted[0]) * self.speed, 3)

    def _row(self, run: Run, now_s: float) -> RowView:
        took_s = max(0.0, (now_s if run.end_s is None else run.end_s) - run.start_s) * self.speed
        ended = Mark.FAILED if run.failed else Mark.DONE
        mark = Mark.ACTIVE if run.end_s is None else ended
        return RowView(run.row, run.step, run.title, took_s, is_beside(run, self._released_s), mark)

    def _ended(self, now_s: float) -> tuple[RowView, ...]:
        last = sorted((run.end_s, i) for i, run in enumerate(self._runs) if run.end_s is not None)[-ENDED_SHOWN:]
        return tuple(self._row(self._runs[i], now_s) for _, i in reversed(last))

    @property
    def _points(self) -> int:
        return self._info.values.lock_points if self._info else 0

    @property
    def _bay_count(self) -> int:
        return max(self._info.values.bays if self._info else 0, *self._bays, 0)

    def _bay(self, number: int) -> BayView:
        found = self._bays.get(number)
        return _bay_view(found.values) if found else BayView(number)

    def _take_info(self, payload: bytes) -> Info:
        self._info = Info.model_validate_json(payload)
        return self._info

    def _take_status(self, payload: bytes) -> Status:
        self._status = Status.model_validate_json(payload)
        return self._status

    def _take_state(self, payload: bytes) -> StationState:
        self._state = StationState.model_validate_json(payload)
        values = self._state.values
        if values.place == _RELEASED and values.swap_id == self._swap_id and self._released_s is None:
            self._released_s = (self._state.ts - self._began_ms) / 1000
        return self._state

    def _take_lift(self, payload: bytes) -> LiftState:
        self._lift = LiftState.model_validate_json(payload)
        return self._lift

    def _take_locks(self, payload: bytes) -> LockState:
        self._locks = LockState.model_validate_json(payload)
        return self._locks

    def _take_step(self, payload: bytes) -> StepEvent:
        event = StepEvent.model_validate_json(payload)
        values = event.values
        if values.swap_id != self._swap_id:
            self._new_swap(values.swap_id)
            self._began_ms = event.ts - values.at_s * 1000
        if values.nominal_s is not None:
            self._nominal_s[values.step] = values.nominal_s
        if values.phase == "started":
            self._runs.append(Run(values.row, values.step, values.title, values.at_s))
        elif values.phase in {"done", "failed"}:
            self._end_run(values)
        return event

    def _end_run(self, values: StepValues) -> None:
        for i in range(len(self._runs) - 1, -1, -1):
            run = self._runs[i]
            if run.row == values.row and run.end_s is None:
                failed = values.phase == "failed"
                self._runs[i] = Run(run.row, run.step, run.title, run.start_s, values.at_s, failed)
                return

    def _take_reply(self, payload: bytes) -> OrderReply:
        reply = OrderReply.model_validate_json(payload)
        self._order = OrderView(reply.values.order_id, reply.values.answer, reply.values.reason)
        return reply

    def _take_record(self, payload: bytes) -> RecordEvent:
        self._record = RecordEvent.model_validate_json(payload)
        return self._record

    def _take_notice(self, payload: bytes) -> SimulatorNotice:
        self._notice = SimulatorNotice.model_validate_json(payload)
        return self._notice

    def _take_alarm(self, topic: str, payload: bytes) -> Alarm | None:
        if not payload:
            self._alarms.pop(topic, None)
            return None
        self._alarms[topic] = Alarm.model_validate_json(payload)
        return self._alarms[topic]


def _lock_views(values: LockValues, points: int) -> tuple[LockView, ...]:
    tools, proofs = values.states or "", values.proof_locked or ""
    return tuple(
        LockView(
            point + 1,
            Tool(tools[point]) if point < len(tools) else Tool.UNKNOWN,
            proofs[point] == "1" if point < len(proofs) else None,
        )
        for point in range(max(points, len(tools), len(proofs)))
    )


def _bay_view(values: BayValues) -> BayView:
    serial = values.serial
    code = serial[5:7] if serial is not None and len(serial) == _CODE_LENGTH else None
    return BayView(values.bay, values.present, serial[-TAIL:] if serial else None, values.soc_pct, code)
