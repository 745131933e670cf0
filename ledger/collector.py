"""The settings of Python's cyclic garbage collector for a process that holds many rows."""

import gc


def tune() -> None:
    """Exclude the modules loaded so far from later collections, and collect less often.

    Call `tune` once, after a process has loaded its modules. Objects made from database rows form no reference cycles.
    With Python's defaults, the search for reference cycles takes a fifth of the time of an import.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
