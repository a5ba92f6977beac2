"""Running REAPER, driven from inside through python-reapy.

``snapshot`` reads the open project to a Session in slices, ``link`` has the worker process
make a plan of it, ``apply`` sets the faders as one undo step, ``automate`` the envelopes too;
``commands`` is what the actions call. Inside REAPER only the standard library, reapy and the
package's stdlib-only modules may be imported. Importing this package alone touches neither reapy
nor REAPER.
"""

#: yielded by a step that waits for something outside this process (see ``tasks``)
WAIT = "wait"
