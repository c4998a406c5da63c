"""The station's voice in the words of the contract: status, state, steps, alarms, records; and orders coming in."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from firmware_py.core import fault_table as table
from firmware_py.core.effects import Note
from firmware_py.core.faults import Fault
from firmware_py.core.image import Image
from firmware_py.core.packml import PLACE_TEXT
from firmware_py.core.restart import concluded
from firmware_py.core.state import State
from firmware_py.shell.answers import ORDER, Said
from firmware_py.shell.challenge import Challenge
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.device_states import device_states
from firmware_py.shell.fault_book import Since
from firmware_py.shell.record import SwapRecord
from firmware_py.shell.uplink import Uplink
from hal.config.bundle import Station
from hal.contract import CommandReply, OrderReply, ReservationEvent, Topics, messages
from hal.ports import Message


def will_of(topics: Topics, boot_id: str, ts: int) -> Message:
    """The last will: the station is offline."""
    body = {
        "ts": ts,
        "id": f"{boot_id}-will",
        "seq": 0,
        "values": {"state": "offline", "boot_id": boot_id, "contract": "v1"},
    }
    return Message(topics.status, json.dumps(body).encode(), retain=True)


class Cloud:
    """Builds messages and hands them to the uplink. `now_ms` is the wall clock for stamps."""

    def __init__(
        self,
        station: Station,
        uplink: Uplink,
        boot_id: str,
        now_ms: Callable[[], int],
        software: str,
        nominal_s: Mapping[str, float],
    ) -> None:
        info = station.config.station
        self.topics = Topics(info.site, info.name)
        self._station = station
        self._uplink = uplink
        self._boot_id = boot_id
        self.challenge = Challenge(boot_id)
        self._now_ms = now_ms
        self._software = software
        self._nominal_s = nominal_s
        self._count = 0
        self._seq: dict[str, int] = {}
        self._since: dict[tuple[str, str], int] = {}
        self._last: dict[str, Any] = {}
        self._told: Image | None = None

    def hello(self) -> None:
        """Say what the station is, and that it is there."""
        c = self._station.config
        unproven = sorted(
            {u.device.device.model for u in self._station.units.values() if not u.device.device.verified_on_hardware}
        )
        self._retain(
            self.topics.info,
            messages.Info,
            {
                "software": self._software,
                "station": c.station.name,
                "site": c.station.site,
                "bays": c.station.bays,
                "lock_points": c.station.lock_points,
                "vehicles": ",".join(c.station.vehicles),
                "config_hash": self._station.hash,
                "not_verified_on_hardware": ",".join(unproven),
            },
        )
        self._retain(self.topics.status, messages.Status, {"state": "online", "boot_id": self._boot_id})

    def goodbye(self) -> None:
        """Say that the station goes."""
        self._retain(self.topics.status, messages.Status, {"state": "offline", "boot_id": self._boot_id})

    def state(self, state: State) -> None:
        """State of machine and swap, when it changed."""
        values = {
            "packml": state.packml.value,
            "held_for": state.held_for,
            "mode": state.mode.value,
            "place": state.place.value,
            "place_text": PLACE_TEXT[state.place],
            "active_rows": ",".join(a.row for a in state.active),
            "swap_id": state.swap.id if state.swap else "",
            "order_id": state.swap.order.id if state.swap else "",
            "challenge": self.challenge.current,
            "recovery": _recovery(state),
            "fault_codes": ",".join(f"{f.code.value}/{f.device}" for f in state.faults),
        }
        self._retain_if_new(self.topics.station, messages.StationState, values)

    def devices(self, image: Image) -> None:
        """Every device, each when it changed. Called at a bounded rate."""
        if image is self._told:
            return
        self._told = image
        for topic, model, values in device_states(image, self.topics, self._station.config.process.fire.zones):
            self._retain_if_new(topic, model, values)

    def step(self, note: Note, body: Mapping[str, Any], record: SwapRecord, now: float) -> None:
        """A row started, ended, failed or is tried again."""
        phase = {Note.STEP_STARTED: "started", Note.STEP_DONE: "done", Note.STEP_FAILED: "failed", Note.RETRY: "retry"}[
            note
        ]
        self._event(
            self.topics.step,
            messages.StepEvent,
            {
                "swap_id": record.swap_id,
                "row": body["row"],
                "step": body.get("step", 0),
                "title": body.get("title", ""),
                "phase": phase,
                "at_s": record.at_s(now),
                "nominal_s": self._nominal_s.get(str(body.get("step"))),
                "code": body.get("code", ""),
                "text": str(body.get("text", ""))[:512],
            },
        )

    def swap_started(self, record: SwapRecord, source: ClockSource) -> None:
        """A swap began."""
        self._event(
            self.topics.swap,
            messages.SwapEvent,
            {
                "swap_id": record.swap_id,
                "order_id": record.order_id,
                "phase": "started",
                "outcome": "open",
                "clock_source": source.value,
            },
        )

    def swap_ended(self, record: SwapRecord, values: messages.RecordValues) -> None:
        """A swap ended: the short event, then the whole record."""
        self._event(
            self.topics.swap,
            messages.SwapEvent,
            {
                "swap_id": record.swap_id,
                "order_id": record.order_id,
                "phase": "ended",
                "outcome": values.outcome,
                "reason": values.reason,
                "serial_installed": values.serial_installed,
                "serial_returned": values.serial_returned,
                "duration_s": record.duration_s,
                "clock_source": values.clock_source,
            },
        )
        self._event(
            self.topics.record,
            messages.RecordEvent,
            values,
            steps=record.steps,
            locks=record.locks,
            packs=record.packs,
            faults=record.faults,
        )

    def alarm(self, fault: Fault, since: Since) -> None:
        """A fault stands."""
        row = table.FAULTS[fault.code]
        self._retain(
            self.topics.alarm(fault.code.value, fault.device),
            messages.Alarm,
            {
                "code": fault.code.value,
                "device": fault.device,
                "severity": row.severity.value,
                "text": fault.text[:512],
                "remedy": row.remedy,
                "since_ts": since.wall_ms,
                "since_mono_s": round(since.mono_s, 3),
                "times": since.times,
            },
        )

    def alarm_gone(self, fault: Fault) -> None:
        """A fault is cleared."""
        self._uplink.retain(self.topics.alarm(fault.code.value, fault.device), b"")

    def reservation(self, values: Mapping[str, Any]) -> None:
        """A reservation has changed."""
        self._event(self.topics.reservation, ReservationEvent, values)

    def reply(self, said: Said, sent: Callable[[], None]) -> None:
        """Answer to a command. `sent` is called when the broker has it."""
        values = {"answer": said.answer.value, "reason": said.reason[:512], **said.more}
        if said.command == ORDER:
            self._event(self.topics.order_reply, OrderReply, {"order_id": said.id, **values}, sent)
        else:
            named = {"command": said.command, "command_id": said.id}
            self._event(self.topics.reply(said.command), CommandReply, {**named, **values}, sent)

    def _retain_if_new(self, topic: str, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        if self._last.get(topic) != values:
            self._last[topic] = values
            self._retain(topic, model, values)

    def _retain(self, topic: str, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        self._uplink.retain(topic, self._message(topic, model, values))

    def _event(
        self,
        topic: str,
        model: type[BaseModel],
        values: Mapping[str, Any] | BaseModel,
        sent: Callable[[], None] | None = None,
        **more: Any,
    ) -> None:
        self._uplink.event(topic, self._message(topic, model, values, **more), sent)

    def _message(self, topic: str, model: type[BaseModel], values: Mapping[str, Any] | BaseModel, **more: Any) -> bytes:
        self._count += 1
        seq = self._seq[topic] = self._seq.get(topic, -1) + 1
        body = {"ts": self._now_ms(), "id": f"{self._boot_id}-{self._count}", "seq": seq, "values": values, **more}
        return model.model_validate(body).model_dump_json().encode()


def _recovery(state: State) -> str:
    found = concluded(state)
    if found is None:
        return "everything is being read twice"
    return f"{found.outcome.value}: {found.text}"[:512] if found.text else ""
