"""Reads the tokens of perl, ruby, php, javascript and lua: tolerant of grammar, exact about values that are known.

There is one reader because the question is one: which calls are made, with which arguments? Statements run in the
order in which they stand, function bodies included, every branch taken. Precedence of operators is ignored where it
cannot change a text. What each call does is the table of its language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.effects import Effects
from vectra_guard.syntax.inline.emit import MAX_VALUE, UNK, UNKNOWN_CODE
from vectra_guard.syntax.inline.lexer import Dialect, Token, interpolated, tokens
from vectra_guard.syntax.inline.pyvalues import UNKNOWN, Obj, Ref, Value, flat, item, text

Handler = Callable[["Reader", list[Value]], Value]
_MAX_STEPS = 20_000
_MAX_PATTERN = 200  # tokens of `const {a, b} =`; a longer one is read as a block


@dataclass(frozen=True, slots=True)
class Language:
    """A language's words, operators and calls."""

    dialect: Dialect
    program: str  # the interpreter, for code that cannot be read
    calls: Mapping[str, Handler]  # full dotted name -> effect
    tails: Mapping[str, Handler]  # last name, whatever it is called on
    concat: frozenset[str]
    members: frozenset[str]  # operators that select a member
    bare: bool = False  # calls without parentheses
    skip: frozenset[str] = frozenset()  # words that say nothing here: my, const, return …
    folded: bool = False  # names of functions are case-insensitive
    environment: frozenset[str] = frozenset()  # names that are the environment
    globals: Mapping[str, Value] = field(default_factory=dict)


_ENDS = frozenset({")", "]", "}", ";", ",", ":"})
_STOP_WORDS = frozenset(
    ["if", "unless", "while", "until", "for", "foreach", "or", "and", "do", "then", "end", "else", "elsif", "rescue"]
)
_NO_CALL = _STOP_WORDS | frozenset(
    ["not", "x", "eq", "ne", "lt", "gt", "le", "ge", "cmp", "in", "of", "instanceof", "from", "as", "new"]
)
_CALLBACKS = frozenset(
    [
        "then",
        "each",
        "map",
        "forEach",
        "on",
        "pipe",
        "tap",
        "then",
        "each_line",
        "each_entry",
        "select",
        "reject",
        "filter",
        "get",
        "each_child",
    ]
)


class Reader:
    """One piece of code. ``run`` it, then take ``effects``."""

    def __init__(self, source: str, language: Language, depth: int = 0, outer: Reader | None = None) -> None:
        self.language = language
        self.source = source
        self.depth = depth
        self.tokens: list[Token] = tokens(source, language.dialect)
        self.at = 0
        self.steps: list[int] = outer.steps if outer else [0]
        self.effects: Effects = outer.effects if outer else Effects()
        self.names: dict[str, Value] = outer.names if outer else dict(language.globals)
        self.subject: Value = outer.subject if outer else UNKNOWN
        self.loops: int = outer.loops if outer else 0

    # --- statements ------------------------------------------------------------------------------------------

    def run(self) -> Value:
        result: Value = UNKNOWN
        while self.at < len(self.tokens):
            before = self.at
            token = self.tokens[before]
            if token.kind == "name" and (UNK in token.value or "\0" in token.value):
                self.effects.add(UNKNOWN_CODE)  # a statement that only the running shell knows
            result = self.expression()
            if self.at == before:
                self.at += 1  # a closing bracket or a separator between statements
        return result

    def code(self, source: Value, extra: str = "") -> Value:
        """Text that is run as code of the same language."""
        known = flat(self.effects, source)
        if known == UNK or not emit.is_known(known):
            if emit.is_known(known.replace(UNK, "")) and known.replace(UNK, "").strip():
                self.effects.add(UNKNOWN_CODE)
            else:
                self.effects.run_code(known, self.language.program)
            return UNKNOWN
        if self.depth >= 6:
            self.effects.add(UNKNOWN_CODE)
            return UNKNOWN
        return Reader(known + extra, self.language, self.depth + 1, self).run()

    def _peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else _END

    def _is(self, *values: str) -> bool:
        token = self._peek()
        return token.kind in ("op", "name") and token.value in values

    def follows(self, *values: str) -> bool:
        """Is one of these the next word? (``fork while 1``)"""
        return self._is(*values)

    def _skip_lines(self) -> None:
        while self._peek().kind == "nl":
            self.at += 1

    # --- expressions -----------------------------------------------------------------------------------------

    def expression(self) -> Value:
        """Up to a separator, a closing bracket or the end of the line."""
        self.steps[0] += 1
        if self.steps[0] > _MAX_STEPS:
            if self.steps[0] == _MAX_STEPS + 1:
                self.effects.add(UNKNOWN_CODE)
            self.at = len(self.tokens)
            return UNKNOWN
        start = self.at
        value = self.primary()
        if self.at == start:
            return UNKNOWN
        while True:
            token = self._peek()
            operator = token.value
            if token.kind == "nl":
                following = self._peek(1)
                if following.kind == "op" and following.value in self.language.members - {"::"}:
                    self.at += 1  # a chain that goes on in the next line
                    continue
                return value
            if token.kind == "name":
                if operator == "x" and self.language.dialect.name == "perl":
                    self.at += 1
                    value = _repeated(value, self.primary())
                    continue
                return value
            if token.kind != "op" or operator in _ENDS or operator in ("(", "{", "["):
                return value  # a bracket that no postfix took begins something new
            self.at += 1
            value = self._operate(operator, value, start)

    def _operate(self, operator: str, value: Value, start: int) -> Value:
        self._skip_lines()
        if operator == "=":
            right = self.expression()
            self._bind(start, right)
            return right
        if operator in ("=>",):
            return self.expression() if not self._is("{") else self.block()
        if operator in ("++", "--"):
            return UNKNOWN
        if operator in self.language.members and self._peek().kind == "name":
            return self._postfix(value, operator)
        right = self.primary() if operator in self.language.concat else self._right()
        if operator in self.language.concat:
            if isinstance(value, int) and isinstance(right, int):
                return value + right
            if isinstance(value, list) and isinstance(right, list):
                return value + right
            return emit.bounded(text(value) + text(right))
        if operator in (".=", "+=", "<<") and self.tokens[start].kind in ("var", "name"):
            total = emit.bounded(text(value) + text(right))
            self.names[self.tokens[start].value] = total
            if isinstance(value, Obj) and value.kind == "file":
                self.write(value, text(right))
            return total
        if operator == "*":
            return _repeated(value, right)
        if operator in ("||", "??", "//", "|", "&&", "?"):
            return value if isinstance(value, str) and value != UNK else right
        if operator == "%" and isinstance(value, str):
            from vectra_guard.syntax.inline.pyvalues import percent

            return percent(value, right)
        if operator == "^" and isinstance(value, int) and isinstance(right, int):
            return value ^ right
        if operator == "-" and isinstance(value, int) and isinstance(right, int):
            return value - right
        return UNKNOWN

    def _right(self) -> Value:
        return self.expression() if self._is("{", "(") is False else self.primary()

    def _bind(self, start: int, value: Value) -> None:
        """The target of an assignment starts at ``start``: a variable, a list of them, or an element."""
        place = start
        while place < self.at and self.tokens[place].value in self.language.skip:
            place += 1
        first = self.tokens[place]
        if first.kind in ("var", "name"):
            following = self.tokens[place + 1] if place + 1 < len(self.tokens) else _END
            if first.value in self.language.environment:
                key = self.tokens[place + 2] if place + 2 < len(self.tokens) else _END
                name = key.value or "".join(part for part in key.parts if isinstance(part, str))
                self.effects.add(f"export {emit.word(name)}={emit.word(text(value))}")
            elif following.value in ("=", ",", ":", "?") or following.kind == "nl":
                self.names[first.value] = value
        elif first.value in ("(", "[", "{"):
            self._bind_pattern(place + 1, value)

    def _bind_pattern(self, place: int, value: Value) -> None:
        """``($a, $b) = …`` takes elements; ``{exec, rm: r} = require(…)`` takes members."""
        count = 0
        while place < len(self.tokens) and self.tokens[place].value not in (")", "]", "}"):
            token = self.tokens[place]
            place += 1
            if token.kind not in ("var", "name"):
                continue
            local = token.value
            if self._at(place).value in (":", "as") and self._at(place + 1).kind == "name":
                local = self._at(place + 1).value
                place += 2
            if isinstance(value, Ref):
                self.names[local] = Ref(f"{value.name}.{token.value}")
            elif isinstance(value, list):
                self.names[local] = value[count] if count < len(value) else UNKNOWN
            elif count == 0:
                self.names[local] = value
            count += 1

    def _at(self, place: int) -> Token:
        return self.tokens[place] if place < len(self.tokens) else _END

    def primary(self) -> Value:
        token = self._peek()
        kind, name = token.kind, token.value
        if kind == "op":
            return self._primary_operator(name)
        self.at += 1
        if kind == "str":
            return self._postfixes(self.string(token))
        if kind == "run":
            line = self.string(token)
            self.effects.run(line)
            return self._postfixes(emit.output(emit.code(line)))
        if kind == "num":
            return self._postfixes(_number(name))
        if kind == "var":
            if name in self.language.environment:
                return self._postfixes(Ref("os.environ"))
            return self._postfixes(self.names.get(name, UNKNOWN))
        if kind == "glob":
            return [emit.matching(name)]
        if kind == "handle":
            handle = self.names.get(name)
            return flat(self.effects, handle) if isinstance(handle, Obj) else UNK
        if kind == "code":
            return self.code(name)
        if kind == "name":
            return self._name(name)
        return UNKNOWN

    def _primary_operator(self, name: str) -> Value:
        if name in _ENDS:
            return UNKNOWN
        self.at += 1
        if name == "(":
            values = self.arguments(")")
            if self._is("=>"):  # (a, b) => …
                return UNKNOWN
            return self._postfixes(values[0] if len(values) == 1 else values)
        if name == "[":
            return self._postfixes(self.arguments("]"))
        if name == "{":
            self.at -= 1
            return self.block()
        if name == "|":
            self._parameters("|")
            return UNKNOWN
        if name == "..." and self.language.dialect.name == "node":
            return self.primary()
        self._skip_lines()
        if name == "-":
            value = self.primary()
            return -value if isinstance(value, int) else UNKNOWN
        return self.primary()  # a reference, a reference, a dereference

    def block(self) -> Value:
        """Braces: a block or a hash. Its value is its last, or the members where it has keys."""
        self.at += 1
        members: dict[str | int, Value] = {}
        result: Value = UNKNOWN
        if self._is("|"):
            self.at += 1
            self._parameters("|")
        while self.at < len(self.tokens) and not self._is("}"):
            key = self._peek()
            label = key.value or "".join(part for part in key.parts if isinstance(part, str))
            if key.kind in ("name", "str") and self._peek(1).value in (":", "=>", "="):
                arrow = self._peek(1).value
                if arrow != "=" or self.language.dialect.name == "lua":
                    self.at += 2
                    members[label] = self.expression()
                    continue
            before = self.at
            result = self.expression()
            if self.at == before:
                self.at += 1
        self.at += 1
        return self._postfixes(members if members else result)

    def _parameters(self, closer: str) -> None:
        """Names of a block's or function's parameters: they hold what it is called on."""
        while self.at < len(self.tokens) and not self._is(closer):
            token = self._peek()
            if token.kind in ("name", "var"):
                self.names[token.value] = _element(self.subject)
            self.at += 1
        self.at += 1

    def arguments(self, closer: str) -> list[Value]:
        values: list[Value] = []
        while self.at < len(self.tokens):
            token = self._peek()
            if token.value == closer and token.kind == "op":
                self.at += 1
                break
            if token.kind == "nl" or token.value in (",", ";"):
                self.at += 1
                continue
            before = self.at
            if token.kind == "name" and token.value in ("as", "of", "in"):
                self._each(token.value, values)
                continue
            splat = token.value in ("*", "...")
            value = self.expression()
            if self._is("=>") or self._is(":"):
                self.at += 1
                self._skip_lines()
                label = text(value) if isinstance(value, str) else self.tokens[before].value
                value = {label: self.expression()}
            if self.at == before:
                self.at += 1
                continue
            if splat and isinstance(value, list):
                values.extend(value)
            else:
                values.append(value)
        return values

    def _each(self, keyword: str, values: list[Value]) -> None:
        """``foreach (LIST as $x)`` and ``for (const x of LIST)``: the variable holds an element."""
        before = self._peek(-1)
        self.at += 1
        if keyword == "as":
            element = _element(values[-1]) if values else UNKNOWN
            while self._peek().kind in ("var", "op") and not self._is(")"):
                if self._peek().kind == "var":
                    self.names[self._peek().value] = element
                self.at += 1
        elif before.kind in ("name", "var"):
            self.names[before.value] = _element(self.expression())

    def string(self, token: Token) -> str:
        return self.join(token.parts)

    def join(self, parts: tuple[str | tuple[str], ...]) -> str:
        out = []
        for part in parts:
            if isinstance(part, str):
                out.append(part)
            elif self.depth < 6:
                value = Reader(part[0], self.language, self.depth + 1, self).run()
                out.append(text(value) if not isinstance(value, list) else " ".join(map(text, value)))
            else:
                out.append(UNK)
        return emit.bounded("".join(out))

    def interpolate(self, body: str) -> str:
        return self.join(interpolated(body, self.language.dialect))

    # --- names, members, calls -------------------------------------------------------------------------------

    def _name(self, name: str) -> Value:
        if name in self.language.skip and not (name == "import" and self._is("(")):
            self._skip_lines()
            if self._is("{"):
                return self._import_braces()
            return self.primary() if self._peek().kind != "op" or not self._is(*_ENDS) else UNKNOWN
        if name in ("function", "sub", "def"):
            return self._function()
        if name in ("while", "until", "loop", "for", "foreach"):
            self.loops += 1
            if name.startswith("for") and self.language.dialect.name in ("perl", "ruby"):
                return self._for()
        token = self._peek()
        if token.value == "=>" and self.language.dialect.name == "node":
            self.names[name] = _element(self.subject)
            self.at += 1
            self._skip_lines()
            return self.block() if self._is("{") else self.expression()
        if name in _STOP_WORDS or name in ("begin", "BEGIN", "END"):
            return UNKNOWN if not self._is("{") else self.block()
        if name in self.language.environment:
            return self._postfixes(Ref("os.environ"))
        value = self.names.get(name)
        if value is not None and not isinstance(value, Ref) and token.value != "(":
            return self._postfixes(value)
        return self._postfixes(value if isinstance(value, Ref) else Ref(name))

    def _for(self) -> Value:
        """perl's ``for my $x (LIST)`` and ruby's ``for x in LIST``."""
        while self._is("my", "our"):
            self.at += 1
        variable = "_"
        if self._peek().kind in ("var", "name") and self._peek(1).value in ("(", "in"):
            variable = self._peek().value
            self.at += 1 + (self._peek(1).value == "in")
        self.names[variable] = _element(self.primary())
        return UNKNOWN

    def _import_braces(self) -> Value:
        """``const {exec} = require(…)`` and ``import {exec} from "…"``."""
        start = self.at
        depth = 0
        place = self.at
        while place < min(len(self.tokens), start + _MAX_PATTERN):
            bracket = self.tokens[place].value if self.tokens[place].kind == "op" else ""
            depth += (bracket == "{") - (bracket == "}")
            place += 1
            if depth == 0:
                break
        after = self._at(place).value
        if after not in ("=", "from"):
            return self.block()
        self.at = place + 1
        value: Value = self.expression()
        if after == "from" and isinstance(value, str):
            value = Ref(value.removeprefix("node:"))
        self._bind_pattern(start + 1, value)
        return value

    def _function(self) -> Value:
        if self._peek().kind == "name":
            self.at += 1
        if self._is("("):
            self.at += 1
            self._parameters(")")
        return self.block() if self._is("{") else UNKNOWN

    def _postfixes(self, value: Value) -> Value:
        """Members, indexes and calls that follow a value."""
        while True:
            token = self._peek()
            operator = token.value
            if token.kind == "op":
                if operator in self.language.members:
                    self.at += 1
                    value = self._postfix(value, operator)
                    continue
                if operator == "(" and not self._separate(token, value):
                    self.at += 1
                    value = self.call(value, self._call_arguments(value))
                    continue
                if operator == "[" and not (token.spaced and isinstance(value, Ref)):
                    self.at += 1
                    keys = self.arguments("]")
                    value = self._index(value, keys[0] if keys else UNKNOWN)
                    continue
                if operator == "{" and self.language.dialect.name == "perl" and isinstance(value, (Ref, dict)) and (
                    not token.spaced and (isinstance(value, dict) or value.name == "os.environ")
                ):  # fmt: skip
                    self.at += 1
                    key = self._peek()
                    keys = self.arguments("}")
                    value = self._index(value, key.value if key.kind == "name" else keys[0] if keys else UNKNOWN)
                    continue
            if isinstance(value, Ref) and self._bare_call(token, value):
                value = self.call(value, self._bare_arguments())
                continue
            if isinstance(value, Ref) and self.language.bare and self._known_call(value.name) and (
                token.kind in ("nl", "end") or operator in _ENDS or operator in _STOP_WORDS
            ):  # fmt: skip
                return self.call(value, self._postfix_list())
            return value

    def _postfix_list(self) -> list[Value]:
        """perl's ``unlink for LIST``: what the call without arguments works on."""
        if not self._is("for", "foreach"):
            return []
        self.at += 1
        self.loops += 1
        return [_element(self.primary())]

    def _separate(self, token: Token, value: Value) -> bool:
        return token.spaced and not isinstance(value, Ref)

    def _known_call(self, name: str) -> bool:
        return name in self.language.calls or name.rpartition(".")[2] in self.language.tails

    def _bare_call(self, token: Token, value: Ref) -> bool:
        """Do arguments without parentheses follow?"""
        if value.name in _NO_CALL or value.name == "os.environ":
            return False
        if token.kind in ("str", "run"):
            return self.language.bare or self.language.dialect.name == "lua"
        if not self.language.bare:
            return False
        if token.kind in ("var", "num", "glob", "handle", "code"):
            return True
        if token.kind == "name":
            return token.value not in _NO_CALL
        if token.value in ("\\", "@", "->") or (token.value in ("*", "[", "<", "%", "&", "-", ":") and token.spaced):
            return self._known_call(value.name) and not self._peek(1).spaced
        return token.value == "{" and value.name in ("eval", "do", "print", "exec", "system")

    def _bare_arguments(self) -> list[Value]:
        values: list[Value] = []
        while self.at < len(self.tokens):
            token = self._peek()
            if token.kind == "nl" or token.value in (";", ")", "]", "}", ":") or (
                token.kind == "name" and token.value in _STOP_WORDS
            ):  # fmt: skip
                break
            if token.value in (",", "=>"):
                self.at += 1
                self._skip_lines()
                continue
            before = self.at
            splat = token.value == "*"
            value = self.expression()
            if self.at == before:
                break
            if splat and isinstance(value, list):
                values.extend(value)
            else:
                values.append(value)
        return values

    def _call_arguments(self, callee: Value) -> list[Value]:
        """As ``arguments``; a callback in them sees what the call fetches or is made on."""
        outer = self.subject
        if isinstance(callee, Ref) and callee.name in ("https.get", "http.get", "fetch") and self._peek().kind == "str":
            self.subject = Obj("response", emit.output(f"curl {emit.word(self.string(self._peek()))}"))
        values = self.arguments(")")
        self.subject = outer
        return values

    def _index(self, holder: Value, key: Value) -> Value:
        if isinstance(holder, Ref) and isinstance(key, str):
            if holder.name == "os.environ":
                return emit.variable(key)
            if holder.name in self.language.calls:
                return self.call(holder, [key])
            return Ref(f"{holder.name}.{key}") if emit.is_known(key) else UNKNOWN
        if isinstance(holder, Ref) and isinstance(key, Ref) and holder.name == "os.environ":
            return emit.variable(key.name)
        return item(holder, key)

    def _postfix(self, value: Value, operator: str) -> Value:
        token = self._peek()
        if token.kind != "name":
            if token.value in ("[", "{", "(") or token.kind == "var":
                return value  # ->[0], ->(…): the bracket is read next
            return value
        self.at += 1
        name = token.value
        if isinstance(value, Ref):
            if value.name == "os.environ" and self.language.dialect.name == "node":
                return emit.variable(name)
            full = f"{value.name}.{name}" if len(value.name) < 300 else value.name
            known = self.language.globals.get(full)
            if known is not None:
                return known
            if not self._is("(") and name not in _CALLBACKS:
                return self._maybe_bare(Ref(full))
            return self._method(value, full, name)
        return self._method(value, name, name)

    def _maybe_bare(self, value: Ref) -> Value:
        return value

    def _method(self, base: Value, full: str, name: str) -> Value:
        """``base.name(args) {block}``."""
        outer = self.subject
        if name in _CALLBACKS or not isinstance(base, Ref):
            self.subject = base if base is not UNKNOWN else outer
        args: list[Value] = []
        called = False
        if self._is("(") and not self._peek().spaced:
            self.at += 1
            known = name == "then" or isinstance(base, Ref)
            args = self._call_arguments(Ref(full)) if known else self.arguments(")")
            called = True
        elif self.language.bare and self._bare_call(self._peek(), Ref(full)) and not self._is("*", "-", "[", "<", "%"):
            args = self._bare_arguments()
            called = True
        if self.language.dialect.name == "ruby":
            self._block_after()
        self.subject = outer
        if isinstance(base, Ref):
            return self.call(Ref(full), args) if called or self._known_call(full) else Ref(full)
        return self.method(base, name, args)

    def _block_after(self) -> None:
        if self._is("{"):
            self.block()
        elif self._is("do") and self._peek(1).value == "|":
            self.at += 2
            self._parameters("|")

    def call(self, target: Value, args: list[Value]) -> Value:
        """A call of a name, or of text that names a function."""
        if isinstance(target, str) and emit.is_known(target) and target and len(target) < 200:
            target = Ref(target)
        if target == UNK and self.language.dialect.name == "php" and args:
            target = Ref("system")  # a function whose name is hidden: the worst one
        if not isinstance(target, Ref):
            return UNKNOWN
        name = target.name.lower() if self.language.folded else target.name
        if self.language.dialect.name == "node":
            name = name.replace(".promises.", ".").replace("fs/promises.", "fs.").removeprefix("node:")
            name = name.removeprefix("globalThis.").removeprefix("global.").removeprefix("window.")
        handler = self.language.calls.get(name)
        if handler is None:
            base, _, last = name.rpartition(".")
            handler = self.language.tails.get(last)
            if handler is None or (base and not last):
                for value in args:
                    if isinstance(value, Ref) and base and last == "then":
                        return self.call(value, [UNK])
                return Ref(f"{name}()") if len(name) < 100 else UNKNOWN
        return handler(self, args)

    def method(self, base: Value, name: str, args: list[Value]) -> Value:
        from vectra_guard.syntax.inline.readermethods import method

        return method(self, base, name, args)

    # --- effects shared by the tables ------------------------------------------------------------------------

    def open(self, name: str, mode: str) -> Obj:
        if any(flag in mode for flag in "waxc>+"):
            append = mode[:1] == "a" or ">>" in mode
            line = "" if mode.startswith(("r", "+<")) else self.effects.truncate(name, append=append)
            return Obj("file", name, mode="a" if append else "w", line=line)
        self.effects.read_file(name)
        return Obj("file", name, mode="r", line="")

    def write(self, handle: Obj, data: str) -> None:
        if handle.kind == "socket":
            self.effects.send_socket(data)
        elif handle.kind == "process":
            self.effects.pipe_into(handle.fields.get("argv") or ["sh", "-c", handle.text], data)
        elif handle.kind == "file" and handle.fields.get("mode") != "r":
            handle.fields["data"] = emit.bounded(handle.fields.get("data", "") + data)
            handle.fields["line"] = self.effects.write(
                handle.text, handle.fields["data"], handle.fields["line"], append=handle.fields["mode"] == "a"
            )


_END = Token("end", "")


def _element(subject: Value) -> Value:
    if isinstance(subject, list):
        return subject[0] if subject else UNKNOWN
    return subject


def _repeated(value: Value, count: Value) -> Value:
    if isinstance(value, str) and isinstance(count, int) and len(value) * max(count, 0) <= MAX_VALUE:
        return value * count
    return UNKNOWN


def _number(literal: str) -> Value:
    digits = literal.replace("_", "").lower()
    try:
        if digits.startswith("0x"):
            return int(digits, 16)
        if digits.startswith("0o"):
            return int(digits, 8)
        if len(digits) > 1 and digits.startswith("0") and digits.isdigit():
            return int(digits, 8)
        return int(digits) if len(digits) < 30 else UNKNOWN
    except ValueError:
        return UNKNOWN
