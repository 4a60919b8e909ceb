"""Source of the lab's own functions and classes, taken over whole with all they call: what runs without the lab."""

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType

PACKAGE = "clfcore"
Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class OwnSource:
    """Import statements of other packages, sorted, and the definitions in an order in which they can stand."""

    imports: tuple[str, ...]
    definitions: tuple[str, ...]


class CannotTakeOver(Exception):
    """Two definitions of one name, one that is not at the top of its module, or a variable that would hide one."""


def own_source(parts: Sequence[object]) -> OwnSource:
    """The source of some functions and classes of the package, and of all of its own that they use.

    Annotations are kept as they stand, though what they name is not where it is the package's own: the code needs
    `from __future__ import annotations`. Raises CannotTakeOver.
    """
    taken = _Taken()
    for part in parts:
        name, module = getattr(part, "__name__", ""), getattr(part, "__module__", "")
        if not module.startswith(PACKAGE):
            raise CannotTakeOver(f"{name or part!r} is not of {PACKAGE}")
        taken.take(importlib.import_module(module), name)
    return OwnSource(tuple(sorted(taken.imports)), tuple(taken.definitions))


@dataclass(frozen=True)
class _Import:
    """What a module knows under a name: a module of the package, or a name in one; else a statement."""

    statement: str
    module: str = ""
    name: str = ""


@dataclass(frozen=True)
class _Module:
    text: str
    definitions: dict[str, Definition]
    imports: dict[str, _Import]


@functools.cache
def _read(module: ModuleType) -> _Module:
    text = inspect.getsource(module)
    definitions: dict[str, Definition] = {}
    imports: dict[str, _Import] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                definitions[name] = node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                definitions[name] = node
            case ast.Import() | ast.ImportFrom():
                imports |= _imported(node)
    return _Module(text, definitions, imports)


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, _Import]:
    imports = {}
    for alias in node.names:
        known_as = alias.asname or alias.name.partition(".")[0]
        if isinstance(node, ast.Import):
            imports[known_as] = _Import(ast.unparse(ast.Import([alias])))
            continue
        source = node.module or ""
        statement = ast.unparse(ast.ImportFrom(source, [alias], 0))
        if not source.startswith(PACKAGE):
            imports[known_as] = _Import(statement)
        elif isinstance(getattr(importlib.import_module(source), alias.name), ModuleType):
            imports[known_as] = _Import(statement, f"{source}.{alias.name}")
        else:
            imports[known_as] = _Import(statement, source, alias.name)
    return imports


@dataclass
class _Taken:
    """What was taken over so far; a definition comes after those that it uses."""

    imports: set[str] = field(default_factory=set)
    definitions: list[str] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)  # the module of each name

    def take(self, module: ModuleType, name: str) -> None:
        home = self.homes.setdefault(name, module.__name__)
        if home != module.__name__:
            raise CannotTakeOver(f"{home} and {module.__name__} both have {name}")
        read = _read(module)
        if name not in read.definitions:
            raise CannotTakeOver(f"{name} is not at the top of {module.__name__}")
        node = read.definitions[name]
        text = _segment(read.text, node)
        for annotated in _annotated(node):
            if (known := read.imports.get(annotated)) is not None and not known.module:
                self.imports.add(known.statement)
        for used in _names(node):
            first, _, rest = used.partition(".")
            known = read.imports.get(first)
            if known is None:
                if first in read.definitions and first not in self.homes:
                    self.take(module, first)
            elif not known.module:
                self.imports.add(known.statement)
            else:
                wanted = known.name or rest
                source = importlib.import_module(known.module)
                if wanted not in self.homes or self.homes[wanted] != known.module:
                    self.take(source, wanted)
                if not known.name:
                    if wanted in _assigned(node):
                        raise CannotTakeOver(f"{name} of {module.__name__} has a variable {wanted}")
                    text = re.sub(rf"\b{first}\.(?={wanted}\b)", "", text)
        self.definitions.append(text)


def _segment(text: str, node: Definition) -> str:
    """A definition's lines, decorators among them."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def _names(node: ast.AST) -> Iterator[str]:
    """Names that running a definition needs, `module.name` where it says so; annotations need none."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            inner: list[ast.AST] = [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
            inner += [node.body] if isinstance(node, ast.Lambda) else [*node.decorator_list, *node.body]
        case ast.AnnAssign():
            inner = [node.value] if node.value else []
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            yield f"{name}.{attribute}"
            return
        case ast.Name(id=name):
            yield name
            return
        case _:
            inner = list(ast.iter_child_nodes(node))
    for part in inner:
        yield from _names(part)


def _annotated(node: ast.AST) -> set[str]:
    """Names in the annotations of a definition."""
    notes = [
        note
        for part in ast.walk(node)
        for note in (getattr(part, "annotation", None), getattr(part, "returns", None))
        if isinstance(note, ast.AST)
    ]
    return {part.id for note in notes for part in ast.walk(note) if isinstance(part, ast.Name)}


def _assigned(node: ast.AST) -> set[str]:
    """Variables and parameters of a definition."""
    stored = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return stored | {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
