"""Error frames of the kernel, bytes typed from linux/can/error.h, and the state that they add up to."""

import pytest

from hal.links.can_chip import Chip, ChipState, Report, report_of


@pytest.mark.parametrize(
    ("can_id", "data", "report"),
    [
        (0x040, "00 00 00 00 00 00 00 00", Report(ChipState.BUS_OFF)),
        (0x100, "00 00 00 00 00 00 00 00", Report(ChipState.ACTIVE)),
        (0x004, "00 20 00 00 00 00 80 03", Report(ChipState.PASSIVE, False, 128, 3)),
        (0x004, "00 10 00 00 00 00 01 87", Report(ChipState.PASSIVE, False, 1, 135)),
        (0x204, "00 40 00 00 00 00 00 00", Report(ChipState.ACTIVE, False, 0, 0)),
        (0x004, "00 08 00 00 00 00 60 00", Report(None, False, 96, 0)),
        (0x004, "00 01 00 00 00 00 00 00", Report()),
        (0x020, "00 00 00 00 00 00 00 00", Report(None, True)),
        (0x088, "00 00 04 0A 00 00 00 00", Report()),
        (0x004, "", Report()),
        (0x044, "00 20", Report(ChipState.BUS_OFF)),
    ],
)
def test_error_frames(can_id: int, data: str, report: Report) -> None:
    assert report_of(can_id, bytes.fromhex(data)) == report


def test_a_chip_counts_and_tells_changes_alone() -> None:
    chip = Chip()
    assert not chip.take(Report(ChipState.ACTIVE))
    assert chip.take(Report(ChipState.PASSIVE, True, 128, 0))
    assert not chip.heard(), "an error-passive chip receives"
    assert not chip.take(Report(ChipState.PASSIVE, False, None, None))
    assert chip.take(Report(ChipState.BUS_OFF))
    assert not chip.take(Report(ChipState.BUS_OFF))
    assert chip.heard()
    assert not chip.heard()
    assert chip.take(Report(ChipState.BUS_OFF))
    assert (chip.error_frames, chip.bus_offs, chip.no_acks) == (6, 2, 1)
    assert (chip.tx_errors, chip.rx_errors) == (128, 0)
    chip.opened()
    assert chip.state is ChipState.ACTIVE
    assert chip.bus_offs == 2, "counts outlive a session"
