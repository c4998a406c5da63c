"""Which pack may be handed out: every hard filter alone, and unknown is never good enough."""

from dataclasses import replace

import pytest

from firmware_py.core.image import Image
from firmware_py.core.packs import eligible, unheard, why_bad, why_not
from firmware_py.core.state import Order
from hal.readings import PackReading
from tests.unit.core import scenes as s

ORDER = Order("o", s.VIN, "aion-ut")
GOOD = s.pack(s.NEW)
BAD = [
    ({"soc_pct": 79.9}, "SOC"), ({"soh_pct": 69.9}, "SOH"),
    ({"temp_min_degc": 4.9}, "°C"), ({"temp_max_degc": 45.1}, "°C"),
    ({"cell_min_v": 3.25}, "cell spread"), ({"fault_bits": 1}, "fault"), ({"contactors_open": False}, "contactors"),
    ({"serial": "001PB99" + "N" * 17}, "class unknown"), ({"serial": "?"}, "class unknown"),
]  # fmt: skip
NEEDED = (
    "serial", "soc_pct", "soh_pct", "temp_min_degc", "temp_max_degc", "cell_max_v", "cell_min_v", "fault_bits",
    "contactors_open",
)  # fmt: skip


def full(*packs: PackReading, present: tuple[bool, ...] | None = None) -> Image:
    """A rack with just these packs."""
    seen = present if present is not None else (True,) * len(packs)
    return s.put(replace(s.EMPTY_LANE, packs=packs), platform__bay_present=seen)


def serials(image: Image, order: Order = ORDER, tried: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """(bay, code) in the order of preference."""
    return list(eligible(image, order, s.params(), tried))


def test_a_good_pack_may_go_and_the_edges_are_good() -> None:
    edge = replace(GOOD, soc_pct=80.0, soh_pct=70.0, temp_min_degc=5.0, temp_max_degc=45.0, cell_min_v=3.2601)
    assert why_not(GOOD, ORDER, s.params()) is None
    assert why_not(edge, ORDER, s.params()) is None


@pytest.mark.parametrize(("change", "word"), BAD)
def test_each_filter_alone_keeps_a_pack_back_and_says_why(change: dict[str, object], word: str) -> None:
    bad = replace(GOOD, **change)  # type: ignore[arg-type]
    assert word in str(why_not(bad, ORDER, s.params()))
    assert serials(full(bad)) == []


@pytest.mark.parametrize("field", NEEDED)
def test_a_pack_that_does_not_say_all_is_not_handed_out_and_is_waited_for(field: str) -> None:
    silent = replace(GOOD, **{field: None})  # type: ignore[arg-type]
    assert why_not(silent, ORDER, s.params()) is not None
    assert serials(full(silent)) == []
    assert unheard(full(GOOD, silent)) == [2]


def test_an_empty_bay_is_not_waited_for() -> None:
    assert unheard(full(GOOD, PackReading(), present=(True, False))) == []
    assert unheard(Image()) == []


def test_the_class_must_fit_car_and_order() -> None:
    assert why_not(GOOD, replace(ORDER, vehicle="lorry"), s.params()) is not None
    assert why_not(GOOD, replace(ORDER, pack_class="choco-25"), s.params()) is not None
    assert why_not(GOOD, replace(ORDER, pack_class="choco-20"), s.params()) is None


def test_the_fullest_then_the_coolest_then_the_lowest_bay_is_best() -> None:
    a, b, c, d = (f"001PB20{k:017d}" for k in range(4))
    rack = full(s.pack(a, 90.0), s.pack(b, 95.0, 30.0), s.pack(c, 95.0, 20.0), s.pack(d, 95.0, 20.0))
    assert [serial for _, serial in serials(rack)] == [c, d, b, a]


def test_what_was_tried_or_is_not_seen_in_its_bay_is_left_out() -> None:
    assert serials(full(GOOD), tried=(s.NEW,)) == []
    assert serials(full(GOOD, present=(False,))) == []
    assert serials(s.put(full(GOOD), platform__bay_present=None)) == []


def test_the_mass_window_is_that_of_the_pack_and_the_widest_when_in_doubt() -> None:
    p = s.params()
    assert p.mass_window_kg(s.NEW) == (270.0, 330.0)
    assert p.mass_window_kg("001PB25" + "N" * 17) == (370.0, 430.0)
    assert p.mass_window_kg(None) == p.mass_window_kg("?") == (270.0, 430.0)


def test_a_code_that_two_classes_claim_belongs_to_none() -> None:
    twice = replace(s.params(), code_patterns={"a": ".*", "b": "001.*"})
    assert twice.pack_class(s.NEW) is None
    assert twice.pack_class("X") == "a"


@pytest.mark.parametrize("field", NEEDED)
def test_what_a_pack_has_not_said_lately_speaks_neither_for_nor_against_it(field: str) -> None:
    silent = replace(GOOD, **{field: None})  # type: ignore[arg-type]
    assert why_bad(silent, ORDER, s.params()) is None
    assert why_not(silent, ORDER, s.params()) == "identity or state unknown"


def test_a_pack_that_says_nothing_at_all_is_not_a_bad_one() -> None:
    assert why_bad(PackReading(), ORDER, s.params()) is None
