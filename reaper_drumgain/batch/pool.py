"""Plans of many projects at once: on this machine's cores, or on a Dask cluster.

joblib does the scheduling. A process that dies at a project takes only that project with it:
those that were under way are tried again one by one. A cluster that goes away leaves the rest
to this machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reaper_drumgain.batch.work import BROKEN, Job, Result, begin, examine, plan_of
from reaper_drumgain.errors import HostError, InputError

#: a connection to a scheduler that takes longer will not come
_CONNECT_S = 10.0
#: tasks sent to each process ahead of what it works on
_AHEAD = 2
#: instead of a path: is a process able to plan anything?
_NO_PROJECT = ""

Tell = Callable[[str], None]
#: a task's key with its result, in the order in which they are done
Results = Generator[tuple[int, Result], None, None]
Engine = Callable[[Iterable[tuple[int, str]]], Results]


class WorkerLostError(Exception):
    """The process that made a plan ended."""


class ClusterLostError(Exception):
    """The cluster does not answer any more."""


def cores() -> int:
    """How many processes this one may keep busy."""
    import joblib

    return int(joblib.cpu_count())


def planned(
    paths: Mapping[int, str], job: Job, *, jobs: int, cluster: str | None, tell: Tell
) -> Results:
    """The results of ``work.plan_of`` for paths by key, as they come.

    ``tell`` gets a sentence where something went wrong that concerns no project. Raises
    InputError or HostError where the cluster cannot be had from the start, and HostError where
    no process lives long enough for any project.
    """
    waiting = dict(paths)
    if cluster is not None:
        with _cluster(cluster) as (engine, width):
            if width < 2:
                # joblib would work here, one project after the other
                raise HostError(
                    f"the Dask cluster at {cluster} has {width} worker threads: expected 2 or more"
                )
            remote = replace(job, threads=1, one_blas_thread=True)
            try:
                yield from _each(
                    *(waiting, lambda tasks: engine(tasks, remote), width),
                    mend=f"look into the logs of the workers at {cluster}",
                )
            except ClusterLostError as error:
                tell(
                    f"the cluster at {cluster} went away ({error}): the other {len(waiting)} "
                    "projects are done on this machine"
                )
    with contextlib.closing(_here(waiting, job, min(jobs, len(waiting)))) as results:
        for key, result in results:
            if result.error == BROKEN:
                # true of all the others, too
                raise HostError(result.message)
            yield key, result


def _here(waiting: dict[int, str], job: Job, jobs: int) -> Results:
    if jobs == 1:
        for key in list(waiting):
            yield key, plan_of(waiting.pop(key), job)
    elif jobs:
        local = replace(job, threads=max(1, cores() // jobs))
        yield from _each(
            *(waiting, lambda tasks: _local(tasks, local, jobs), jobs),
            mend=f"--jobs 1 needs none of them; if that fails, too, {sys.executable} is broken: "
            "install DrumGain again",
        )


def _each(waiting: dict[int, str], engine: Engine, width: int, *, mend: str) -> Results:
    """Takes each task out of ``waiting`` when its result is there. Raises HostError, with
    ``mend``, where processes end before they have begun with any."""
    lives = False
    while waiting:
        try:
            for key, result in engine(list(waiting.items())):
                lives = True
                del waiting[key]
                yield key, result
        except WorkerLostError:
            if not lives:
                _check_life(engine, mend)
                lives = True
            # one of those that were under way, and these are the first
            for key in list(waiting)[: (_AHEAD + 1) * width]:
                yield key, _alone(key, waiting[key], engine)
                del waiting[key]


def _check_life(engine: Engine, mend: str) -> None:
    try:
        for _ in engine([(0, _NO_PROJECT)]):
            pass
    except WorkerLostError as error:
        raise HostError(
            f"the processes that are to listen end at their start, whatever the project: {mend}"
        ) from error


def _alone(key: int, path: str, engine: Engine) -> Result:
    try:
        ((_, result),) = engine([(key, path)])
    except WorkerLostError as error:
        return Result(
            error="HostError",
            message=f"{path}: the process that listened to it ended ({error}): out of memory, or "
            "its media crash the decoder",
        )
    return result


def _numbered(key: int, path: str, job: Job) -> tuple[int, Result]:
    return key, examine() if path == _NO_PROJECT else plan_of(path, job)


def _parallel(tasks: Iterable[tuple[int, str]], job: Job, **options: Any) -> Results:
    import joblib

    run = joblib.Parallel(
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch=f"{_AHEAD}*n_jobs",
        **options,
    )
    with _interrupts_ignored():
        # processes that begin now inherit that: until they can say so themselves, an interrupt
        # at the terminal would make them print where they are
        results = run(joblib.delayed(_numbered)(key, path, job) for key, path in tasks)
    yield from results


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _local(tasks: Iterable[tuple[int, str]], job: Job, jobs: int) -> Results:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    with _safe_path(), warnings.catch_warnings():
        # a process that has decoded a kit is large: joblib replaces it, and need not say so
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        # and an interrupted run says itself how far it came
        warnings.filterwarnings("ignore", r"\d+ tasks (which|have been)", UserWarning)
        # where processes end at their start, its helper does, too
        warnings.filterwarnings("ignore", "resource_tracker", UserWarning)
        try:
            # never one process, which would be this one
            yield from _parallel(
                tasks,
                job,
                n_jobs=max(2, jobs),
                backend="loky",
                initializer=begin,
                initargs=(os.getpid(),),
            )
        except BrokenProcessPool as error:
            raise WorkerLostError(str(error).partition("\n")[0].strip()) from error


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that begin meanwhile import nothing from the working folder, which may be
    anybody's project folder with a numpy.py."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[tuple[Callable[..., Results], int]]:
    import logging

    import joblib

    try:
        import distributed
    except ImportError:
        raise InputError(
            "--cluster needs Dask: install DrumGain with its extra, 'reaper-drumgain[cluster]'"
        ) from None
    # what matters of it comes as an error, and is told in our words
    for name in ("asyncio", "distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("asyncio", "distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise HostError(
            f"no Dask scheduler answers at {address} ({_words(error)}): expected an address like "
            "tcp://host:8786, or tls://host:8786 with Dask's TLS settings"
        ) from error
    try:
        width = sum(client.ncores().values())

        def engine(tasks: Iterable[tuple[int, str]], job: Job) -> Results:
            try:
                with joblib.parallel_config(backend="dask", client=client):
                    yield from _parallel(tasks, job)
            except distributed.scheduler.KilledWorker as error:
                raise WorkerLostError("workers died at it, several times") from error
            except (OSError, RuntimeError, TimeoutError, distributed.CancelledError) as error:
                raise ClusterLostError(_words(error)) from error

        yield engine, width
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=1)


def _words(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip() or type(error).__name__
