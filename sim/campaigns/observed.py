"""What anybody can hear of a station: the messages of the contract, gathered while a scenario runs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hal.contract import OrderReply, Topics
from hal.contract.messages import (
    Alarm,
    AlarmValues,
    RecordEvent,
    StationState,
    Status,
    StepEvent,
    StepValues,
)
from hal.ports import Message

FINAL = ("completed", "failed", "refused")


@dataclass
class Observed:
    """Everything that was said. `seen` counts what a scenario's acts may wait for."""

    topics: Topics
    clock: Callable[[], float]
    online: bool = False
    packml: str = ""
    place: str = ""
    held_for: str = ""
    """Why the station is held, by its own words."""
    states: list[tuple[float, str]] = field(default_factory=list)
    faults: dict[str, None] = field(default_factory=dict)
    alarms: dict[str, AlarmValues] = field(default_factory=dict)
    """The last words of each alarm, standing or not."""
    raised_s: dict[str, list[float]] = field(default_factory=dict)
    steps: list[tuple[float, StepValues]] = field(default_factory=list)
    answers: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    records: dict[str, RecordEvent] = field(default_factory=dict)
    seen: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _standing: dict[str, str] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        """One message of the station."""
        topic, payload = message.topic, message.payload
        if topic == self.topics.station:
            self._state(StationState.model_validate_json(payload))
        elif topic == self.topics.step:
            step = StepEvent.model_validate_json(payload).values
            self.steps.append((self.clock(), step))
            self.seen["step", step.row, step.phase] += 1
        elif topic == self.topics.order_reply:
            reply = OrderReply.model_validate_json(payload).values
            self.answers.setdefault(reply.order_id, []).append((reply.answer, reply.reason))
        elif topic == self.topics.record:
            record = RecordEvent.model_validate_json(payload)
            self.records[record.values.order_id] = record
            for name in record.faults:
                self.faults.setdefault(name)
        elif topic == self.topics.status:
            self.online = Status.model_validate_json(payload).values.state == "online"
        elif topic.startswith(f"{self.topics.root}/alarm/"):
            self._alarm(topic, payload)

    def _state(self, message: StationState) -> None:
        values = message.values
        self.place, self.held_for = values.place, values.held_for
        if values.packml != self.packml:
            self.packml = values.packml
            self.states.append((self.clock(), values.packml))
            self.seen["state", values.packml] += 1

    def _alarm(self, topic: str, payload: bytes) -> None:
        if not payload:
            self._standing.pop(topic, None)
            return
        alarm = Alarm.model_validate_json(payload).values
        name = f"{alarm.code}/{alarm.device}"
        self.faults.setdefault(name)
        self.alarms[name] = alarm
        if topic not in self._standing:
            self._standing[topic] = name
            self.raised_s.setdefault(name, []).append(self.clock())
            self.seen["fault", name] += 1

    @property
    def standing(self) -> set[str]:
        """Faults that stand now, CODE/device."""
        return set(self._standing.values())

    def final(self, order_id: str) -> tuple[str, str] | None:
        """The last word on an order: (answer, reason), `None` while there is none."""
        return next((a for a in self.answers.get(order_id, []) if a[0] in FINAL), None)

    def began(self, order_id: str) -> bool:
        """A swap was begun for this order: there is a record of it, or there will be."""
        started = any(answer == "started" for answer, _ in self.answers.get(order_id, []))
        return started or order_id in self.records

    @property
    def rows(self) -> Counter[str]:
        """How often each row was begun: by the step events, or by the records where events were lost."""
        told = Counter(step.row for _, step in self.steps if step.phase == "started")
        kept = Counter(step.row for record in self.records.values() for step in record.steps)
        return told | kept
