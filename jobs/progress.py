"""The display of a run in progress: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from ledger.cli.context import tell
from ledger.labels import Said, label
from ledger.operations.job_runs import Failure, Run, Scope
from ledger.settings import language_of

Say = Callable[[Said], object]


class Progress:
    """Reports the progress of a run as lines of text.

    A line is written when a job begins, after each tenth of its items, for each failed item, and when the job ends.
    """

    def __init__(self, say: Say) -> None:
        self.say = say
        self.title, self.due, self.done = Said("", ""), 0, 0

    def waiting(self) -> None:
        """Report that another process holds the lease of the jobs."""
        self.say(Said("another process is at the jobs; waiting for it to end", "另一进程正在运行作业，等待其结束"))

    def began(self, title: Said, due: int) -> None:
        """Report that a job begins, and how many items are due."""
        self.title, self.due, self.done = title, due, 0
        if due:
            self.say(Said(f"{title}: {due} due", f"{title.zh}：应办 {due} 笔"))

    def advanced(self, done: int) -> None:
        """Report that `done` further items have been processed."""
        before, self.done = self.done, self.done + done
        if self.due and before * 10 // self.due < self.done * 10 // self.due:
            self.say(Said(f"{self.title}: {self.done} of {self.due}", f"{self.title.zh}：{self.done}/{self.due}"))

    def failed(self, failure: Failure) -> None:
        """Report an item that could not be done."""
        self.say(failure_line(failure))

    def ended(self, run: Run) -> None:
        """Report that a job has ended."""
        self.say(run_line(run))


class Bar(Progress):
    """Reports the progress of a run with a progress bar; failed items and ended jobs are reported as lines of text."""

    def __init__(self, bars: Bars) -> None:
        super().__init__(lambda line: bars.console.print(line.told(language_of()), markup=False, highlight=False))
        self.bars = bars
        self.task = bars.add_task("", total=None, visible=False)

    def began(self, title: Said, due: int) -> None:
        self.bars.reset(self.task, description=title.told(language_of()), total=due, visible=due > 0)

    def advanced(self, done: int) -> None:
        self.bars.advance(self.task, done)

    def ended(self, run: Run) -> None:
        self.bars.update(self.task, visible=False)
        super().ended(run)


def silent() -> Progress:
    """Return a progress display that writes nothing."""
    return Progress(lambda line: None)


@contextmanager
def shown() -> Iterator[Progress]:
    """Show progress on standard output: a bar where standard output is a terminal, else lines."""
    console = Console()
    if not console.is_terminal:
        yield Progress(tell)
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


def title_of(job: str, on: date, scope: Scope) -> Said:
    """Return the title of a run: `interest 2016-06-21 GZRCB/360781`."""
    rest = [part for part in (on.isoformat(), str(scope)) if part]
    return Said(" ".join((job, *rest)), " ".join((label("job", job, "zh"), *rest)))


def run_line(run: Run) -> Said:
    """Return one line about a run: the run's title, status and report, and how many items are done."""
    title = title_of(run.job, run.business_date, run.scope)
    status = label("job_run_status", run.status, "zh")
    reported = [(name, label("job_report", name, "zh"), value) for name, value in run.report.items()]
    return Said(
        f"{title}: {run.status}, {run.done} of {run.due} done"
        + "".join(f", {name.replace('_', ' ')}: {value}" for name, _, value in reported),
        f"{title.zh}：{status}，应办 {run.due} 笔，已办 {run.done} 笔"
        + "".join(f"，{zh} {value}" for _, zh, value in reported),
    )


def failure_line(failure: Failure) -> Said:
    """Return one line about an item that could not be done, with the code and the reason of the failure."""
    place = f"{failure.bank}/{failure.county}"
    return Said(
        f"{place} item {failure.item} failed: {failure.code}: {failure.en}",
        f"{place} 第 {failure.item} 项失败：{failure.zh}（{failure.code}）",
    )
