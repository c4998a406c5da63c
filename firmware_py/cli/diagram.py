"""`swapstation diagram`: the chart of the swap as a picture, out of its own tables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from firmware_py.cli import exits


class Format(StrEnum):
    """How the chart is written."""

    MERMAID = "mermaid"
    SVG = "svg"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diagram")(diagram)


def diagram(
    form: Annotated[
        Format, typer.Option("--format", help="markdown is mermaid with a page around it.")
    ] = Format.MERMAID,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it; else to stdout.")] = None,
) -> None:
    """Draw the chart of the swap from the tables that run it, so that picture and machine cannot differ.

    \b
    Examples:
      swapstation diagram > chart.mmd
      swapstation diagram --format svg --output docs/chart.svg
    """
    from firmware_py.cli.chart.mermaid import markdown, mermaid
    from firmware_py.cli.chart.svg import svg

    text = {Format.MERMAID: mermaid, Format.SVG: svg, Format.MARKDOWN: markdown}[form]()
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        exits.leave(exits.FAILED, f"{output}: {error.strerror}")
