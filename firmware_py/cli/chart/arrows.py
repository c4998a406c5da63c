"""The way of an arrow over the paper: straight angles, around boxes, each kind in a lane of its own."""

from typing import Final

from firmware_py.cli.chart.graph import Edge, Kind
from firmware_py.cli.chart.layout import GAP_X, WIDTH, Box, Sheet

Point = tuple[float, float]
_PORT: Final = {Kind.NEXT: 0.72, Kind.RETRY: 0.28, Kind.LEAVE: 0.5}
"""Where on the side of a box an arrow leaves and arrives, as a share of its height."""
_LANE: Final = {Kind.NEXT: 14.0, Kind.RETRY: 20.0, Kind.LEAVE: 26.0}
"""How far from the box it turns."""
_ABOVE: Final = 10.0
_BAR: Final = 8.0
_ROUND: Final = 7.0


def path(sheet: Sheet, edge: Edge) -> str:
    """The `d` of an SVG path from box to box."""
    source, target = sheet.boxes[edge.source], sheet.boxes[edge.target]
    down = edge.kind is Kind.NEXT and source.main == target.main and target.y >= source.bottom
    points = _down(source, target) if down else _aside(sheet, edge, source, target)
    return _rounded(points)


def _down(source: Box, target: Box) -> list[Point]:
    """From the lower edge to the upper one; the turn is made right above the target."""
    x1, x2 = source.x + WIDTH / 2, target.x + WIDTH / 2
    top = target.y - (_BAR if len(target.row.needs) > 1 else 0.0)
    if x1 == x2:
        return [(x1, source.bottom), (x2, top)]
    turn = top - _ABOVE if target.column < source.column else source.bottom + _ABOVE
    return [(x1, source.bottom), (x1, turn), (x2, turn), (x2, top)]


def _aside(sheet: Sheet, edge: Edge, source: Box, target: Box) -> list[Point]:
    """From side to side; above the rank of the target where other boxes stand between."""
    y1, y2 = (box.y + box.height * _PORT[edge.kind] for box in (source, target))
    lane = _LANE[edge.kind]
    if source.column == target.column:
        side = source.x + WIDTH
        return [(side, y1), (side + lane, y1), (side + lane, y2), (side, y2)]
    right = target.column > source.column
    x1, x2 = (source.x + WIDTH, target.x) if right else (source.x, target.x + WIDTH)
    sign = 1.0 if right else -1.0
    turn1, turn2 = x1 + sign * lane, x2 - sign * (GAP_X - lane)
    if abs(target.column - source.column) == 1 or not _blocked(sheet, source, target, y1, y2):
        return [(x1, y1), (turn2, y1), (turn2, y2), (x2, y2)]
    over = min(source.y, target.y) - _ABOVE + (lane - 20.0) / 2
    return [(x1, y1), (turn1, y1), (turn1, over), (turn2, over), (turn2, y2), (x2, y2)]


def _blocked(sheet: Sheet, source: Box, target: Box, y1: float, y2: float) -> bool:
    """A box stands in a column between, at the height at which the arrow would pass."""
    low, high = sorted((source.column, target.column))
    return any(
        low < box.column < high and box.y - 4 <= y <= box.bottom + 4 for box in sheet.boxes.values() for y in (y1, y2)
    )


def _rounded(points: list[Point]) -> str:
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        near, far = _towards(here, before), _towards(here, after)
        parts.append(f"L{near[0]:.1f} {near[1]:.1f} Q{here[0]:.1f} {here[1]:.1f} {far[0]:.1f} {far[1]:.1f}")
    parts.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return " ".join(parts)


def _towards(start: Point, end: Point) -> Point:
    """A little from `start` in the direction of `end`, at most half the way."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(_ROUND, length / 2) / length if length else 0.0
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
