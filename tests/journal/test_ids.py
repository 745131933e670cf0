"""Tests that ids made by the program grow with time and are never made twice, in any thread or process."""

import subprocess
import sys
import textwrap
from functools import partial

from ledger.ids import new_id, new_ids
from tests.support.recording import at_once
from tests.support.sources import ROOT


def test_they_grow_and_fit_into_a_bigint() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(set(made))
    assert 0 < made[0] < made[-1] < 2**63


def test_a_block_is_a_row_of_them_and_the_next_comes_after() -> None:
    block, after = new_ids(300_000), new_id()
    assert len(block) == 300_000
    assert block[0] < block[-1] < after


def test_threads_get_different_ones() -> None:
    blocks = at_once([partial(new_ids, 5000) for _ in range(16)])
    made = [each for block in blocks if isinstance(block, range) for each in block]
    assert len(made) == len(set(made)) == 16 * 5000


FORKED = textwrap.dedent("""
    import os
    from ledger import ids

    ids.new_ids(2**40)  # far ahead of the clock, as after a large import: children would go on from there
    for child in range(20):
        if os.fork() == 0:
            os.write(1, b"%d\\n" % ids.new_id())
            os._exit(0)
    for child in range(20):
        os.wait()
""")


def test_forked_processes_get_different_ones() -> None:
    """Test the workers of a server that loads the program before forking.

    The workers start with equal memory and must still make different ids.
    """
    ended = subprocess.run([sys.executable, "-c", FORKED], cwd=ROOT, capture_output=True, text=True, check=True)
    made = ended.stdout.split()
    assert len(made) == 20
    assert len(set(made)) > 15, "each draws a number of its own; two of twenty may draw alike, all cannot"
