"""The screen in rich: framed parts where there is room, tight columns with rules from 80 x 24 on."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from firmware_py.screen import parts
from firmware_py.screen.view import View

ROOMY_WIDTH, ROOMY_HEIGHT = 96, 30
TIGHT_WIDTH, TIGHT_HEIGHT = 80, 24
_SIDE = 40
_TIGHT_SIDE = 33
_BORDER = 4
_RAGGED = 10
"""Cells that wrapping between words may leave unused."""


@dataclass(frozen=True)
class Screen:
    """A view as a renderable. It fills the size that the console gives it."""

    view: View

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.height
        if options.max_width >= ROOMY_WIDTH and height >= ROOMY_HEIGHT:
            layout = _roomy(self.view, options.max_width, height)
        else:
            layout = _tight(self.view, options.max_width, height)
        yield from console.render(layout, options.update(height=height))


def _roomy(view: View, width: int, height: int) -> Layout:
    body, side = Layout(name="body"), Layout(name="side", size=_SIDE)
    foot = max(4, height - 24)
    left, inside = width - _SIDE - _BORDER, _SIDE - _BORDER
    locks = _lines(parts.lock_lines(view.locks, inside))
    side.split_column(
        Layout(_panel("Lift", _lines(parts.lift_lines(view, inside))), size=4),
        Layout(_panel("Lock points", locks, parts.lock_summary(view.locks)), size=5),
        Layout(_panel("Bays", _lines(parts.bay_lines(view.bays, inside))), size=9),
        Layout(_panel("Order", Group(*parts.foot_lines(view)))),
    )
    body.split_row(
        Layout(_panel("Swap", _lines(parts.step_lines(view, left)), "actual and nominal seconds")),
        side,
    )
    bottom = Layout(name="bottom", size=foot)
    for_faults = width * 3 // 5 if view.faults else _SIDE
    rows = parts.row_lines(view, width - for_faults - _BORDER, foot - 2)
    faults = parts.fault_lines(view.faults, (for_faults - _BORDER) * (1 if len(view.faults) > 1 else 2) - _RAGGED)
    bottom.split_row(
        Layout(_panel("Chart: active and last rows", _lines(rows))),
        Layout(_panel("Faults", Group(*faults), alarm=bool(view.faults)), size=for_faults),
    )
    return _stacked(view, width, body, bottom)


def _tight(view: View, width: int, height: int) -> Layout:
    body, side = Layout(name="body"), Layout(name="side", size=_TIGHT_SIDE)
    left = width - _TIGHT_SIDE - 3
    bottom = Layout(Group(*_foot(view, width)), name="bottom", size=max(2, height - 22))
    now = _lines(parts.row_lines(view, _TIGHT_SIDE, height - 4 - 16))
    locks = _lines(parts.lock_lines(view.locks, _TIGHT_SIDE))
    side.split_column(
        Layout(_ruled("lift", _lines(parts.lift_lines(view, _TIGHT_SIDE))), size=3),
        Layout(_ruled(f"locks: {parts.lock_summary(view.locks)}", locks), size=4),
        Layout(_ruled("bays", _lines(parts.bay_lines(view.bays, _TIGHT_SIDE))), size=8),
        Layout(_ruled("chart", now)),
    )
    steps = Text("\n").join(Text(" ").append_text(line) for line in parts.step_lines(view, left))
    steps.no_wrap = True
    body.split_row(Layout(steps), Layout(_lines([Text("│", "bright_black")] * 20), size=2), side)
    return _stacked(view, width, body, bottom)


def _stacked(view: View, width: int, body: Layout, bottom: Layout) -> Layout:
    whole = Layout()
    whole.split_column(Layout(_lines([parts.heading(view, width), parts.notice(view)]), size=2), body, bottom)
    return whole


def _foot(view: View, width: int) -> list[Text]:
    lines = parts.fault_lines(view.faults, width - 1) if view.faults else parts.foot_lines(view)
    for line in lines:
        line.truncate(width - 1, overflow="ellipsis")
        line.no_wrap = True
    return [Text(" ").append_text(line) for line in lines]


def _panel(title: str, content: RenderableType, note: str = "", *, alarm: bool = False) -> Panel:
    return Panel(
        content,
        title=Text(title, "bold red" if alarm else "bold white"),
        subtitle=Text(note, "bright_black") if note else None,
        title_align="left",
        subtitle_align="right",
        border_style="red" if alarm else "bright_black",
    )


def _ruled(title: str, content: RenderableType) -> Group:
    return Group(Rule(Text(title, "bold"), align="left", style="bright_black"), content)


def _lines(lines: list[Text]) -> Text:
    text = Text("\n").join(lines)
    text.no_wrap = True
    text.overflow = "crop"
    return text
