"""A report on a plan: one page that opens from disk without a network, with tables beside it.

``pictures`` draws with matplotlib, as SVG inside the page: it is a dependency already, its
drawings take the page's own colours, light and dark, and they need no script, where an
interactive library would put four megabytes of it into every page. ``page`` fills the
templates (Jinja2, everything escaped), ``tables`` writes CSV and JSON, ``build`` does it all.
"""
