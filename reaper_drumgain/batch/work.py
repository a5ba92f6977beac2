"""Makes the plan of one project, in any process. Writes nothing but the cache.

So a task may run twice, or be lost with its process, without harm.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import signal
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reaper_drumgain import __version__, errors
from reaper_drumgain.schema.settings import Settings

if TYPE_CHECKING:
    from reaper_drumgain.schema.plan import GainPlan

_LOOK_EVERY_S = 0.5
#: the error of a result where that process cannot plan any project
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with every project.

    Attributes
    ----------
    settings
        What the user wants.
    threads
        How many threads read and measure.
    cache
        Whether analysis results are kept.
    version
        The version of DrumGain that asks.
    one_blas_thread
        Whether to limit BLAS in a process that has imported numpy already.
    report
        Make the files of the report, too.
    sound
        With the drums before and after to hear.
    """

    settings: Settings
    threads: int = 1
    cache: bool = True
    version: str = __version__
    one_blas_thread: bool = False
    report: bool = False
    sound: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one project: a plan, or what went wrong.

    Attributes
    ----------
    plan
        The plan; None where something went wrong.
    digest
        Of the project's bytes.
    error
        The name of a class in errors.py, ``unexpected``, or ``BROKEN``; empty beside a plan.
    message
        What went wrong, or what the user has to know of the plan.
    notes
        Sentences that concern no single project.
    files
        Names and bytes of the report's files.
    """

    plan: GainPlan | None = None
    digest: str = ""
    error: str = ""
    message: str = ""
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()


def plan_of(path: str, job: Job) -> Result:
    """The plan of the project in a file. Never raises: errors are in the result."""
    broken = check_imports()
    if broken.error:
        return broken
    try:
        return _plan_of(path, job)
    except errors.DrumGainError as error:
        return Result(error=type(error).__name__, message=str(error))
    except Exception as error:
        # one broken project never stops the others
        message = f"{path}: unexpected {type(error).__name__}: {error}. Please report it"
        return Result(error="unexpected", message=message)


def check_imports() -> Result:
    """Check that this process can import what every plan needs: no error in the result."""
    try:
        for name in ("balance.pipeline", "report.build"):
            importlib.import_module(f"reaper_drumgain.{name}")
    except ImportError as error:
        message = (
            f"{sys.executable} cannot import the packages that it needs ({error}): install "
            "DrumGain again"
        )
        return Result(error=BROKEN, message=message)
    return Result()


def _plan_of(path: str, job: Job) -> Result:
    if job.version != __version__:
        raise errors.HostError(
            f"this worker has DrumGain {__version__}, the client {job.version}: install the same"
        )
    from reaper_drumgain.balance.folders import open_project

    project = open_project(path)
    from reaper_drumgain.balance.pipeline import balance
    from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
    from reaper_drumgain.cache.store import Store
    from reaper_drumgain.report.build import report_files, report_name

    notes: list[str] = []
    store = Store(notes.append) if job.cache else None
    analyzer = ProjectAnalyzer(store, threads=job.threads)
    message = ""
    with _blas_threads(job):
        try:
            plan = balance(project.session, job.settings, analyzer=analyzer)
        except errors.NoStemsError as error:
            # a folder of stems need not hold some of every project
            message = f"{error}: balanced without stems"
            settings = replace(job.settings, stems="")
            plan = balance(project.session, settings, analyzer=analyzer)
            plan = replace(plan, warnings=(message, *plan.warnings))
    analyzer.finish()
    files: dict[str, bytes] = {}
    if job.report:
        name = report_name(path)
        files = report_files(name, plan, analyzer.last, sound=job.sound)
    return Result(
        plan,
        digest_of(project.data),
        message=message,
        notes=tuple(notes),
        files=tuple(files.items()),
    )


def digest_of(data: bytes) -> str:
    """The SHA-256 of a project's bytes."""
    return hashlib.sha256(data).hexdigest()


def _blas_threads(job: Job) -> AbstractContextManager[object]:
    """One BLAS thread: every machine then sums in the same order, with equal results."""
    if not job.one_blas_thread:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def start_worker(client: int) -> None:
    """Prepare a worker process: it ignores interrupts, and ends when the client has ended.

    An interrupt at the terminal reaches all processes, and the client then ends its workers. A
    client that is killed cannot, and they would wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name != "nt":
        threading.Thread(target=_end_with, args=(client,), daemon=True).start()


def _end_with(client: int) -> None:
    while os.getppid() == client:
        time.sleep(_LOOK_EVERY_S)
    os._exit(1)
