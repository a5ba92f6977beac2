"""What REAPER needs on this computer: its folders, its Python, the copied actions.

Comes in: nothing but the computer. Goes out: where REAPER's resource folders are
(``resource_folders``), which Python library its preferences need (``python_library``), what its
``reaper.ini`` says of that and how to change it (``reaper_ini``), the environment that the worker
runs in (``environment``), and a check of the whole chain (``doctor``, ``checks``). REAPER itself
need not run, and must not run while ``reaper.ini`` is written.
"""
