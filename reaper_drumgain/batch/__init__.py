"""Many projects in one run: found, planned in parallel, written one after the other.

In: paths and ``run.Options``. Out: an ``outcome.Outcome`` per project, from ``run.Batch``.
``find`` looks for project files, ``lock`` keeps two runs out of one folder, ``journal`` notes
every write before it happens, so that an interrupted run can be resumed, ``work`` makes the plan
of one project in any process, ``pool`` has that done on all cores or on a Dask cluster, ``run``
writes the results, ``summary`` words them.
"""
