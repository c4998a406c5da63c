"""The judge of a scenario: what was expected against what was seen, as a list of misses a person can read."""

from collections.abc import Iterator

from hal.contract.messages import RecordEvent
from sim.campaigns.director import Ordered, Outcome
from sim.campaigns.reactions import reaction_misses
from sim.scenario import Expect, ExpectOrder, Scenario
from sim.world import Stage

ANSWERS = {"completed": "completed", "failed": "aborted", "refused": "refused"}


def misses(scenario: Scenario, outcome: Outcome, speed: float = 1.0) -> list[str]:
    """Everything that is not as expected; empty = the scenario passed. Durations are judged at speed 1 alone."""
    return [
        *outcome.unfinished,
        *_acts(outcome),
        *_ends(scenario.expect, outcome),
        *_states(scenario.expect, outcome),
        *_commands(scenario.expect, outcome),
        *reaction_misses(scenario.expect, outcome),
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
        if played.act.do.reason not in played.reason:
            yield f"{name}: answered {played.reason!r}, expected {played.act.do.reason!r} in it"
        if played.held_s is not None and played.held_s > (played.act.held_within_s or 0.0):
            yield f"{name}: held after {played.held_s:.2f} s, at most {played.act.held_within_s:g} s"
        limit_s, rest_s = played.act.still_within_s, played.rest_s
        if limit_s is not None and rest_s is not None and not played.moved and not played.act.from_rest:
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
    yield from _faults(expect, outcome)
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


def _faults(expect: Expect, outcome: Outcome) -> Iterator[str]:
    """Each is cleared again but those that are to stand; and a person can read what is wrong and what to do."""
    observed = outcome.observed
    for name in sorted(observed.standing - set(expect.stand)):
        yield f"fault {name} still stands at the end"
    for name in sorted(set(expect.stand) - observed.standing):
        yield f"fault {name} does not stand at the end"
    for name, part in expect.texts.items():
        alarm = observed.alarms.get(name)
        if alarm is None or part not in f"{alarm.text}\n{alarm.remedy}":
            yield f"fault {name}: a person reads {alarm.text if alarm else 'nothing'!r}, expected {part!r} in it"
    for name, alarm in observed.alarms.items():
        if not alarm.text or not alarm.remedy:
            yield f"fault {name} has no text or no remedy"


def _states(expect: Expect, outcome: Outcome) -> Iterator[str]:
    passed = [state for _, state in outcome.observed.states]
    rest = iter(passed)
    for state in expect.states:
        if state not in rest:
            yield f"state {state} was not passed in the order {', '.join(expect.states)}; passed: {', '.join(passed)}"
            break
    for state in expect.not_states:
        if state in passed:
            yield f"state {state} was passed"
    for what, where in expect.packs.items():
        seen = outcome.packs.get(what, "unknown")
        if seen != where:
            yield f"the pack of {what} ends at {seen}, expected {where}"


def _commands(expect: Expect, outcome: Outcome) -> Iterator[str]:
    if outcome.commands is None:
        return
    for pattern in expect.never:
        found = _matching(pattern, outcome.commands)
        if found:
            yield f"{found} was commanded"
    for pattern in expect.given:
        if not _matching(pattern, outcome.commands):
            yield f"{pattern} was not commanded"


def _matching(pattern: str, commands: list[str]) -> str:
    """The first command of this name with at least these arguments."""
    name, *words = pattern.split()
    told = (command.split() for command in commands)
    return next((" ".join(parts) for parts in told if parts[0] == name and set(words) <= set(parts[1:])), "")


def _orders(expect: Expect, outcome: Outcome, *, timed: bool) -> Iterator[str]:
    orders = [o for o in outcome.cars if o.order_id]
    for i, wanted in enumerate(expect.order):
        if i >= len(orders):
            yield f"order {i + 1} was never given"
            continue
        judged = wanted if timed else wanted.model_copy(update={"swap_max_s": None, "waits_max_s": None})
        for text in _order(judged, orders[i], outcome):
            yield f"{orders[i].order_id}: {text}"


def _order(wanted: ExpectOrder, ordered: Ordered, outcome: Outcome) -> Iterator[str]:
    final = outcome.observed.final(ordered.order_id)
    answer, reason = ("open", "") if final is None else (ANSWERS[final[0]], final[1])
    if answer == "aborted" and not outcome.observed.began(ordered.order_id):
        answer = "dropped"
    if answer != wanted.outcome:
        yield f"{answer} ({reason}), expected {wanted.outcome}"
    elif wanted.reason not in reason if answer in {"refused", "dropped"} else wanted.reason != reason:
        yield f"{answer} because of {reason!r}, expected {wanted.reason!r}"
    record = outcome.observed.records.get(ordered.order_id)
    if record is not None:
        yield from _record(wanted, record)
    elif wanted.lock_proven is not None or wanted.swap_max_s is not None:
        yield "there is no record"
    if wanted.waits_max_s is not None:
        yield from _wait(wanted.waits_max_s, ordered, outcome)
    if wanted.serial_on_car is not None:
        yield from _pack_on_car(wanted.serial_on_car, ordered, record)


def _wait(limit_s: float, ordered: Ordered, outcome: Outcome) -> Iterator[str]:
    """From the last car that left before, by the step events."""
    steps, record = outcome.observed.steps, outcome.observed.records.get(ordered.order_id)
    mine = "" if record is None else record.values.swap_id
    begun = next((t for t, s in steps if (s.swap_id, s.row, s.phase) == (mine, "1", "started")), None)
    left = [t for t, s in steps if (s.row, s.phase) == ("19", "done") and (begun is None or t < begun)]
    if begun is None or not left:
        yield "its car was never admitted after another one"
    elif begun - left[-1] > limit_s:
        yield f"its car was admitted {begun - left[-1]:.2f} s after the one before it had left, at most {limit_s:g} s"


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
