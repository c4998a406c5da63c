"""IAI ROBO Cylinder and Altivar 320 behind the production codec: commands act, are read back, faults show."""

import asyncio

import pytest

from hal.codecs.registers import Write
from hal.commands import Slot
from hal.errors import DeviceSilent
from hal.ports import Table
from sim.emulators.altivar import LOST_MASTER, AltivarEmulator
from sim.emulators.cia402 import Drive402, Machine402
from sim.emulators.iai import IaiEmulator
from tests.devices.product_bench import Bench, Wiring, play

IAI = "axis/iai-robo-cylinder"
DRIVE = "axis/altivar-320"
LEADSHINE = "axis/leadshine-cs2rs"


def test_an_iai_axis_turns_its_servo_on_moves_and_tells_pend() -> None:
    async def story(b: Bench) -> None:
        assert (await b.look())["enabled"] is False
        await b.do("move", position_mm=100.0, speed_mm_s=50.0)
        seen = await b.look()
        assert (seen["enabled"], seen["moving"], seen["in_position"]) == (True, True, False)
        await b.until(in_position=True)
        seen = await b.look()
        assert seen["position_mm"] == pytest.approx(100.0)
        assert b.world.lift.mm == pytest.approx(100.0)

    play(story, IAI, "lift")


def test_an_iai_move_without_servo_is_refused_without_a_word() -> None:
    async def story(b: Bench) -> None:
        start = b.unit.codec.plan("move", {"position_mm": 100.0, "speed_mm_s": 50.0})[-1]
        assert isinstance(start, Write)
        await b.link.write(1, start.table, start.address, start.values, multiple=True, timeout_s=0.1)
        await b.pass_time(1.0)
        assert b.world.lift.mm == 0.0

    play(story, IAI, "lift")


def test_one_word_of_the_move_block_changes_a_move() -> None:
    async def story(b: Bench) -> None:
        await b.do("move", position_mm=500.0, speed_mm_s=50.0)
        await b.pass_time(2.0)
        slow = b.world.lift.mm
        await b.link.write(1, Table.HOLDING, 0x9904, (0, 10000), multiple=True, timeout_s=0.1)  # 100 mm/s
        await b.pass_time(2.0)
        assert b.world.lift.mm - slow == pytest.approx(200.0, abs=15.0)

    play(story, IAI, "lift")


def test_an_iai_stop_brakes_at_once() -> None:
    async def story(b: Bench) -> None:
        await b.do("move", position_mm=500.0, speed_mm_s=50.0)
        await b.pass_time(1.0)
        await b.do("stop")
        await b.until(moving=False)
        assert b.world.lift.mm < 80.0

    play(story, IAI, "lift")


def test_an_iai_axis_without_home_is_not_moved_until_it_was_homed() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, IaiEmulator)
        b.emulator.homed = False
        with pytest.raises(DeviceSilent, match="homed"):
            await b.do("move", position_mm=10.0, speed_mm_s=50.0)
        await b.do("home")
        await b.until(homed=True)
        await b.do("move", position_mm=10.0, speed_mm_s=50.0)
        await b.until(in_position=True)
        assert b.world.lift.mm == pytest.approx(10.0)

    play(story, IAI, "lift")


def test_a_home_coil_that_was_left_high_counts_again_because_the_verb_takes_it_back_first() -> None:
    async def story(b: Bench) -> None:
        assert isinstance(b.emulator, IaiEmulator)
        await b.do("home")
        await b.until(homed=True)
        b.emulator.homed = False
        await b.do("home")
        await b.until(homed=True)

    play(story, IAI, "lift")


def test_an_iai_alarm_shows_its_code_and_an_edge_resets_it() -> None:
    async def story(b: Bench) -> None:
        b.world.lift.set_stall(50.0)
        await b.do("move", position_mm=100.0, speed_mm_s=50.0)
        seen = await b.until(major_failure=True, fault_word=0x0180)
        assert (seen["ready"], seen["enabled"]) == (False, False)
        with pytest.raises(DeviceSilent):
            await b.do("move", position_mm=0.0, speed_mm_s=50.0)
        await b.do("reset")
        seen = await b.look()
        assert (seen["fault_word"], seen["ready"]) == (0, True)

    play(story, IAI, "lift")


def test_half_an_iai_reset_does_not_swallow_the_next_one() -> None:
    """The link broke after the coil was set: it stays high, and only a level of rest makes a new edge."""

    async def story(b: Bench) -> None:
        b.world.lift.set_stall(50.0)
        await b.do("move", position_mm=100.0, speed_mm_s=50.0)
        await b.until(fault_word=0x0180)
        await b.link.write(1, Table.COIL, 0x0407, (1,), multiple=False, timeout_s=0.1)
        await b.until(fault_word=0, ready=True)
        b.world.lift.set_stall(75.0)
        await b.do("move", position_mm=100.0, speed_mm_s=50.0)
        await b.until(fault_word=0x0180)
        await b.do("reset")
        seen = await b.look()
        assert (seen["fault_word"], seen["ready"]) == (0, True)

    play(story, IAI, "lift")


def test_without_the_safety_release_an_iai_axis_shows_emergency_stop_and_takes_no_servo() -> None:
    async def story(b: Bench) -> None:
        b.release(False)
        assert (await b.look())["emergency_stop"] is True
        with pytest.raises(DeviceSilent):
            await b.do("move", position_mm=10.0, speed_mm_s=50.0)
        assert b.world.lift.mm == 0.0

    play(story, IAI, "lift")


@pytest.mark.parametrize("file", [IAI, LEADSHINE])
def test_a_drive_as_slot_of_a_shuttle_moves_that_slot_alone(file: str) -> None:
    roles = {"in_mm": "position_mm", "in_moving": "moving", "fault_word": "fault_word"}
    wiring = Wiring(roles=roles, verbs={"move_in": "move", "stop": "stop"})

    async def story(b: Bench) -> None:
        await b.do("move", position_mm=-2500.0, speed_mm_s=400.0)
        await b.until(moving=True)
        await b.until(moving=False)
        assert (await b.look())["position_mm"] == pytest.approx(-2500.0)
        assert [b.world.shuttle.mm(slot) for slot in b.world.shuttle.slots] == pytest.approx([0.0, -2500.0])

    play(story, file, "shuttle", wiring=wiring)


@pytest.mark.parametrize("file", [IAI, LEADSHINE])
def test_a_jammed_slot_is_an_alarm_of_its_own_drive_and_a_reset_takes_it_when_it_is_free(file: str) -> None:
    roles = {"in_mm": "position_mm", "in_moving": "moving", "fault_word": "fault_word"}
    wiring = Wiring(roles=roles, verbs={"move_in": "move", "stop": "stop", "reset": "reset"})

    async def story(b: Bench) -> None:
        await b.do("move", position_mm=-2000.0, speed_mm_s=400.0)
        await b.pass_time(1.0)
        b.world.shuttle.jam(Slot.IN)
        seen = await b.until(fault_word=1)
        assert seen["moving"] is False
        stuck_mm = b.world.shuttle.mm(Slot.IN)
        with pytest.raises(DeviceSilent, match="enabled"):
            await b.do("move", position_mm=-2000.0, speed_mm_s=400.0)
        b.world.shuttle.jammed = None
        await b.do("reset")
        await b.until(fault_word=0)
        await b.do("move", position_mm=-2000.0, speed_mm_s=400.0)
        await b.until(moving=True)
        await b.until(moving=False)
        assert b.world.shuttle.mm(Slot.IN) == pytest.approx(-2000.0) != stuck_mm

    play(story, file, "shuttle", wiring=wiring)


def test_a_servo_that_goes_off_stops_its_slot() -> None:
    roles = {"out_mm": "position_mm", "out_moving": "moving", "fault_word": "fault_word"}

    async def story(b: Bench) -> None:
        await b.do("move", position_mm=2000.0, speed_mm_s=400.0)
        await b.pass_time(1.0)
        await b.link.write(1, Table.COIL, 0x0403, (0,), multiple=False, timeout_s=0.1)
        await b.until(moving=False)
        assert b.world.shuttle.mm(Slot.OUT) < 700.0
        assert b.world.shuttle.mm(Slot.IN) == -3000.0

    play(story, IAI, "shuttle", wiring=Wiring(roles=roles, verbs={"move_out": "move", "stop": "stop"}))


# ------------------------------------------------------------------ CiA 402


async def ready_drive(b: Bench, state: Drive402) -> AltivarEmulator:
    assert isinstance(b.emulator, AltivarEmulator)
    b.emulator.machine.state = state
    b.world.touch()
    return b.emulator


@pytest.mark.parametrize("state", [s for s in Drive402 if s not in {Drive402.FAULT, Drive402.NOT_READY}])
def test_a_run_brings_the_drive_to_operation_from_any_state_without_a_fault(state: Drive402) -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, state)
        await b.do("run", speed_mm_s=30.0)
        assert drive.machine.state is Drive402.ENABLED
        seen = await b.until(speed_mm_s=30.0)
        assert (seen["enabled"], seen["drive_fault"]) == (True, False)

    play(story, DRIVE, "roller")


def test_a_run_never_clears_a_fault_a_reset_does_and_then_it_runs() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.ENABLED)
        drive.trip(7)
        assert (await b.look())["fault_word"] == 7
        with pytest.raises(DeviceSilent, match="drive_fault"):
            await b.do("run", speed_mm_s=30.0)
        assert drive.machine.state is Drive402.FAULT
        await b.do("reset")
        seen = await b.until(drive_fault=False)
        assert (seen["disabled"], seen["fault_word"]) == (True, 0)
        await b.do("run", speed_mm_s=30.0)
        await b.until(speed_mm_s=30.0)

    play(story, DRIVE, "roller")


def test_a_fault_whose_cause_is_still_there_stays() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.READY)
        drive.trip(7)
        drive.machine.cause = True
        await b.do("reset")
        await b.pass_time(0.2)
        assert (await b.look())["drive_fault"] is True
        drive.machine.cause = False
        await b.do("reset")
        await b.until(drive_fault=False)

    play(story, DRIVE, "roller")


def test_a_drive_that_has_not_started_yet_is_silent_to_a_run() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.NOT_READY)
        with pytest.raises(DeviceSilent, match="ready"):
            await b.do("run", speed_mm_s=30.0)
        drive.machine.started()
        await b.do("run", speed_mm_s=30.0)

    play(story, DRIVE, "roller")


def test_a_stop_is_a_quick_stop_and_a_run_comes_out_of_it() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.DISABLED)
        await b.do("run", speed_mm_s=-30.0)
        await b.until(speed_mm_s=-30.0)
        await b.do("stop")
        await b.until(speed_mm_s=0.0)
        assert drive.machine.state is Drive402.QUICK_STOP
        await b.do("run", speed_mm_s=10.0)
        await b.until(speed_mm_s=10.0)

    play(story, DRIVE, "roller")


def test_a_new_speed_of_a_running_drive_changes_no_state() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.DISABLED)
        await b.do("run", speed_mm_s=30.0)
        states = {drive.machine.state}
        await b.do("run", speed_mm_s=20.0)
        states.add(drive.machine.state)
        assert states == {Drive402.ENABLED}
        await b.until(speed_mm_s=20.0)

    play(story, DRIVE, "roller")


def test_without_the_safety_release_the_drive_does_not_come_to_operation() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.DISABLED)
        b.release(False)
        with pytest.raises(DeviceSilent):
            await b.do("run", speed_mm_s=30.0)
        assert drive.ramp.speed == 0.0

    play(story, DRIVE, "roller")


def test_a_drive_without_a_master_for_ten_seconds_trips() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.DISABLED)
        await b.do("run", speed_mm_s=30.0)
        await b.pass_time(9.9)
        assert drive.machine.state is Drive402.ENABLED
        await b.pass_time(0.3)
        assert drive.machine.state is Drive402.FAULT
        seen = await b.look()
        assert (seen["fault_word"], seen["speed_mm_s"]) == (LOST_MASTER, 0.0)

    play(story, DRIVE, "roller")


def test_polls_are_the_master_s_sign_of_life() -> None:
    async def story(b: Bench) -> None:
        drive = await ready_drive(b, Drive402.DISABLED)
        await b.do("run", speed_mm_s=30.0)
        for _ in range(10):
            await b.pass_time(5.0)
            await b.look()
        assert drive.machine.state is Drive402.ENABLED

    play(story, DRIVE, "roller")


# Transitions of CiA 402 typed from its table; every other pair of state and command changes nothing.
WAYS = {
    (Drive402.DISABLED, 6): Drive402.READY, (Drive402.READY, 7): Drive402.SWITCHED_ON,
    (Drive402.SWITCHED_ON, 15): Drive402.ENABLED, (Drive402.SWITCHED_ON, 6): Drive402.READY,
    (Drive402.ENABLED, 7): Drive402.SWITCHED_ON, (Drive402.ENABLED, 6): Drive402.READY,
    (Drive402.ENABLED, 0): Drive402.DISABLED, (Drive402.SWITCHED_ON, 0): Drive402.DISABLED,
    (Drive402.READY, 0): Drive402.DISABLED, (Drive402.QUICK_STOP, 0): Drive402.DISABLED,
    (Drive402.ENABLED, 0x0B): Drive402.QUICK_STOP, (Drive402.SWITCHED_ON, 0x0B): Drive402.DISABLED,
    (Drive402.READY, 0x0B): Drive402.DISABLED, (Drive402.FAULT, 0x80): Drive402.DISABLED,
    (Drive402.ENABLED, 0x80): Drive402.DISABLED, (Drive402.SWITCHED_ON, 0x80): Drive402.DISABLED,
    (Drive402.READY, 0x80): Drive402.DISABLED, (Drive402.QUICK_STOP, 0x80): Drive402.DISABLED,
}  # fmt: skip


@pytest.mark.parametrize("state", list(Drive402))
@pytest.mark.parametrize("word", [0, 6, 7, 15, 0x0B, 0x80])
def test_transitions_of_the_state_machine(state: Drive402, word: int) -> None:
    machine = Machine402(state)
    machine.command(word)
    assert machine.state is WAYS.get((state, word), state)


def test_a_fault_reset_that_stays_high_counts_once() -> None:
    machine = Machine402(Drive402.FAULT)
    machine.command(0x80)
    machine.trip()
    machine.command(0x80)
    assert machine.state is Drive402.FAULT
    machine.command(0)
    machine.command(0x80)
    assert machine.state is Drive402.DISABLED


def test_the_loop_of_the_bench_is_virtual() -> None:
    async def story(b: Bench) -> None:
        began = asyncio.get_running_loop().time()
        await b.pass_time(3600.0)
        assert asyncio.get_running_loop().time() - began == pytest.approx(3600.0)

    play(story, IAI, "lift")
