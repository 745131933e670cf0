"""Print sixty random sentences from docstrings and comments, for a reader who does not see the code.

`python -m tests.house.sentences SEED` prints the sentences. A reader who does not know the code reads each printed
sentence once and counts the unclear sentences. The file docs/decisions.md says how many sentences may be unclear.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from random import Random

from tests.support.sources import Source, sources

DRAWN = 60
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'“（(])")
_RELEASED = "migrations/versions/"
"""The folder of released migrations, which are never edited."""
_WORDS_MIN = 4
"""The least length of a sentence, in words; a heading such as `# Fund.` is left out."""


def sentences() -> list[tuple[str, str]]:
    """Return every sentence of a docstring or comment with the path of its file, file by file."""
    written = [source for source in sources() if not source.path.startswith(_RELEASED)]
    return [(source.path, sentence) for source in written for text in _prose(source) for sentence in _parted(text)]


def draw(seed: int, count: int = DRAWN) -> list[tuple[str, str]]:
    """Return a random sample of different sentences, which depends only on the seed."""
    return Random(seed).sample(sentences(), count)


def _prose(source: Source) -> Iterator[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(source.tree) if isinstance(node, documented)]
    yield from (text for node in nodes if (text := ast.get_docstring(node)) is not None)
    yield from _comments(source.text)


def _comments(text: str) -> Iterator[str]:
    """Return the comments of a file; comments on adjacent lines are joined into one text."""
    block: list[str] = []
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        comment = token.string.lstrip("# ").strip()
        if comment.startswith(("fmt:", "noqa", "type:")):
            continue
        if token.start[0] != last + 1:
            yield " ".join(block)
            block = []
        block.append(comment)
        last = token.start[0]
    yield " ".join(block)


def _parted(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in _END.split(" ".join(paragraph.split())):
            if len(sentence.split()) >= _WORDS_MIN:
                yield sentence


if __name__ == "__main__":
    for number, (path, sentence) in enumerate(draw(int(sys.argv[1])), 1):
        sys.stdout.write(f"{number:2} {path}\n   {sentence}\n")
