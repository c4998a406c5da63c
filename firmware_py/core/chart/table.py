"""The chart of the swap: all rows, by name."""

from typing import Final

from firmware_py.core.chart.attach import ATTACH
from firmware_py.core.chart.entry import ENTRY
from firmware_py.core.chart.exchange import EXCHANGE
from firmware_py.core.chart.prestage import PRE_STAGE
from firmware_py.core.chart.rack import RACK
from firmware_py.core.chart.release import RELEASE
from firmware_py.core.chart.rows import Row
from firmware_py.core.chart.separation import SEPARATION
from firmware_py.core.state import Purpose

FIRST_ROWS: Final = {Purpose.SERVE: ("0.1", "0.coolant", "1"), Purpose.ISOLATE: ("isolate.1", "0.coolant")}
"""Where a way through the chart begins. The rack brings the reserved pack while the car comes in."""


def chart_rows() -> tuple[Row, ...]:
    """All rows in the order of the reference sequence."""
    return (*PRE_STAGE, *ENTRY, *SEPARATION, *EXCHANGE, *ATTACH, *RELEASE, *RACK)


CHART: Final[dict[str, Row]] = {row.name: row for row in chart_rows()}
