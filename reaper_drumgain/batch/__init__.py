"""Many projects in one go: found, planned in parallel, written one after the other.

``find`` looks for project files, ``lock`` keeps two runs out of one folder, ``journal`` notes
every write before it happens so that an interrupted run can go on, ``work`` makes the plan of
one project (anywhere), ``pool`` has that done in processes or on a cluster, ``run`` writes.
"""
