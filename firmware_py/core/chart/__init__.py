"""The swap as data: an SFC chart (IEC 61131-3) of rows with guards, command, done-test, limit, fault and exit."""

from firmware_py.core.chart.rows import Link, Route, Row, Watch
from firmware_py.core.chart.table import CHART, FIRST_ROWS, chart_rows

__all__ = ["CHART", "FIRST_ROWS", "Link", "Route", "Row", "Watch", "chart_rows"]
