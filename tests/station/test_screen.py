"""The screen, fed with the messages of swaps in virtual time: what it knows, how it looks, what it says at the end."""

import ast
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len
from rich.console import Console

import firmware_py.screen
from firmware_py.screen import ScreenModel, View
from firmware_py.screen.closing import closing, result
from firmware_py.screen.parts import foot_lines, outcome_lines
from firmware_py.screen.plain import PlainLines
from firmware_py.screen.render import Screen
from firmware_py.screen.track import STEP_TITLES, TITLE_WIDTH, Run, step_views
from firmware_py.screen.view import Mark, OrderView, Tool
from hal.config.loader import load_station
from sim.campaigns.rehearsal import Heard, picture_of_swap, rehearse

STATION = load_station("choco-14")
SIZES = [(80, 24), (96, 30), (100, 32), (110, 34), (160, 50)]


@pytest.fixture(scope="module")
def swap() -> list[Heard]:
    """A swap that goes well."""
    return rehearse(STATION, 1)


@pytest.fixture(scope="module")
def stuck() -> list[Heard]:
    """A swap in which point 4 does not open."""
    return rehearse(STATION, 1, faults=["bolt-stuck point=4"])


def views(heard: list[Heard]) -> Iterator[View]:
    model = ScreenModel("demo", "choco-14")
    for message in heard:
        model.feed(message.topic, message.payload)
        yield model.view(message.at_ms)


def first(heard: list[Heard], so: Callable[[View], bool]) -> View:
    return next(view for view in views(heard) if so(view))


def last(heard: list[Heard]) -> View:
    return list(views(heard))[-1]


def drawn(view: View, width: int, height: int, *, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, height=height, force_terminal=colour, color_system="standard" if colour else None
    )
    console.print(Screen(view), end="")
    return out.getvalue()


def active_steps(view: View) -> set[int]:
    return {step.number for step in view.steps if step.mark is Mark.ACTIVE}


def test_after_a_swap_every_step_stands_with_its_times(swap: list[Heard]) -> None:
    view = last(swap)
    assert {step.mark for step in view.steps} == {Mark.DONE}
    for step in view.steps[1:]:
        assert step.actual_s is not None
        assert step.nominal_s == STATION.config.profile[step.number]
        assert step.actual_s == pytest.approx(step.nominal_s, abs=0.25)


def test_after_a_swap_the_record_and_the_returned_pack_stand(swap: list[Heard]) -> None:
    view = last(swap)
    assert view.order is not None
    assert view.order.answer == "completed"
    assert view.record is not None
    assert view.record.values.lock_proven
    assert view.clock_s == view.record.values.duration_s
    assert view.bays[0].serial_tail == (view.record.values.serial_returned or "")[-4:]
    assert (view.bays[0].soc_pct, view.bays[0].pack_class, view.bays[13].present) == (18.0, "20", False)
    assert view.simulated_speed == 1.0


def test_steps_at_the_same_time_are_both_active(swap: list[Heard]) -> None:
    view = first(swap, lambda view: active_steps(view) == {11, 12})
    assert (view.place, view.place_text) == ("S2", "car held, no pack attached")
    assert view.steps[10].mark is Mark.DONE
    assert view.steps[13].mark is Mark.WAITING
    assert {row.name for row in view.active} == {"11", "12"}
    assert drawn(view, 100, 32).count("∥") == 2


def test_work_of_the_rack_is_beside_the_path(swap: list[Heard]) -> None:
    view = first(swap, lambda view: any(row.name == "store.2" for row in view.active))
    assert next(row for row in view.active if row.name == "store.2").beside
    assert view.steps[11].mark is Mark.DONE


def test_an_order_that_is_refused_after_a_swap_is_seen(swap: list[Heard]) -> None:
    end = last(swap)
    later = replace(end, order=OrderView("order-2", "refused", "station is Held"))
    refused, record = outcome_lines(later)
    assert refused.plain == "order order-2 refused: station is Held"
    assert record.plain.startswith("✓ completed")
    assert outcome_lines(end)[0].plain.startswith("✓ completed"), (
        "its own order stands no more once there is the record"
    )


@pytest.mark.parametrize(("packml", "told"), [("Held", "resume"), ("Aborted", "clear"), ("Stopped", "reset")])
def test_what_waits_for_a_person_is_told_where_no_fault_tells_it(
    swap: list[Heard], stuck: list[Heard], packml: str, told: str
) -> None:
    waits = replace(last(swap), packml=packml)
    hint, outcome = foot_lines(waits)
    assert told in hint.plain
    assert outcome.plain.startswith("✓ completed")
    fault = first(stuck, lambda view: bool(view.faults)).faults
    assert not any(told in line.plain for line in foot_lines(replace(waits, faults=fault))), "its remedy is shown"


def test_lock_points_show_tool_and_second_channel(swap: list[Heard]) -> None:
    turning = first(swap, lambda view: any(lock.tool is Tool.TURNING for lock in view.locks))
    assert len(turning.locks) == 10
    proven = first(swap, lambda view: view.place == "S3" and all(lock.proof for lock in view.locks))
    assert all(lock.tool is Tool.LOCKED for lock in proven.locks)
    assert "10 locked, 10 proven" in drawn(proven, 80, 24)


def test_the_lift_carries_the_pack(swap: list[Heard]) -> None:
    view = first(swap, lambda view: (view.lift.load_kg or 0) >= 299.5)
    assert "300 kg" in drawn(view, 80, 24)


def test_a_fault_shows_with_its_remedy_and_goes(stuck: list[Heard]) -> None:
    view = first(stuck, lambda view: bool(view.faults))
    (fault,) = view.faults
    assert fault.code == "LOCK_FAILED_UNLOCK"
    for size in SIZES:
        shown = " ".join(drawn(view, *size).split())
        assert "LOCK_FAILED_UNLOCK" in shown
        assert "workshop" in shown
    end = last(stuck)
    assert end.faults == ()
    assert end.record is not None
    assert end.record.values.outcome == "aborted"
    assert "aborted" in drawn(end, 80, 24)
    assert outcome_lines(end)[0].plain.startswith("✗")


def test_at_another_speed_the_seconds_are_those_of_the_plant() -> None:
    view = last(rehearse(STATION, 1, speed=4.0))
    assert view.steps[1].actual_s == pytest.approx(15.0, abs=0.5)
    assert "×4" in drawn(view, 80, 24)


def test_before_any_message_nothing_is_known() -> None:
    view = ScreenModel("demo", "choco-14").view(0)
    assert (view.online, view.clock_s, view.locks, view.bays, view.record) == (None, None, (), (), None)
    for width, height in SIZES:
        assert "no word yet" in drawn(view, width, height)


def test_what_is_no_message_of_the_contract_is_counted_and_left() -> None:
    model = ScreenModel("demo", "choco-14")
    assert model.feed(model.topics.lift, b"{}") is None
    assert model.feed("something/else", b"\xff") is None
    assert model.unreadable == 1


def test_a_gap_between_rows_of_a_step_does_not_count_and_rows_at_once_count_once() -> None:
    runs = [Run("5.a", 5, "", 0.0, 2.0), Run("5.b", 5, "", 1.0, 3.0), Run("5.c", 5, "", 10.0), Run("home", 5, "", 3.0)]
    step = step_views(runs, {5: 4.0}, 11.5, 2.0)[5]
    assert (step.mark, step.actual_s, step.nominal_s) == (Mark.ACTIVE, 9.0, 4.0)
    assert step_views(runs, {}, 11.5, 1.0, released_s=10.0)[5].actual_s == 3.0


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_overflows_at_any_moment(swap: list[Heard], stuck: list[Heard], width: int, height: int) -> None:
    for heard in (swap, stuck):
        for view in list(views(heard))[::12]:
            lines = drawn(view, width, height).splitlines()
            assert len(lines) == height
            assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_size_shows_every_part(swap: list[Heard], width: int, height: int) -> None:
    view = first(swap, lambda view: view.place == "S3" and view.packml == "Execute")
    shown = drawn(view, width, height)
    words = ["SwapStation", "choco-14", "Execute", "S3", "simulated", "height", "load", "tool", "proof", "92% #25"]
    for word in [*words, *STEP_TITLES]:
        assert word in shown


def test_titles_of_steps_fit_their_column() -> None:
    assert len(STEP_TITLES) == 20
    assert max(map(len, STEP_TITLES)) <= TITLE_WIDTH


def test_without_colour_the_same_words_stand(swap: list[Heard], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = drawn(last(swap), 80, 24, colour=True)
    for code in ("\x1b[3", "\x1b[9", ";3", "\x1b[4"):
        assert code not in shown


def test_plain_lines_tell_each_row_and_the_outcome(swap: list[Heard]) -> None:
    model, plain = ScreenModel("demo", "choco-14"), PlainLines()
    lines: list[str] = []
    for message in swap:
        taken = model.feed(message.topic, message.payload)
        lines += plain.of(taken, model.view(message.at_ms)) if taken else []
    assert sum(" of 8 s" in line for line in lines) == 1
    assert any("Lock all points" in line and "7.9 s" in line for line in lines)
    assert sum("simulated" in line for line in lines) == 1
    assert any("completed, lock proof recorded" in line for line in lines)


def test_plain_lines_tell_faults(stuck: list[Heard]) -> None:
    model, plain = ScreenModel("demo", "choco-14"), PlainLines()
    text = ""
    for message in stuck:
        taken = model.feed(message.topic, message.payload)
        text += "\n".join(plain.of(taken, model.view(message.at_ms)) if taken else [])
    assert "fault LOCK_FAILED_UNLOCK locks" in text
    assert "-> Send the car to the workshop: a lock point will not open." in text


def test_the_closing_tables_come_from_the_record(swap: list[Heard]) -> None:
    view = last(swap)
    assert view.record is not None
    nominal_s = {step.number: step.nominal_s or 0.0 for step in view.steps}
    out = io.StringIO()
    Console(file=out, width=80).print(closing(view.record, nominal_s, 1.0))
    shown = out.getvalue()
    values = view.record.values
    words = [values.serial_installed, values.serial_returned, view.record.id, "actual", "65.0", "1440", "✓ locked"]
    for word in words:
        assert str(word) in shown
    assert max(map(cell_len, shown.splitlines())) <= 80
    told = json.loads(json.dumps(result(view.record, nominal_s, 1.0)))
    assert told["lock_proven"] is True
    assert [step["actual_s"] for step in told["steps"]] == [step.actual_s for step in view.steps]
    assert all(point["proof_locked"] for point in told["locks"]["points"])


def test_the_picture_is_the_same_each_time_and_well_formed() -> None:
    picture = picture_of_swap(STATION, 1, 100, 32)
    assert picture == picture_of_swap(STATION, 1, 100, 32)
    words = {text.text for text in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")}
    assert {"SwapStation", "S3", "simulated:", "proven"} <= words


def test_without_the_broker_what_is_shown_is_called_old(swap: list[Heard]) -> None:
    view = replace(last(swap), connected=False)
    for size in SIZES:
        assert "is old" in drawn(view, *size)
        assert "is old" not in drawn(last(swap), *size)


def test_the_model_knows_the_contract_alone() -> None:
    folder = Path(firmware_py.screen.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                ours = node.module.split(".")[0] in {"hal", "firmware_py", "sim", "bench"}
                assert not ours or node.module.startswith(("hal.contract", "firmware_py.screen")), path
