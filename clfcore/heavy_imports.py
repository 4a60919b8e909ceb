"""The heavy libraries, imported one after another, by one thread at a time.

Where two threads first import two parts of one library at the same moment, Python breaks the deadlock of their locks by
handing one of them a module that is not complete: `cannot import name 'InterpolationMode' from partially initialized
module 'torchvision.transforms'`. And plotly, while it is imported, looks at a pandas that another thread imports. The
pages of several people, and their background threads, do that whenever a server is new. So:

- a module of this package that imports a heavy library at its top has it loaded here first: the package's own
  loader, which a finder on sys.meta_path gives it, sees to that, and no author can forget it;
- a function of another module that imports one calls `load` before (a test holds the package to that).

Nothing is loaded earlier than without this: `import clfcore` and the command line's help stay quick.
"""

import ast
import importlib
import importlib.machinery
import re
import sys
import threading
from collections.abc import Sequence
from types import ModuleType

# In this order: pandas before plotly, which looks for it; a package before the parts that import it back.
ORDER = (
    "pandas",
    "plotly.graph_objects",
    "torch",
    "torchvision",
    "torchvision.transforms.v2",
    "timm",
    "pytorch_grad_cam",
)
ROOTS = tuple(dict.fromkeys(name.partition(".")[0] for name in ORDER))

_AT_A_LINES_START = re.compile(rf"^(?:import|from) (?:{'|'.join(ROOTS)})\b".encode(), re.MULTILINE)
_one_at_a_time = threading.RLock()
_PARSING = threading.Lock()
_loaded: set[str] = set()


def load(library: str) -> None:
    """Have a library of ORDER, named by its root, imported, with all that stand before it; others wait meanwhile.

    Alone in its process a thread has nobody to wait for, and imports what it needs when it needs it.
    """
    names = ORDER[: 1 + max(place for place, name in enumerate(ORDER) if name.partition(".")[0] == library)]
    if _loaded.issuperset(names) or threading.active_count() == 1:
        return
    with _one_at_a_time:
        for name in names:
            if name not in _loaded:
                importlib.import_module(name)
                _loaded.add(name)


def is_loaded(library: str) -> bool:
    """Whether `load` would return at once."""
    return all(name in _loaded for name in ORDER if name.partition(".")[0] == library)


def _parsed(source: bytes) -> ast.Module:
    """The syntax tree of a module. CPython 3.11 counts the depth of all threads' trees together and fails at a mismatch
    (python/cpython#106905): one tree at a time here, and again where another library was parsing meanwhile.
    """
    with _PARSING:
        for _ in range(20):
            try:
                return ast.parse(source)
            except SystemError:
                continue
        return ast.parse(source)


def imported_at_the_top(source: bytes) -> tuple[str, ...]:
    """The heavy libraries that a module's own statements import, in the order of ROOTS.

    >>> imported_at_the_top(b"import torch\\nfrom timm.data import x\\nif False:\\n    import plotly")
    ('torch', 'timm')
    """
    if not _AT_A_LINES_START.search(source):
        return ()
    named: set[str] = set()
    for node in _parsed(source).body:  # a line may also stand in a text, as of code that is written for others
        if isinstance(node, ast.Import):
            named |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add((node.module or "").partition(".")[0])
    return tuple(library for library in ROOTS if library in named)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module of this package as Python does, the heavy libraries that it imports at its top first.

    The thread holds the locks of modules of this package alone when it waits, and the thread that it waits for asks for
    none of those: no two can wait for each other. (A finder cannot wait: it is asked under a lock of the whole import.)
    """

    def exec_module(self, module: ModuleType) -> None:
        for library in imported_at_the_top(self.get_data(self.path)):
            load(library)
        super().exec_module(module)


class _Finder:
    """Finds the modules of this package, to be loaded by _Loader; knows no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("clfcore."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """Once a process, when the package is imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
