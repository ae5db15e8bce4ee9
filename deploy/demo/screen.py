"""What the demonstration prints: Chinese first, English beside it, one line a step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

WORDS_WIDTH: Final = 66
SECONDS_BETWEEN_LINES: Final = 10.0
REDRAWS_PER_SECOND: Final = 4
"""Drawing costs processor time, and there is little of it beside a whole product."""


class Bar(Protocol):
    """Shows how far something is."""

    def show(self, done: int, total: int | None) -> None:
        """So much of so much; None while nobody knows."""


class _Drawn:
    """A bar on a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def show(self, done: int, total: int | None) -> None:
        self._progress.update(self._task, completed=done, total=total)


class _Written:
    """A line now and then, where nothing can be drawn over."""

    def __init__(self, screen: "Screen", words: str) -> None:
        self._screen = screen
        self._words = words
        self._due = time.monotonic() + SECONDS_BETWEEN_LINES

    def show(self, done: int, total: int | None) -> None:
        if time.monotonic() >= self._due:
            self._due += SECONDS_BETWEEN_LINES
            self._screen.note(f"{self._words} {done:,}" + ("" if total is None else f" / {total:,}"))


class Screen:
    """A terminal, or a file when the output goes there."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    def heading(self, zh: str, en: str) -> None:
        """A chapter."""
        self._console.print(f"\n[bold]{escape(zh)}[/bold] · {escape(en)}")

    def step(self, zh: str, en: str, *, ms: float, ok: bool) -> None:
        """A finished step."""
        words = f"{zh} · {en}"
        mark = "[green]✓[/green]" if ok else "[red]✗[/red]"
        padding = " " * max(1, WORDS_WIDTH - cell_len(words))
        self._console.print(f"  {mark} {escape(words)}{padding}{duration(ms):>9}")

    def note(self, text: str) -> None:
        """Something worth knowing about a step."""
        self._console.print(f"      [dim]{escape(text)}[/dim]")

    def fail(self, text: str) -> None:
        """Why the run ends here."""
        self._console.print(f"\n[red]{escape(text)}[/red]")

    def line(self, text: str = "") -> None:
        """Plain text."""
        self._console.print(escape(text))

    @contextmanager
    def bar(self, words: str) -> Iterator[Bar]:
        """A bar that disappears when the work is done."""
        if not self._console.is_terminal:
            yield _Written(self, words)
            return
        columns = (
            TextColumn("    {task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
        )
        with Progress(
            *columns, console=self._console, transient=True, refresh_per_second=REDRAWS_PER_SECOND
        ) as progress:
            yield _Drawn(progress, progress.add_task(words, total=None))


def duration(ms: float) -> str:
    """Milliseconds as a person reads them."""
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s"  # noqa: PLR2004 - a second
