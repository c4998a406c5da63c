"""Messages of the contract. Every one has `ts` (ms since 1970, UTC), `id`, `seq` (per topic group) and flat `values`.

Units stand in the keys. Within v1 fields are only added; consumers ignore what they do not know. Commands forbid
unknown keys.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Percent = Annotated[float, Field(ge=0, le=100)]
Text = Annotated[str, Field(max_length=512)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    ts: int = Field(description="milliseconds since 1970-01-01 UTC, by the station's clock")
    id: Name = Field(description="unique: boot id and number")
    seq: int = Field(ge=0, description="grows by one within a topic group and boot; a gap is a loss")


class StatusValues(BaseModel):
    """Is the station there."""

    state: Literal["online", "offline"]
    boot_id: Name
    contract: Literal["v1"] = "v1"


class Status(_Message):
    """Retained; also the last will."""

    values: StatusValues


class InfoValues(BaseModel):
    """What the station is."""

    software: str
    station: str
    site: str
    bays: int
    lock_points: int
    vehicles: str = Field(description="served vehicle types, comma separated")
    config_hash: str
    not_verified_on_hardware: str = Field(description="device models never run on real hardware, comma separated")


class Info(_Message):
    """Retained."""

    values: InfoValues


class StationValues(BaseModel):
    """State of the machine and of its swap."""

    packml: str = Field(description="PackML state name (ISA-TR88.00.02)")
    held_for: str = Field("", description="why a swap is held, also when the fault that held it is gone; else empty")
    mode: str = Field("Production", description="unit mode: Production, Maintenance or Manual")
    place: str = Field(description="stable place S0..S4 of the swap")
    place_text: str
    active_rows: str = Field(description="active rows of the chart, comma separated")
    swap_id: str
    order_id: str
    challenge: str = Field(description="boot id and counter: every command echoes it, and uses it up")
    recovery: str = Field(
        "", description="after a restart in mid-swap: what it has concluded; empty while nothing is open"
    )
    fault_codes: str = Field(description="standing faults CODE/device, comma separated")


class StationState(_Message):
    """Retained."""

    values: StationValues


class BayValues(BaseModel):
    """One bay. Absent values are unknown, never zero."""

    bay: int
    present: bool | None = None
    serial: str | None = None
    soc_pct: Percent | None = None
    soh_pct: Percent | None = None
    temp_max_degc: float | None = None
    voltage_v: float | None = None
    current_a: float | None = Field(None, description="positive = charging")
    power_connector: Literal["home", "mated", "between"] | None = None
    coolant_connector: Literal["home", "mated", "between"] | None = None
    coolant_leak: bool | None = None
    charger_on: bool | None = None
    charger_v: float | None = None
    charger_a: float | None = Field(None, description="positive = charging")
    q: Literal["good", "stale"] = "good"


class BayState(_Message):
    """Retained."""

    values: BayValues


class LiftValues(BaseModel):
    """Swap head."""

    position_mm: float | None = None
    speed_mm_s: float | None = None
    load_kg: float | None = None
    q: Literal["good", "stale"] = "good"


class LiftState(_Message):
    """Retained."""

    values: LiftValues


class LockValues(BaseModel):
    """Lock points in one text each, point 1 first: L locked, F free, T turning, X failed; second channel 1 or 0."""

    states: str | None = None
    proof_locked: str | None = None
    q: Literal["good", "stale"] = "good"


class LockState(_Message):
    """Retained."""

    values: LockValues


class LaneValues(BaseModel):
    """Car against its place, hoist under it, pack code at the buffer, and what the driver is shown."""

    offset_x_mm: float | None = Field(None, description="too far forward")
    offset_y_mm: float | None = Field(None, description="too far left")
    offset_yaw_deg: float | None = Field(None, description="turned left")
    seat_clear: bool | None = None
    hoist_mm: float | None = Field(None, description="lowest column above the floor")
    hoist_step_mm: float | None = Field(None, description="highest column above the lowest")
    catch_engaged: bool | None = None
    buffer_code: str | None = None
    lamp: str | None = None
    text: str | None = None
    q: Literal["good", "stale"] = "good"


class LaneState(_Message):
    """Retained."""

    values: LaneValues


class FireValues(BaseModel):
    """Fire panel. `smoke` and `gas` name the zones that have it, comma separated; empty = none."""

    smoke: str | None = None
    gas: str | None = None
    panel_ok: bool | None = None
    extraction_on: bool | None = None
    q: Literal["good", "stale"] = "good"


class FireState(_Message):
    """Retained."""

    values: FireValues


class PowerValues(BaseModel):
    """Grid, emergency supply and insulation of the DC side."""

    grid_w: float | None = Field(None, description="positive = drawn from the grid")
    import_kwh: float | None = None
    on_mains: bool | None = None
    ups_charge_pct: Percent | None = None
    insulation_ohm: float | None = None
    insulation_state: str | None = None
    q: Literal["good", "stale"] = "good"


class PowerState(_Message):
    """Retained."""

    values: PowerValues


class StepValues(BaseModel):
    """A row of the chart started, ended or failed."""

    swap_id: str
    row: str
    step: int = Field(ge=0, le=19)
    title: str
    phase: Literal["started", "done", "failed", "retry"]
    at_s: float = Field(description="seconds since the swap began")
    nominal_s: float | None = None
    code: str = ""
    text: Text = ""


class StepEvent(_Message):
    """QoS 1, within 0.5 s of what it tells."""

    values: StepValues


ClockSource = Annotated[
    Literal["ntp", "gps", "none"],
    Field(description="who set the clock that stamped this; none: its time may be anything"),
]


class SwapValues(BaseModel):
    """A swap began or ended."""

    swap_id: str
    order_id: str
    phase: Literal["started", "ended"]
    outcome: Literal["open", "completed", "aborted"]
    reason: str = ""
    serial_installed: str | None = None
    serial_returned: str | None = None
    duration_s: float | None = None
    clock_source: ClockSource = "none"


class SwapEvent(_Message):
    """QoS 1."""

    values: SwapValues


class LockPoint(BaseModel):
    """Evidence of one lock point at the end of a stage. N·m and degrees, tightening positive; a latch has neither."""

    point: int
    state: str
    torque_nm: float | None
    angle_deg: float | None
    proof_locked: bool


class LockStage(BaseModel):
    """One stage of unlock, lock or proof."""

    stage: Literal["unlock", "lock", "proof"]
    row: str
    proven: bool
    install: Literal["new", "old"]
    car_latched: bool | None = None
    lift_load_kg: float | None = None
    points: list[LockPoint]


class RecordStep(BaseModel):
    """One row as it went."""

    row: str
    step: int
    title: str
    start_s: float
    end_s: float | None = None
    result: Literal["done", "failed", "left"]
    code: str = ""
    text: str = ""


class RecordPack(BaseModel):
    """A pack at hand-over. Every absent value is unknown."""

    role: Literal["returned", "installed", "rejected"]
    source: str
    serial: str | None = None
    soc_pct: float | None = None
    soh_pct: float | None = None
    voltage_v: float | None = None
    current_a: float | None = None
    cell_max_v: float | None = None
    cell_min_v: float | None = None
    temp_max_degc: float | None = None
    temp_min_degc: float | None = None
    contactors_open: bool | None = None
    hvil_closed: bool | None = None
    fault_bits: int | None = None


class RecordValues(BaseModel):
    """The record in short."""

    swap_id: str
    order_id: str
    outcome: Literal["completed", "aborted"]
    reason: str = ""
    lock_proven: bool
    serial_installed: str | None = None
    serial_returned: str | None = None
    duration_s: float
    software: str
    config_hash: str
    clock_source: ClockSource = "none"


class RecordEvent(_Message):
    """One per swap attempt, also the failed ones."""

    values: RecordValues
    steps: list[RecordStep]
    locks: list[LockStage]
    packs: list[RecordPack]
    faults: list[str] = Field(description="CODE/device in the order of their raising")


class AlarmValues(BaseModel):
    """One standing fault."""

    code: str
    device: str
    severity: Literal["info", "degraded", "stop", "emergency"]
    text: Text
    remedy: Text = Field(description="what a person should do")
    since_ts: int = Field(description="when it was raised, ms since 1970 UTC")
    since_mono_s: float | None = Field(None, description="the same on the monotonic clock of this boot id, s")
    times: int = Field(1, ge=1, description="how often it was raised under this boot id")


class Alarm(_Message):
    """Retained until cleared; clearing is an empty retained message."""

    values: AlarmValues


class SimulatorValues(BaseModel):
    """The devices behind this station are emulated."""

    simulator: Literal[True] = True
    station: str
    speed: float


class SimulatorNotice(_Message):
    """Retained, published by the simulator on a topic of its own."""

    values: SimulatorValues
