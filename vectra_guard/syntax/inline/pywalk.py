"""Walks a python syntax tree: statements, and expressions folded to values as far as they can be known.

A value is a ``str`` with marks (see ``emit``), ``bytes``, a number, a list, a dict, a ``Ref`` (a dotted
    name such as
``os.system``), an ``Obj`` (an open file, a path, a socket …), a ``Func``, or ``UNKNOWN``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from vectra_guard.syntax.inline import emit, pyscan
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import MAX_VALUE, UNK, UNKNOWN_CODE, clean
from vectra_guard.syntax.inline.pyscan import UNKNOWN_NAME
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Func, Obj, Ref, Value, flat, item, operate, text

_MAX_STEPS = 20_000
_MAX_LOOP = 64
_MAX_CALLS = 12


class Walker:
    """One piece of code and the pieces it evaluates. ``run`` it, then take ``effects``."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.effects = Effects()
        self.names: dict[str, Value] = {}
        self.stars: list[str] = []
        self.steps = 0
        self.calls = 0
        self.returned: Value = UNKNOWN
        self.loops = 0

    def run(self, tree: ast.Module) -> None:
        self.body(tree.body)

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def _step(self) -> bool:
        self.steps += 1
        if self.steps == _MAX_STEPS:
            self.effects.add(UNKNOWN_CODE)
        return self.steps < _MAX_STEPS

    # --- statements ------------------------------------------------------------------------------------------

    def statement(self, node: ast.stmt) -> None:
        if not self._step():
            return
        reader = _STATEMENTS.get(type(node))
        if reader is not None:
            reader(self, node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.statement(child)

    def _expr(self, node: ast.Expr) -> None:
        value = self.value(node.value)
        if isinstance(value, Ref) and value.name.startswith(UNKNOWN_NAME):
            self.effects.add(UNKNOWN_CODE)  # a statement that only the running shell knows

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.names[alias.asname] = Ref(alias.name)
            else:
                top = alias.name.partition(".")[0]
                self.names[top] = Ref(top)

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(node.module or "")
            else:
                self.names[alias.asname or alias.name] = Ref(f"{node.module}.{alias.name}")

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value))

    def _aug_assign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            old = self.names.get(node.target.id, UNKNOWN)
            self.names[node.target.id] = operate(node.op, old, self.value(node.value))
        else:
            self.value(node.value)

    def bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            values = value if isinstance(value, list) and len(value) == len(target.elts) else None
            for place, element in enumerate(target.elts):
                self.bind(element, values[place] if values else UNKNOWN)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, UNKNOWN)
        elif isinstance(target, ast.Subscript):
            holder, key = self.value(target.value), self.value(target.slice)
            if isinstance(holder, Ref) and holder.name == "os.environ" and isinstance(key, str):
                self.effects.add(f"export {emit.word(key)}={emit.word(text(value))}")
            elif isinstance(holder, dict) and isinstance(key, (str, int)):
                holder[key] = value
        elif isinstance(target, ast.Attribute):
            holder = self.value(target.value)
            if isinstance(holder, Obj):
                holder.fields[target.attr] = value

    def _if(self, node: ast.If) -> None:
        test = self.value(node.test)
        if not (test is False or test is None or test == 0) or isinstance(test, (str, bytes)):
            self.body(node.body)
        self.body(node.orelse)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        values = elements(self, self.value(node.iter))
        self.loops += 1
        for value in values:
            self.bind(node.target, value)
            self.body(node.body)
        self.loops -= 1
        self.body(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.loops += 1
        self.value(node.test)
        self.body(node.body)
        self.loops -= 1
        self.body(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for entry in node.items:
            value = self.value(entry.context_expr)
            if entry.optional_vars is not None:
                self.bind(entry.optional_vars, value)
        self.body(node.body)

    def _try(self, node: ast.Try) -> None:
        self.body(node.body)
        for handler in node.handlers:
            self.body(handler.body)
        self.body(node.orelse)
        self.body(node.finalbody)

    def _def(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.names[node.name] = Func(node.args, node.body)
        for decorator in node.decorator_list:
            self.value(decorator)

    def _class(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.invoke(Func(statement.args, statement.body), [], {})  # its methods may all be called
            else:
                self.statement(statement)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.returned = self.value(node.value)

    def _assert(self, node: ast.Assert) -> None:
        self.value(node.test)

    # --- functions -------------------------------------------------------------------------------------------

    def invoke(self, func: Func, args: list[Value], keywords: dict[str, Value]) -> Value:
        """Follow a call of a function of this code."""
        if self.calls >= _MAX_CALLS or not self._step():
            return UNKNOWN
        names = [argument.arg for argument in (*func.args.posonlyargs, *func.args.args)]
        kept = dict(self.names)
        defaults = func.args.defaults
        for name, default in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            self.names[name] = self.value(default)
        for place, name in enumerate(names):
            if place < len(args):
                self.names[name] = args[place]
            elif name in keywords:
                self.names[name] = keywords[name]
            elif place < len(names) - len(defaults):
                self.names[name] = UNKNOWN
        if func.args.vararg:
            self.names[func.args.vararg.arg] = list(args[len(names) :])
        self.calls += 1
        outer, self.returned = self.returned, UNKNOWN
        if isinstance(func.body, list):
            self.body(func.body)
            result = self.returned
        else:
            result = self.value(func.body)
        self.returned = outer
        self.calls -= 1
        changed = self.names
        self.names = kept
        for name in names:
            changed.pop(name, None)
        for name, value in changed.items():
            if name not in kept:
                kept[name] = value  # `global x` and closures: rather known than lost
        return result

    def evaluate(self, source: Value, *, program: str = "python3") -> Value:
        """``exec`` or ``eval`` of a value."""
        from vectra_guard.syntax.inline import python  # the cycle is the language's own: code holds code

        known = text(source)
        if isinstance(source, Obj) and source.kind == "code":
            known = source.text
        if known == UNK or not emit.is_known(known):
            if emit.sole_output(known) is None and "\n" not in known and known.replace(UNK, "").strip() == "":
                self.effects.add(UNKNOWN_CODE)
            elif emit.sole_output(known) is not None:
                self.effects.run_code(known, program)
            else:
                self._run_partly_known(known)
            return UNKNOWN
        if self.depth > 6:
            self.effects.add(UNKNOWN_CODE)
            return UNKNOWN
        tree = python.parse(known.strip())
        if tree is None:
            if pyscan.names_danger(known):
                self.effects.add(UNKNOWN_CODE)
            return UNKNOWN
        self.depth += 1
        result: Value = UNKNOWN
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            result = self.value(tree.body[0].value)
        else:
            self.run(tree)
        self.depth -= 1
        return result

    def _run_partly_known(self, known: str) -> None:
        self.effects.add(UNKNOWN_CODE)

    # --- expressions -----------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        if not self._step():
            return UNKNOWN
        reader = _EXPRESSIONS.get(type(node))
        if reader is not None:
            result: Value = reader(self, node)
            if isinstance(result, (str, bytes, list)) and len(result) > MAX_VALUE:
                return UNKNOWN
            return result
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
        return UNKNOWN

    def _constant(self, node: ast.Constant) -> Value:
        value = node.value
        if isinstance(value, str):
            return clean(value)
        return value if isinstance(value, (bytes, int, float)) or value is None else UNKNOWN

    def _name(self, node: ast.Name) -> Value:
        known = self.names.get(node.id)
        if known is not None or node.id in self.names:
            return known
        if self.stars:
            from vectra_guard.syntax.inline.pycalls import CALLS

            for module in self.stars:
                if f"{module}.{node.id}" in CALLS:
                    return Ref(f"{module}.{node.id}")
        return Ref(node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        from vectra_guard.syntax.inline.pycalls import attribute

        return attribute(self, self.value(node.value), node.attr)

    def _subscript(self, node: ast.Subscript) -> Value:
        holder = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            parts = [self.value(p) if p is not None else None for p in
                     (node.slice.lower, node.slice.upper, node.slice.step)]  # fmt: skip
            return item(holder, slice(*parts) if all(p is None or isinstance(p, int) for p in parts) else UNKNOWN)
        return item(holder, self.value(node.slice))

    def _binary(self, node: ast.BinOp) -> Value:
        # a + b + c … nests to the left: unrolled, a long sum is not a deep recursion
        chain = [node]
        while isinstance(chain[-1].left, ast.BinOp):
            chain.append(chain[-1].left)
        value = self.value(chain[-1].left)
        for link in reversed(chain):
            value = operate(link.op, value, self.value(link.right))
        return value

    def _joined(self, node: ast.JoinedStr) -> Value:
        parts = []
        for piece in node.values:
            value = self.value(piece.value if isinstance(piece, ast.FormattedValue) else piece)
            parts.append(text(value))
        return "".join(parts)

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        values: list[Value] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                inner = self.value(element.value)
                values.extend(inner if isinstance(inner, list) else [UNKNOWN])
            else:
                values.append(self.value(element))
        return values

    def _dict(self, node: ast.Dict) -> Value:
        result: dict[str | int, Value] = {}
        for key, entry in zip(node.keys, node.values, strict=True):
            name = self.value(key) if key is not None else UNKNOWN
            value = self.value(entry)
            result[name if isinstance(name, (str, int)) else f"?{len(result)}"] = value
        return result

    def _if_else(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        yes, no = self.value(node.body), self.value(node.orelse)
        return yes if not isinstance(yes, str) or yes == no else UNK

    def _bool(self, node: ast.BoolOp) -> Value:
        values = [self.value(value) for value in node.values]
        known = [value for value in values if isinstance(value, (str, Ref))]
        return known[-1] if known and isinstance(node.op, ast.Or) else UNKNOWN

    def _not_minus(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
            return -value
        return UNKNOWN

    def _lambda(self, node: ast.Lambda) -> Value:
        return Func(node.args, node.body)

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.bind(node.target, value)
        return value

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        results: list[Value] = []
        self._generate(node.generators, 0, lambda: results.append(self.value(node.elt)))
        return results

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        def both() -> None:
            self.value(node.key)
            self.value(node.value)

        self._generate(node.generators, 0, both)
        return UNKNOWN

    def _generate(self, generators: list[ast.comprehension], place: int, use: Callable[[], object]) -> None:
        if place == len(generators):
            use()
            return
        for value in elements(self, self.value(generators[place].iter)):
            self.bind(generators[place].target, value)
            for test in generators[place].ifs:
                self.value(test)
            self._generate(generators, place + 1, use)

    def _await(self, node: ast.Await | ast.YieldFrom) -> Value:
        return self.value(node.value)

    def _call(self, node: ast.Call) -> Value:
        from vectra_guard.syntax.inline.pycalls import call, method

        callee = node.func
        args: list[Value] = []
        if isinstance(callee, ast.Attribute):
            base = self.value(callee.value)
            target = None if not isinstance(base, Ref) else Ref(f"{base.name}.{callee.attr}")
            if isinstance(base, Obj) and isinstance(base.fields.get(callee.attr), (Func, Ref)):
                target = base.fields[callee.attr]
        else:
            base = None
            target = self.value(callee)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                inner = self.value(argument.value)
                args.extend(inner if isinstance(inner, list) else [UNKNOWN])
            else:
                args.append(self.value(argument))
        keywords = {keyword.arg or "**": self.value(keyword.value) for keyword in node.keywords}
        if target is None:
            assert isinstance(callee, ast.Attribute)
            return method(self, base, callee.attr, args, keywords)
        return call(self, target, args, keywords)


def elements(walker: Walker, value: Value) -> list[Value]:
    """What a loop over a value runs with: the known elements up to a bound, else one unknown."""
    if isinstance(value, list):
        return value[:_MAX_LOOP] if len(value) <= _MAX_LOOP else [*value[:_MAX_LOOP], UNKNOWN]
    if isinstance(value, str) and emit.is_known(value) and len(value) <= _MAX_LOOP:
        return list(value)
    if isinstance(value, bytes) and len(value) <= _MAX_LOOP:
        return list(value)
    if isinstance(value, dict):
        return list(value)[:_MAX_LOOP]
    if isinstance(value, (Ref, Obj)):
        return [flat(walker.effects, value)]
    return [UNKNOWN]


_STATEMENTS: dict[type, Callable[..., None]] = {
    ast.Expr: Walker._expr,
    ast.Import: Walker._import,
    ast.ImportFrom: Walker._import_from,
    ast.Assign: Walker._assign,
    ast.AnnAssign: Walker._ann_assign,
    ast.AugAssign: Walker._aug_assign,
    ast.If: Walker._if,
    ast.For: Walker._for,
    ast.AsyncFor: Walker._for,
    ast.While: Walker._while,
    ast.With: Walker._with,
    ast.AsyncWith: Walker._with,
    ast.Try: Walker._try,
    ast.TryStar: Walker._try,
    ast.FunctionDef: Walker._def,
    ast.AsyncFunctionDef: Walker._def,
    ast.ClassDef: Walker._class,
    ast.Return: Walker._return,
    ast.Assert: Walker._assert,
}

_EXPRESSIONS: dict[type, Callable[..., Value]] = {
    ast.Constant: Walker._constant,
    ast.Name: Walker._name,
    ast.Attribute: Walker._attribute,
    ast.Subscript: Walker._subscript,
    ast.BinOp: Walker._binary,
    ast.JoinedStr: Walker._joined,
    ast.List: Walker._list,
    ast.Tuple: Walker._list,
    ast.Set: Walker._list,
    ast.Dict: Walker._dict,
    ast.IfExp: Walker._if_else,
    ast.BoolOp: Walker._bool,
    ast.UnaryOp: Walker._not_minus,
    ast.Lambda: Walker._lambda,
    ast.NamedExpr: Walker._walrus,
    ast.ListComp: Walker._comprehension,
    ast.SetComp: Walker._comprehension,
    ast.GeneratorExp: Walker._comprehension,
    ast.DictComp: Walker._dict_comprehension,
    ast.Await: Walker._await,
    ast.YieldFrom: Walker._await,
    ast.Call: Walker._call,
}
