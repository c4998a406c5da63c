"""Nodes on CAN: what one pack said never becomes part of what the next one says."""

from hal.codecs.frames import PackCodec
from hal.codecs.registers import Value
from hal.config.loader import load_station
from hal.devices.bus_nodes import PackNode
from hal.ports import Frame

OLD, NEW = "001PB20AAAAAAAAAAAAAAAAA", "001PB20BBBBBBBBBBBBBBBBB"
STALE_S = 3.0


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _says(codec: PackCodec, message: str, serial: str, count: int) -> Frame:
    values: dict[str, Value | None] = {
        "serial": serial, "soc_pct": 90.0, "soh_pct": 95.0, "voltage_v": 380.0, "current_a": 0.0, "cell_max_v": 3.3,
        "cell_min_v": 3.3, "temp_max_degc": 25.0, "temp_min_degc": 24.0, "contactors_open": True, "hvil_closed": True,
        "fault_bits": 0,
    }  # fmt: skip
    traffic = next(t for t in codec.traffic if message == ("identity" if t.texts else "alive" if t.alive else ""))
    return codec.frame(traffic, values, alive=count, part=count)


def test_a_value_whose_own_frame_stops_is_unknown_whatever_else_comes() -> None:
    station, clock = load_station("choco-14"), Clock()
    kind = station.packs["choco-20"]
    node, sender = PackNode(PackCodec(kind, 15), clock, STALE_S), PackCodec(kind, 15)
    node.take(_says(sender, "alive", OLD, 0))
    for part in range(4):
        node.take(_says(sender, "identity", OLD, part))
    for count in range(1, 8):  # the code counts for three rounds of a second each
        clock.now += 0.5
        node.take(_says(sender, "alive", OLD, count))
        assert (node.reading(clock.now).serial == OLD) is (count <= 6), count
    assert node.reading(clock.now).soc_pct == 90.0


def test_a_code_begun_before_a_silence_is_not_completed_after_it() -> None:
    station, clock = load_station("choco-14"), Clock()
    kind = station.packs["choco-20"]
    node, sender = PackNode(PackCodec(kind, 15), clock, STALE_S), PackCodec(kind, 15)
    node.take(_says(sender, "alive", OLD, 1))
    for part in range(3):
        node.take(_says(sender, "identity", OLD, part))

    clock.now += STALE_S + 1.0  # one pack leaves, another comes; its code is heard from the last part on
    node.take(_says(sender, "alive", NEW, 2))
    node.take(_says(sender, "identity", NEW, 3))
    assert node.reading(clock.now).serial is None

    for part in range(4):
        node.take(_says(sender, "identity", NEW, part))
    assert node.reading(clock.now).serial == NEW


def test_a_pack_that_says_the_same_again_makes_no_new_reading_and_stays_fresh() -> None:
    station, clock = load_station("choco-14"), Clock()
    kind = station.packs["choco-20"]
    node, sender = PackNode(PackCodec(kind, 15), clock, STALE_S), PackCodec(kind, 15)

    def round_of(serial: str, count: int) -> None:
        node.take(_says(sender, "alive", serial, count))
        for part in range(4):
            node.take(_says(sender, "identity", serial, part))

    round_of(OLD, 0)
    first = node.reading(clock.now)
    assert (first.serial, first.soc_pct) == (OLD, 90.0)
    for count in range(1, 10):
        clock.now += 1.0
        round_of(OLD, count)
        assert node.reading(clock.now) is first, count
    round_of(NEW, 10)
    assert node.reading(clock.now).serial == NEW
    clock.now += STALE_S + 0.1
    assert node.reading(clock.now).serial is None
