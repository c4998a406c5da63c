"""The judge of a scenario: what was expected against what was seen, as a list of misses a person can read."""

from collections.abc import Iterator

from hal.contract.messages import RecordEvent
from sim.campaigns.director import Ordered, Outcome
from sim.scenario import Expect, ExpectOrder, Scenario
from sim.world import Stage

ANSWERS = {"completed": "completed", "failed": "aborted", "refused": "refused"}


def misses(scenario: Scenario, outcome: Outcome, speed: float = 1.0) -> list[str]:
    """Everything that is not as expected; empty = the scenario passed. Durations are judged at speed 1 alone."""
    return [
        *outcome.unfinished,
        *_acts(outcome),
        *_ends(scenario.expect, outcome),
        *_orders(scenario.expect, outcome, timed=speed == 1.0),
        *(f"referee at {b.at_s:.2f} s: {b.hazard}: {b.text}" for b in outcome.breaches),
    ]


def _acts(outcome: Outcome) -> Iterator[str]:
    for number, played in enumerate(outcome.played, 1):
        name = f"act {number} ({played.act.do})"
        if played.error:
            yield f"{name} could not be done: {played.error}"
        if played.act.do.operator and played.at_s is not None and played.answer != played.act.do.answer:
            yield f"{name}: answered {played.answer or 'nothing'} ({played.reason}), expected {played.act.do.answer}"
        limit_s, rest_s = played.act.still_within_s, played.rest_s
        if limit_s is not None and rest_s is not None and not played.moved:
            yield f"{name}: nothing moved when it came, so it proves nothing"
        if limit_s is not None and rest_s is not None and rest_s > limit_s:
            yield f"{name}: something still moved after {limit_s:g} s (at rest after {rest_s:.2f} s)"


def _ends(expect: Expect, outcome: Outcome) -> Iterator[str]:
    observed = outcome.observed
    raised, wanted = set(observed.faults), set(expect.faults)
    for name in sorted(wanted - raised):
        yield f"fault {name} was not raised"
    for name in sorted(raised - wanted):
        yield f"fault {name} was raised and is not expected"
    if observed.place != expect.place:
        yield f"ends at place {observed.place or 'unknown'}, expected {expect.place}"
    if observed.packml != expect.packml:
        yield f"station ends {observed.packml or 'unknown'}, expected {expect.packml}"
    rows = observed.rows
    for row in expect.rows:
        if row not in rows:
            yield f"row {row} was not entered"
    for row, times in expect.entered.items():
        if rows[row] != times:
            yield f"row {row} was begun {rows[row]} times, expected {times}"
    for row in expect.not_rows:
        if row in rows:
            yield f"row {row} was entered"


def _orders(expect: Expect, outcome: Outcome, *, timed: bool) -> Iterator[str]:
    orders = [o for o in outcome.cars if o.order_id]
    for i, wanted in enumerate(expect.order):
        if i >= len(orders):
            yield f"order {i + 1} was never given"
            continue
        for text in _order(wanted if timed else wanted.model_copy(update={"swap_max_s": None}), orders[i], outcome):
            yield f"{orders[i].order_id}: {text}"


def _order(wanted: ExpectOrder, ordered: Ordered, outcome: Outcome) -> Iterator[str]:
    final = outcome.observed.final(ordered.order_id)
    answer, reason = ("open", "") if final is None else (ANSWERS[final[0]], final[1])
    if answer != wanted.outcome:
        yield f"{answer} ({reason}), expected {wanted.outcome}"
    elif wanted.reason not in reason if answer == "refused" else wanted.reason != reason:
        yield f"{answer} because of {reason!r}, expected {wanted.reason!r}"
    record = outcome.observed.records.get(ordered.order_id)
    if record is not None:
        yield from _record(wanted, record)
    elif wanted.lock_proven is not None or wanted.swap_max_s is not None:
        yield "there is no record"
    if wanted.serial_on_car is not None:
        yield from _pack_on_car(wanted.serial_on_car, ordered, record)


def _record(wanted: ExpectOrder, record: RecordEvent) -> Iterator[str]:
    values = record.values
    if values.outcome != wanted.outcome:
        yield f"the record says {values.outcome}, expected {wanted.outcome}"
    if wanted.lock_proven is not None and values.lock_proven is not wanted.lock_proven:
        yield f"lock_proven is {values.lock_proven} in the record, expected {wanted.lock_proven}"
    if wanted.swap_max_s is not None and not 0 < values.duration_s <= wanted.swap_max_s:
        yield f"the swap took {values.duration_s:.2f} s, at most {wanted.swap_max_s:g} s"


def _pack_on_car(wanted: str, ordered: Ordered, record: RecordEvent | None) -> Iterator[str]:
    """By the truth: the car left with this pack; and the record says the same."""
    car = ordered.car
    if car.stage is not Stage.GONE or car.pack is None:
        yield f"the car is {car.stage.value}, {'with' if car.pack else 'without'} a pack: it should have left"
        return
    seen = "old" if car.pack.serial == car.arrived_with else "new"
    if seen != wanted:
        yield f"the car left with its {seen} pack, expected {wanted}"
    if record is not None and record.values.serial_installed not in {None, car.pack.serial}:
        yield f"the record says {record.values.serial_installed} is on the car, it left with {car.pack.serial}"
