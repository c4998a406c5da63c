"""`swapstation diagram`: the chart of the swap as a picture, out of its own tables."""

import typer


def register(app: typer.Typer) -> None: ...
