"""Process data of a station: heights, places, speeds, windows, limits. The chart knows no numbers."""

from typing import Annotated, Literal

from pydantic import Field

from hal.config.base import Int, NotNegative, Num, Positive, Strict, Text


class LiftSpeeds(Strict):
    """Speed of each lift move in mm/s; the number is the step of the swap."""

    dock: Positive
    support: Positive
    lower_old: Positive
    raise_new: Positive
    relax: Positive
    home: Positive
    back_out: Positive


class LiftProcess(Strict):
    """Heights of the lift head in mm above home.

    `overrun_mm`: how far beyond `min_mm` and `max_mm` a reading of it is believed, as an axis overshoots its end.
    """

    home_mm: Num
    transfer_mm: Num
    dock_mm: Num
    support_mm: Num
    min_mm: Num
    max_mm: Num
    overrun_mm: Positive
    tolerance_mm: Positive
    hang_margin_mm: Positive
    shutter_clear_mm: Positive
    max_speed_mm_s: Positive
    speeds_mm_s: LiftSpeeds


class RailProcess(Strict):
    """Places of the shuttle slots on the rail in mm, speeds in mm/s."""

    buffer_mm: Num
    under_mm: Num
    store_mm: Num
    tolerance_mm: Positive
    max_speed_mm_s: Positive
    out_speed_mm_s: Positive
    in_speed_mm_s: Positive
    gap_min_mm: Positive


class MachineProcess(Strict):
    """Waits of the station as a whole, in s: for a step's guards, for the drives to be enabled, for a reset.

    `standstill_s`: a mover that cannot tell that it stands is taken as stopped after it: brake on, run-enable off.
    """

    guard_wait_s: Positive
    enable_s: Positive
    reset_s: Positive
    standstill_s: Positive


class StackerProcess(Strict):
    """Stacker tolerances and reach in mm."""

    min_mm: Num
    max_mm: Num
    tolerance_mm: Positive


class LoadProcess(Strict):
    """Windows of the lift's load cell in kg. A carried pack weighs its type's mass ± `tolerance_kg`."""

    empty_max_kg: NotNegative
    touch_max_kg: Positive
    tolerance_kg: Positive


class BoltProcess(Strict):
    """Bolts: tightening windows of one lock point, N·m and degrees from free, both tightening positive."""

    technology: Literal["bolt"]
    torque_target_nm: Positive
    torque_min_nm: Positive
    torque_max_nm: Positive
    angle_target_deg: Positive
    angle_min_deg: Positive
    angle_max_deg: Positive


class LatchProcess(Strict):
    """Latches: position switches are the evidence, there is nothing to tighten."""

    technology: Literal["latch"]


LockProcess = BoltProcess | LatchProcess
LOCK_MODELS: dict[str, type[LockProcess]] = {"bolt": BoltProcess, "latch": LatchProcess}


class CarProcess(Strict):
    """What the car must show. Times in s, voltage in V."""

    settle_s: NotNegative
    verify_s: NotNegative
    dc_link_max_v: Positive
    request_every_s: Positive


class Eligibility(Strict):
    """Hard filters of the pack to hand out: %, °C, V, s."""

    soc_min_pct: NotNegative
    soh_min_pct: NotNegative
    temp_min_degc: Num
    temp_max_degc: Num
    cell_spread_max_v: Positive


class RackProcess(Strict):
    """A bay's contacts part only below these values at its charger's output: V, A. Time limit of one travel in s."""

    retract_max_v: Positive
    retract_max_a: Positive
    move_limit_s: Positive


class VisionProcess(Strict):
    """How far from its ideal place a car may stand to be centred: mm and degrees, to either side."""

    capture_x_mm: Positive
    capture_y_mm: Positive
    capture_yaw_deg: Positive


class HoistProcess(Strict):
    """How far the highest column may be above the lowest, in mm: more is out of step."""

    columns_step_max_mm: Positive


class IsolationProcess(Strict):
    """A pack as hot as this goes into isolation. °C."""

    hot_degc: Num


class InsulationProcess(Strict):
    """Least resistance between the DC side and earth, in ohm, at which a pack may be energised."""

    min_ohm: Positive


class FireProcess(Strict):
    """Names of the fire panel's zones, in its order. `extraction_s`: by then an ordered fan is seen to run."""

    zones: Annotated[tuple[Text, ...], Field(min_length=1)]
    extraction_s: Positive


class SafetyProcess(Strict):
    """Dead-man of the safety PLC and the heartbeat that feeds it, in s.

    `stop_path_s`: longest time from the decision to stop until a stop frame, or run-enable behind it, is out, with a
    request under way that runs into its time-out.
    """

    dead_man_s: Positive
    heartbeat_s: Positive
    stop_path_s: Annotated[Num, Field(gt=0, le=0.5)] = 0.5


class ProgressProcess(Strict):
    """What counts as progress, in s: a task over its limit stops the heartbeat, and so the drives.

    `poll_s`: a round over one link, time-outs of all its units included. `decide_s`: between two decisions while
    drives are enabled. `journal_s`: one commit. `stop_s`: one stop on its way to its device, its line's time-outs
    included.
    """

    poll_s: Positive
    decide_s: Positive
    journal_s: Positive
    stop_s: Positive


class JournalProcess(Strict):
    """The journal and its disk.

    `start_s`: longest time until it is open, and then until it has told what was before; after that the station starts
    without it, Held. `commit_s`: a commit that is pending for longer holds the station. `ballast_mib`: a reserve that
    is given up when the disk is full, so that this much can still be kept. `floor_mib`: below so much free space no
    new swap begins. Rows older than `keep_days` are removed once they are not needed any more, but never of the newest
    `keep_rows`: a clock may be wrong. Beyond `most_mib` the oldest rows go whatever their age.
    """

    start_s: Positive
    commit_s: Positive
    ballast_mib: Positive
    floor_mib: Positive
    keep_days: Positive
    keep_rows: Annotated[Int, Field(ge=1000)]
    most_mib: Positive


class ManualProcess(Strict):
    """Modes Maintenance and Manual: reduced speeds in mm/s, longest single move in mm, longest time of one move in s.

    One call of a person moves an axis by at most `max_step_mm`; `limit_s` holds for actuators and lock points too.
    """

    lift_mm_s: Positive
    slot_mm_s: Positive
    max_step_mm: Positive
    limit_s: Positive


class LeavingProcess(Strict):
    """How long the way out may take, in s. The safety PLC stops the drives without it, a little later.

    `stops_s`: all stops of an ordered end, until standstill is seen. `last_stop_s`: each stop of a controller that
    falls. `goodbye_s`: the last messages to the cloud.
    """

    stops_s: Positive
    last_stop_s: Positive
    goodbye_s: Positive


class Process(Strict):
    """All process data."""

    lift: LiftProcess
    machine: MachineProcess
    rail: RailProcess
    stacker: StackerProcess
    load: LoadProcess
    locks: LockProcess
    car: CarProcess
    eligibility: Eligibility
    rack: RackProcess
    vision: VisionProcess
    hoist: HoistProcess
    isolation: IsolationProcess
    insulation: InsulationProcess
    fire: FireProcess
    safety: SafetyProcess
    progress: ProgressProcess
    journal: JournalProcess
    leaving: LeavingProcess
    manual: ManualProcess


class ActuatorTimes(Strict):
    """Travel time of a two-position actuator in s: to the working position and home again."""

    out_s: Positive
    home_s: Positive


class PlantActuators(Strict):
    """Travel times of the platform's actuators."""

    rods: ActuatorTimes
    pins: ActuatorTimes
    pin_lift: ActuatorTimes
    shutter: ActuatorTimes
    lane_gate: ActuatorTimes


class PlantConnectors(Strict):
    """Travel times of the two connectors of a bay."""

    power: ActuatorTimes
    coolant: ActuatorTimes


class PlantHouse(Strict):
    """Around the swap: mm that the hoist raises a car, W that the station draws without chargers, s on its battery."""

    hoist_rise_mm: Positive
    base_load_w: NotNegative
    ups_runtime_s: Positive


class PlantStacker(Strict):
    """Stacker mechanics: mm/s, mm/s², mm, s for one fork stroke out or home."""

    speed_mm_s: Positive
    accel_mm_s2: Positive
    fork_reach_mm: Positive
    fork_stroke_s: Positive


class PlantLocks(Strict):
    """Time to lock and to free all points together, in s: run-down of the bolts, or stroke of the latches."""

    lock_s: Positive
    unlock_s: Positive


class PlantCar(Strict):
    """What the driver and the car need, in s."""

    drive_in_s: Positive
    settle_s: Positive
    handshake_s: Positive
    self_check_s: Positive
    drive_out_s: Positive


class Plant(Strict):
    """Mechanics of this station as commissioned: for limits computed from distance, and for a model of the plant."""

    lift_accel_mm_s2: Positive
    slot_accel_mm_s2: Positive
    slot_length_mm: Positive
    seat_mm: Num
    actuators: PlantActuators
    connectors: PlantConnectors
    house: PlantHouse
    stacker: PlantStacker
    locks: PlantLocks
    car: PlantCar
