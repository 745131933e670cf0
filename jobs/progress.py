"""What a run shows while it goes: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from ledger.operations.job_runs import Failure, Run

Say = Callable[[str], object]


class Progress:
    """Told by the runner how it goes; says a job's beginning, every tenth of it, its failures, its end."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.title, self.due, self.done = "", 0, 0

    def waiting(self) -> None:
        """Another process is at the jobs."""
        self.say("another process is at the jobs; waiting for it to end")

    def began(self, title: str, due: int) -> None:
        """A job begins, with so many items due."""
        self.title, self.due, self.done = title, due, 0
        if due:
            self.say(f"{title}: {due} due")

    def advanced(self, done: int) -> None:
        """So many items more are done."""
        before, self.done = self.done, self.done + done
        if self.due and before * 10 // self.due < self.done * 10 // self.due:
            self.say(f"{self.title}: {self.done} of {self.due}")

    def failed(self, failure: Failure) -> None:
        """An item could not be done."""
        self.say(failure_line(failure))

    def ended(self, run: Run) -> None:
        """A job is over."""
        self.say(run_line(run))


class Bar(Progress):
    """The same with a bar in place of the lines on the way."""

    def __init__(self, bars: Bars) -> None:
        super().__init__(lambda line: bars.console.print(line, markup=False, highlight=False))
        self.bars = bars
        self.task = bars.add_task("", total=None, visible=False)

    def began(self, title: str, due: int) -> None:
        self.bars.reset(self.task, description=title, total=due, visible=due > 0)

    def advanced(self, done: int) -> None:
        self.bars.advance(self.task, done)

    def ended(self, run: Run) -> None:
        self.bars.update(self.task, visible=False)
        super().ended(run)


def silent() -> Progress:
    """For a caller that does not look."""
    return Progress(lambda line: None)


@contextmanager
def shown() -> Iterator[Progress]:
    """On standard output: a bar when it is a terminal, else lines."""
    console = Console()
    if not console.is_terminal:
        yield Progress(click.echo)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as bars:
        yield Bar(bars)


def title_of(run: Run) -> str:
    """`interest 2016-06-21 GZRCB/360781`"""
    return " ".join(filter(None, (run.job, run.business_date.isoformat(), str(run.scope))))


def run_line(run: Run) -> str:
    """One line about a run as it stands."""
    reported = "".join(f", {name.replace('_', ' ')}: {value}" for name, value in run.report.items())
    return f"{title_of(run)}: {run.status}, {run.done} of {run.due} done{reported}"


def failure_line(failure: Failure) -> str:
    """One line about an item that could not be done."""
    return f"{failure.bank}/{failure.county} item {failure.item} failed: {failure.code}: {failure.en}"
