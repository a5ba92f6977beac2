"""Plans many projects in parallel: on this machine's cores, or on a Dask cluster.

joblib does the scheduling. Where a process dies, the projects that were under way are tried
again one by one, so that only the one that kills its process fails. Where a cluster goes away,
this machine does the rest.
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

from reaper_drumgain.batch.work import BROKEN, Job, Result, check_imports, plan_of, start_worker
from reaper_drumgain.errors import HostError, InputError

#: time limit of the connection to a scheduler
_CONNECT_S = 10.0
#: tasks that wait at each process
_QUEUED_PER_PROCESS = 2
#: instead of a path: check that the process starts, no more
_NO_PROJECT = ""

Tell = Callable[[str], None]
#: tasks' keys with their results, in the order in which they are finished
Results = Generator[tuple[int, Result], None, None]
Engine = Callable[[Iterable[tuple[int, str]]], Results]


class WorkerLostError(Exception):
    """A worker process ended unexpectedly."""


class ClusterLostError(Exception):
    """The cluster no longer answers."""


def cores() -> int:
    """The number of cores that this process may use."""
    import joblib

    return int(joblib.cpu_count())


def plan_all(
    paths: Mapping[int, str], job: Job, *, jobs: int, cluster: str | None, tell: Tell
) -> Results:
    """The results of ``work.plan_of``, in the order in which they finish.

    Parameters
    ----------
    paths
        Paths of projects by key.
    job
        What is done with each.
    jobs
        Number of processes on this machine.
    cluster
        The address of a Dask scheduler. None for this machine.
    tell
        Gets a sentence on each problem that concerns no single project.

    Yields
    ------
    tuple
        Key and result of each project.

    Raises
    ------
    HostError
        The cluster cannot be reached at first, or no process survives its start.
    InputError
        Dask is not installed.
    """
    waiting = dict(paths)
    if cluster is not None:
        with _cluster(cluster) as (engine, width):
            if width < 2:
                # joblib would then work in this process, one project after the other
                raise HostError(
                    f"the Dask cluster at {cluster} has {width} worker threads: expected 2 or more"
                )
            remote = replace(job, threads=1, one_blas_thread=True)
            try:
                yield from _with_retries(
                    *(waiting, lambda tasks: engine(tasks, remote), width),
                    remedy=f"read the logs of the workers at {cluster}",
                )
            except ClusterLostError as error:
                tell(
                    f"lost the connection to the cluster at {cluster} ({error}): the other "
                    f"{len(waiting)} projects are balanced on this machine"
                )
    with contextlib.closing(_on_this_machine(waiting, job, min(jobs, len(waiting)))) as results:
        for key, result in results:
            if result.error == BROKEN:
                # it would be the same for all others
                raise HostError(result.message)
            yield key, result


def _on_this_machine(waiting: dict[int, str], job: Job, jobs: int) -> Results:
    if jobs == 1:
        for key in list(waiting):
            yield key, plan_of(waiting.pop(key), job)
    elif jobs:
        local = replace(job, threads=max(1, cores() // jobs))
        yield from _with_retries(
            *(waiting, lambda tasks: _local(tasks, local, jobs), jobs),
            remedy=f"try --jobs 1, which needs no other process; if that fails too, "
            f"{sys.executable} is damaged: install DrumGain again",
        )


def _with_retries(waiting: dict[int, str], engine: Engine, width: int, *, remedy: str) -> Results:
    """Run the tasks, and remove each from ``waiting`` when its result is there. Raises
    HostError, with ``remedy``, where processes end before they begin any task."""
    started = False
    while waiting:
        try:
            for key, result in engine(list(waiting.items())):
                started = True
                del waiting[key]
                yield key, result
        except WorkerLostError:
            if not started:
                _check_processes_start(engine, remedy)
                started = True
            # one of the tasks under way killed it, and those are the first of the list
            for key in list(waiting)[: (_QUEUED_PER_PROCESS + 1) * width]:
                yield key, _alone(key, waiting[key], engine)
                del waiting[key]


def _check_processes_start(engine: Engine, remedy: str) -> None:
    try:
        for _ in engine([(0, _NO_PROJECT)]):
            pass
    except WorkerLostError as error:
        raise HostError(
            "the processes that analyse audio end as soon as they start, for every project: "
            f"{remedy}"
        ) from error


def _alone(key: int, path: str, engine: Engine) -> Result:
    try:
        ((_, result),) = engine([(key, path)])
    except WorkerLostError as error:
        return Result(
            error="HostError",
            message=f"{path}: the process that analysed its audio ended ({error}): not enough "
            f"memory, or its media crash the decoder",
        )
    return result


def _numbered(key: int, path: str, job: Job) -> tuple[int, Result]:
    return key, check_imports() if path == _NO_PROJECT else plan_of(path, job)


def _parallel(tasks: Iterable[tuple[int, str]], job: Job, **options: Any) -> Results:
    import joblib

    run = joblib.Parallel(
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch=f"{_QUEUED_PER_PROCESS}*n_jobs",
        **options,
    )
    with _interrupts_ignored():
        # inherited by processes that start now: an interrupt at the terminal would make them
        # print a traceback before ``start_worker`` runs in them
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
        # joblib replaces processes that have grown large, and warns of it
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        # an interrupted run reports its progress itself
        warnings.filterwarnings("ignore", r"\d+ tasks (which|have been)", UserWarning)
        # where processes end at their start, joblib's helper process does, too
        warnings.filterwarnings("ignore", "resource_tracker", UserWarning)
        try:
            # with one job joblib would work in this process
            yield from _parallel(
                tasks,
                job,
                n_jobs=max(2, jobs),
                backend="loky",
                initializer=start_worker,
                initargs=(os.getpid(),),
            )
        except BrokenProcessPool as error:
            raise WorkerLostError(str(error).partition("\n")[0].strip()) from error


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that start meanwhile import nothing from the working folder, which may be an
    untrusted project folder with a numpy.py."""
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
    # its errors are raised and reported here, so its log is not needed
    for name in ("asyncio", "distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("asyncio", "distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise HostError(
            f"no Dask scheduler answers at {address} ({_first_line(error)}): expected an address "
            "like tcp://host:8786, or tls://host:8786 with Dask's TLS settings"
        ) from error
    try:
        width = sum(client.ncores().values())

        def engine(tasks: Iterable[tuple[int, str]], job: Job) -> Results:
            try:
                with joblib.parallel_config(backend="dask", client=client):
                    yield from _parallel(tasks, job)
            except distributed.scheduler.KilledWorker as error:
                raise WorkerLostError(
                    "the workers ended while they analysed it, several times"
                ) from error
            except (OSError, RuntimeError, TimeoutError, distributed.CancelledError) as error:
                raise ClusterLostError(_first_line(error)) from error

        yield engine, width
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=1)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].strip() or type(error).__name__
