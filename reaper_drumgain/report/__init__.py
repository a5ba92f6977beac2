"""Reports on a plan: a page that opens from disk without a network, with CSV and JSON beside it.

In: a session, its plan and the analysis behind it. Out: files as bytes by name
(``build.report_files``). ``facts`` gathers the numbers, ``pictures`` draws them, ``page`` fills
the templates (Jinja2, everything escaped), ``tables`` writes CSV, ``bounce`` mixes the drums
before and after. The drawings are matplotlib's, as SVG inside the page: they take the page's
colours, light and dark, and need no script.
"""
