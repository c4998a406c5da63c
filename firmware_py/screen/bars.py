"""Bars made of line characters: told apart by their weight, so that they read without colour too."""

from typing import Final

from rich.text import Text

HEAVY, LIGHT, HEAVY_TO_LIGHT, CROSSED, DONE_STYLE = "━", "─", "╾", "┿", "green"
TRACK_STYLE: Final = "bright_black"
OVER_STYLE: Final = "yellow"
LATE: Final = 1.1
"""Beyond so many times its nominal time a step is shown as late."""


def step_bar(width: int, full_s: float, actual_s: float | None, nominal_s: float | None, style: str) -> Text:
    """`actual_s` as a heavy line on a light one of `nominal_s`; the whole width stands for `full_s`."""
    bar = Text()
    if nominal_s is None:
        return bar.append(" " * width)
    track = min(width, max(1, round(nominal_s / full_s * width)))
    halves = 0 if actual_s is None else min(2 * width, max(1, round(actual_s / full_s * 2 * width)))
    if nominal_s and actual_s is not None and actual_s <= nominal_s:
        halves = min(halves, 2 * track)
    inside = min(halves, 2 * track)
    bar.append(HEAVY * (inside // 2), style)
    if inside % 2:
        bar.append(HEAVY_TO_LIGHT, style)
    bar.append(LIGHT * (track - (inside + 1) // 2), TRACK_STYLE)
    beyond = (halves - inside) // 2
    if beyond:
        late = actual_s is not None and actual_s > nominal_s * LATE
        bar.append(CROSSED + HEAVY * (beyond - 1), OVER_STYLE if late else style)
    return bar.append(" " * (width - bar.cell_len))


def gauge(width: int, share: float, style: str) -> Text:
    """A share of 0 to 1 of the whole width."""
    halves = round(min(1.0, max(0.0, share)) * 2 * width)
    bar = Text(HEAVY * (halves // 2), style)
    if halves % 2:
        bar.append(HEAVY_TO_LIGHT, style)
    return bar.append(LIGHT * (width - (halves + 1) // 2), TRACK_STYLE)
