"""The page of figures: a pure function of the rows and of what has changed since they were measured."""

from collections.abc import Callable, Sequence

from bench.store import Measured

Changed = Callable[[str, Sequence[str]], list[str] | None]
"""(commit, globs) -> files that changed since, or `None` for a commit that is not known."""

HEAD = """# Figures

Written by `make figures` from `bench/results`. A row is *stale* once a file that it speaks of has changed since its
commit.

| Figure | Bound | Measured | Kept | Commit | Command | Machine | Note |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
SHOWN_FILES = 3


def render(rows: Sequence[Measured], changed: Changed) -> str:
    """The page as Markdown."""
    return HEAD + "".join(_line(row, changed) for row in rows)


def _line(row: Measured, changed: Changed) -> str:
    figure, stale = row.figure, staleness(row, changed)
    kept = "yes" if figure.kept else "**no**"
    cells = (
        *(figure.name, figure.bound_text, figure.value_text, f"{kept}, *stale*: {stale}" if stale else kept),
        *(f"`{row.commit}`", f"`{figure.command}`", row.machine, figure.note),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def staleness(row: Measured, changed: Changed) -> str:
    """Why the row no longer speaks of the present files; empty for a fresh row."""
    if row.dirty:
        return f"measured before {_few(row.dirty)} was committed"
    files = changed(row.commit, row.figure.subject)
    if files is None:
        return "commit unknown"
    return f"{_few(files)} changed since" if files else ""


def _few(files: Sequence[str]) -> str:
    more = len(files) - SHOWN_FILES
    return ", ".join(files[:SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")
