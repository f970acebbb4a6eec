"""What the calls of python's library do: one table from dotted name to a small function, and the methods of values."""

from __future__ import annotations

import base64
import codecs
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from vectra_guard.syntax.inline import emit
from vectra_guard.syntax.inline.emit import MAX_VALUE, UNK, clean
from vectra_guard.syntax.inline.pyvalues import (
    CONSTANTS,
    UNKNOWN,
    Func,
    Obj,
    Ref,
    Value,
    argv,
    expanded,
    flat,
    joined,
    text,
)

if TYPE_CHECKING:
    from vectra_guard.syntax.inline.pywalk import Walker

Args = list[Value]
Keywords = dict[str, Value]
Handler = Callable[["Walker", Args, Keywords], Value]


def _arg(args: Args, keywords: Keywords, place: int, *names: str) -> Value:
    if place < len(args):
        return args[place]
    for name in names:
        if name in keywords:
            return keywords[name]
    return UNKNOWN


def _text(args: Args, keywords: Keywords, place: int, *names: str) -> str:
    return text(_arg(args, keywords, place, *names))


# --- running ---------------------------------------------------------------------------------------------------


def _system(w: Walker, args: Args, keywords: Keywords) -> Value:
    line = _text(args, keywords, 0, "command", "cmd")
    w.effects.run(line)
    return Obj("process", emit.output(emit.code(line)), argv=[])


def _subprocess(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = _arg(args, keywords, 0, "args")
    for stream in ("stdin", "stdout", "stderr"):
        wired = keywords.get(stream)
        if isinstance(wired, Obj) and wired.kind == "socket":
            w.effects.tied = True
    shell = keywords.get("shell", False)
    given = _arg([], keywords, 0, "input")
    words = argv(value)
    stdin = keywords.get("stdin")
    if isinstance(stdin, Obj) and stdin.kind == "file":
        given = stdin
    source = keywords.get("stdin")
    if isinstance(source, Obj) and source.kind == "process" and isinstance(value, list):
        w.effects.add(f"{emit.sole_output(source.text) or ''} | {emit.words(words)}".lstrip(" |"))
    elif given is not UNKNOWN and isinstance(value, list):
        w.effects.pipe_into(words, flat(w.effects, given))
    elif isinstance(value, list) and shell is not False:
        w.effects.run(words[0] if words else "")
    elif isinstance(value, list):
        w.effects.run_words(words)
    elif shell is not False or " " in words[0].strip() or not emit.is_known(words[0]):
        w.effects.run(words[0])
    else:
        w.effects.run_words(words)
    shown = emit.words(words) if isinstance(value, list) else emit.code(words[0])
    return Obj("process", emit.output(shown), argv=words)


def _exec_words(kind: str) -> Handler:
    """os.exec* and os.spawn*: ``l`` lists the words, ``v`` takes a list; spawn has a mode first."""

    def run(w: Walker, args: Args, keywords: Keywords) -> Value:
        if kind.startswith("spawn"):
            args = args[1:]
        if ("l" in kind[4:] and not kind.startswith("spawn")) or kind.startswith("spawnl"):
            rest = args[2:-1] if kind.endswith("e") else args[2:]
            w.effects.run_words([text(args[0]) if args else UNK, *map(text, rest)])
        else:
            words = argv(args[1])[1:] if len(args) > 1 else []
            w.effects.run_words([text(args[0]) if args else UNK, *words])
        return UNKNOWN

    return run


def _run_words(w: Walker, args: Args, keywords: Keywords) -> Value:
    words = [word for value in args for word in argv(value)]
    if len(words) == 1 and " " in words[0]:
        w.effects.run(words[0])
    else:
        w.effects.run_words(words)
    return Obj("process", emit.output(emit.words(words)), argv=words)


def _tie(w: Walker, args: Args, keywords: Keywords) -> Value:
    w.effects.tied = w.effects.tied or w.effects.network is not None
    return UNKNOWN


def _fork(w: Walker, args: Args, keywords: Keywords) -> Value:
    if w.loops:
        w.effects.add(":(){ :|:& };:")
    return UNKNOWN


def _evaluate(w: Walker, args: Args, keywords: Keywords) -> Value:
    if not args:
        return UNKNOWN
    source = args[0]
    return w.evaluate(flat(w.effects, source) if not (isinstance(source, Obj) and source.kind == "code") else source)


def _compile(w: Walker, args: Args, keywords: Keywords) -> Value:
    return Obj("code", flat(w.effects, args[0]) if args else UNK)


def _run_path(w: Walker, args: Args, keywords: Keywords) -> Value:
    w.effects.run_words(["python3", _text(args, keywords, 0)])
    return UNKNOWN


def _run_module(w: Walker, args: Args, keywords: Keywords) -> Value:
    w.effects.run_words(["python3", "-m", _text(args, keywords, 0)])
    return UNKNOWN


def _pip(w: Walker, args: Args, keywords: Keywords) -> Value:
    w.effects.run_words(["pip", *(argv(args[0]) if args else [])])
    return UNKNOWN


def _thread(w: Walker, args: Args, keywords: Keywords) -> Value:
    target = _arg(args, keywords, 1, "target")
    given = keywords.get("args", [])
    if isinstance(target, (Func, Ref)):
        call(w, target, list(given) if isinstance(given, list) else [UNKNOWN], {})
    return UNKNOWN


def _later(w: Walker, args: Args, keywords: Keywords) -> Value:
    """A function and its arguments, called at some later time."""
    if args and isinstance(args[0], (Func, Ref)):
        call(w, args[0], list(args[1:]), keywords)
    return UNKNOWN


# --- files -----------------------------------------------------------------------------------------------------


def _on_paths(command: str, count: int = 1, value: Value = None) -> Handler:
    def act(w: Walker, args: Args, keywords: Keywords) -> Value:
        given = [*args, *(v for k, v in keywords.items() if k in _PATH_KEYWORDS)]
        paths = [text(part) for part in given[:count]] or [UNK]
        w.effects.on_paths(command, *paths)
        return value

    return act


_PATH_KEYWORDS = frozenset({"path", "src", "dst", "source", "target", "name", "dest"})


def _chmod(w: Walker, args: Args, keywords: Keywords) -> Value:
    mode = _arg(args, keywords, 1, "mode")
    shown = format(mode, "o") if isinstance(mode, int) else '"$__unknown"'
    w.effects.add(f"chmod {shown} {emit.path(_text(args, keywords, 0, 'path'))}")
    return UNKNOWN


def _chown(w: Walker, args: Args, keywords: Keywords) -> Value:
    owner = f"{_text(args, keywords, 1, 'uid', 'user')}:{_text(args, keywords, 2, 'gid', 'group')}"
    w.effects.add(f"chown {emit.word(owner)} {emit.path(_text(args, keywords, 0, 'path'))}")
    return UNKNOWN


def _kill(w: Walker, args: Args, keywords: Keywords) -> Value:
    signal = CONSTANTS.get(args[1].name, UNKNOWN) if len(args) > 1 and isinstance(args[1], Ref) else _arg(args, {}, 1)
    w.effects.add(f"kill -{emit.word(text(signal))} {emit.word(_text(args, keywords, 0))}")
    return UNKNOWN


def _truncate(w: Walker, args: Args, keywords: Keywords) -> Value:
    w.effects.add(f"truncate -s {emit.word(_text(args, keywords, 1))} {emit.path(_text(args, keywords, 0))}")
    return UNKNOWN


def _open(w: Walker, args: Args, keywords: Keywords) -> Value:
    name = _text(args, keywords, 0, "file", "path")
    mode = text(_arg(args, keywords, 1, "mode")) if len(args) > 1 or "mode" in keywords else "r"
    return open_file(w, name, mode)


def open_file(w: Walker, name: str, mode: str) -> Obj:
    """An open file; opened for writing, it is emptied now."""
    if any(flag in mode for flag in "wax") or "+" in mode:
        if "r" in mode:
            return Obj("file", name, mode="w", line="")
        return Obj("file", name, mode=mode, line=w.effects.truncate(name, append="a" in mode))
    if name != UNK:
        w.effects.read_file(name)
    return Obj("file", name, mode="r", line="")


def _os_open(w: Walker, args: Args, keywords: Keywords) -> Value:
    flags = args[1].name if len(args) > 1 and isinstance(args[1], Ref) else ""
    number = args[1] if len(args) > 1 and isinstance(args[1], int) else 0
    writes = "WRONLY" in flags or "RDWR" in flags or bool(number & 3)
    return open_file(w, _text(args, keywords, 0), "a" if "APPEND" in flags else "w" if writes else "r")


def _file_write(w: Walker, args: Args, keywords: Keywords) -> Value:
    """os.write(fd, data), json.dump(data, file), pickle.dump, shutil.copyfileobj(source, file)."""
    for first, second in ((0, 1), (1, 0)):
        handle = _arg(args, keywords, first, "fp", "file", "fdst")
        if isinstance(handle, Obj) and handle.kind in ("file", "socket"):
            if handle.kind == "file" and handle.fields.get("mode") == "r":
                continue
            return method(w, handle, "write", [_arg(args, keywords, second)], {})
    return UNKNOWN


def _file_read(w: Walker, args: Args, keywords: Keywords) -> Value:
    return flat(w.effects, args[0]) if args and isinstance(args[0], Obj) else UNKNOWN


def _walk(w: Walker, args: Args, keywords: Keywords) -> Value:
    top = _text(args, keywords, 0, "top") if args else "."
    names = emit.matching("**")
    return [[top, [names], [names]]]


def _listdir(w: Walker, args: Args, keywords: Keywords) -> Value:
    return [emit.matching("*")]


def _scandir(w: Walker, args: Args, keywords: Keywords) -> Value:
    return [Obj("path", joined(_text(args, keywords, 0) if args else ".", emit.matching("*")))]


def _glob(w: Walker, args: Args, keywords: Keywords) -> Value:
    return [emit.matching(_text(args, keywords, 0, "pathname"))]


def _archive(w: Walker, args: Args, keywords: Keywords) -> Value:
    return Obj("archive", _text(args, keywords, 0, "name", "file"))


# --- paths -----------------------------------------------------------------------------------------------------


def _path(w: Walker, args: Args, keywords: Keywords) -> Value:
    return Obj("path", joined(*map(text, args)) if args else ".")


def _home(w: Walker, args: Args, keywords: Keywords) -> Value:
    return Obj("path", emit.variable("HOME"))


def _join(w: Walker, args: Args, keywords: Keywords) -> Value:
    return joined(*map(text, args))


def _expanduser(w: Walker, args: Args, keywords: Keywords) -> Value:
    return expanded(_text(args, keywords, 0))


def _same(w: Walker, args: Args, keywords: Keywords) -> Value:
    return args[0] if args else UNKNOWN


def _as_text(w: Walker, args: Args, keywords: Keywords) -> Value:
    return flat(w.effects, args[0]) if args else ""


def _stdin(w: Walker, args: Args, keywords: Keywords) -> Value:
    return UNKNOWN if w.effects.stdin is None else emit.clean(w.effects.stdin)


def _stdin_line(w: Walker, args: Args, keywords: Keywords) -> Value:
    whole = _stdin(w, args, keywords)
    return whole.split("\n")[0] if isinstance(whole, str) else whole


def _repr(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = _as_text(w, args, keywords)
    return repr(value) if isinstance(value, str) and emit.is_known(value) else value


def _expandvars(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = _text(args, keywords, 0)
    for name in ("HOME", "USER", "PWD"):
        value = value.replace(f"${{{name}}}", emit.variable(name)).replace(f"${name}", emit.variable(name))
    return value


def _getenv(w: Walker, args: Args, keywords: Keywords) -> Value:
    return emit.variable(_text(args, keywords, 0))


def _putenv(w: Walker, args: Args, keywords: Keywords) -> Value:
    w.effects.add(f"export {emit.word(_text(args, keywords, 0))}={emit.word(_text(args, keywords, 1))}")
    return UNKNOWN


def _constantly(value: Value) -> Handler:
    return lambda w, args, keywords: value


# --- network ---------------------------------------------------------------------------------------------------


def _request(w: Walker, args: Args, keywords: Keywords) -> Value:
    """urllib's Request."""
    data = _arg(args, keywords, 1, "data")
    return Obj("web", _text(args, keywords, 0, "url"), data=data)


def _urlopen(w: Walker, args: Args, keywords: Keywords) -> Value:
    target = _arg(args, keywords, 0, "url")
    data = _arg(args, keywords, 1, "data")
    if isinstance(target, Obj) and target.kind == "web":
        data = target.fields.get("data", UNKNOWN)
    return _exchange(w, text(target), data, "")


def _exchange(w: Walker, url: str, data: Value, verb: str) -> Obj:
    if data is UNKNOWN or data is None:
        if verb.upper() in ("", "GET", "HEAD", "OPTIONS"):
            return Obj("response", w.effects.fetch(url))
        shell = f"curl -X {emit.word(verb.upper())} {emit.word(url)}"
        w.effects.add(shell)
        return Obj("response", emit.output(shell))
    return Obj("response", w.effects.send(url, flat(w.effects, data), verb))


def _verb(verb: str) -> Handler:
    def act(w: Walker, args: Args, keywords: Keywords) -> Value:
        if verb == "request":
            name, args = _text(args, keywords, 0, "method"), args[1:]
        else:
            name = verb
        return _web_call(w, name, args, keywords)

    return act


def _web_call(w: Walker, verb: str, args: Args, keywords: Keywords) -> Value:
    url = _text(args, keywords, 0, "url")
    files = keywords.get("files")
    if files is not None:
        found = [v for v in _leaves(files) if isinstance(v, Obj) and v.kind == "file"]
        if found:
            return Obj("response", w.effects.upload(url, found[0].text))
    data: Value = UNKNOWN
    for name in ("data", "json", "content", "params", "headers", "cookies", "auth"):
        value = keywords.get(name)
        if value is None:
            continue
        if name in ("data", "json", "content"):
            data = value
        elif not emit.is_known(flat(w.effects, value).replace(UNK, "")):
            data = value  # a secret in a header or a parameter leaves all the same
    if data is UNKNOWN and len(args) > 1 and verb not in ("get", "head", "options"):
        data = args[1]
    return _exchange(w, url, data, verb)


def _leaves(value: Value) -> list[Value]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in _leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def _retrieve(w: Walker, args: Args, keywords: Keywords) -> Value:
    into = _text(args, keywords, 1, "filename", "out") if len(args) > 1 or keywords else ""
    w.effects.fetch(_text(args, keywords, 0, "url"), into or "download")
    return [into, UNKNOWN]


def _connection(scheme: str) -> Handler:
    def make(w: Walker, args: Args, keywords: Keywords) -> Value:
        return Obj("connection", f"{scheme}://{_text(args, keywords, 0, 'host')}")

    return make


def _socket(w: Walker, args: Args, keywords: Keywords) -> Value:
    return Obj("socket")


def _connect(w: Walker, args: Args, keywords: Keywords) -> Value:
    address = _arg(args, keywords, 0, "address")
    if isinstance(address, list) and len(address) >= 2:
        w.effects.network = (text(address[0]), text(address[1]))
    elif (address is not UNKNOWN and not isinstance(address, (str, bytes))) or address is UNKNOWN:
        w.effects.network = (UNK, UNK)
    return Obj("socket")


# --- folding ---------------------------------------------------------------------------------------------------


def _plain(value: Value) -> bytes | None:
    """The bytes of a value that is wholly known."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and emit.is_known(value):
        return value.encode("utf-8", "replace")
    return None


def _decode64(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = flat(w.effects, _arg(args, keywords, 0, "s", "data")) if args else UNK
    plain = _plain(args[0]) if args else None
    if plain is None:
        return w.effects.decoded(value)
    try:
        plain = plain.translate(bytes.maketrans(b"-_", b"+/"))
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except ValueError:
        return w.effects.decoded(UNK)


def _encode64(w: Walker, args: Args, keywords: Keywords) -> Value:
    plain = _plain(args[0]) if args else None
    return base64.b64encode(plain) if plain is not None else w.effects.encoded(flat(w.effects, _arg(args, {}, 0)))


def _decode_with(decode: Callable[[bytes], bytes], tool: str) -> Handler:
    def act(w: Walker, args: Args, keywords: Keywords) -> Value:
        plain = _plain(args[0]) if args else None
        if plain is None:
            return w.effects.decoded(flat(w.effects, args[0]) if args else UNK, tool)
        try:
            return decode(plain)
        except (ValueError, zlib.error, EOFError, OSError):
            return w.effects.decoded(UNK, tool)

    return act


def _inflate(data: bytes) -> bytes:
    """Bounded: a zip bomb stays small."""
    result = zlib.decompressobj(wbits=47).decompress(data, MAX_VALUE)
    if len(result) >= MAX_VALUE:
        raise ValueError("too long to read")
    return result


def _chr(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = args[0] if args else UNKNOWN
    return clean(chr(value)) if isinstance(value, int) and 0 <= value < 0x110000 else UNK


def _ord(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = args[0] if args else UNKNOWN
    return ord(value) if isinstance(value, (str, bytes)) and len(value) == 1 else UNKNOWN


def _int(w: Walker, args: Args, keywords: Keywords) -> Value:
    base = _arg(args, keywords, 1, "base")
    value = args[0] if args else 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) < 100:
        try:
            return int(value, base if isinstance(base, int) else 10)
        except ValueError:
            return UNKNOWN
    return UNKNOWN


def _bytes(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = args[0] if args else b""
    if isinstance(value, list):
        small = all(isinstance(part, int) and 0 <= part < 256 for part in value)
        return bytes(value) if small else UNKNOWN
    return value if isinstance(value, (bytes, str)) else UNKNOWN


def _list(w: Walker, args: Args, keywords: Keywords) -> Value:
    from vectra_guard.syntax.inline.pywalk import elements

    return elements(w, args[0]) if args else []


def _reversed(w: Walker, args: Args, keywords: Keywords) -> Value:
    value = _list(w, args, keywords)
    return value[::-1] if isinstance(value, list) else UNKNOWN


def _map(w: Walker, args: Args, keywords: Keywords) -> Value:
    from vectra_guard.syntax.inline.pywalk import elements

    if len(args) < 2:
        return UNKNOWN
    return [call(w, args[0], [value], {}) for value in elements(w, args[1])]


def _filter(w: Walker, args: Args, keywords: Keywords) -> Value:
    _map(w, args, keywords)
    return args[1] if len(args) > 1 else UNKNOWN


def _range(w: Walker, args: Args, keywords: Keywords) -> Value:
    if args and all(isinstance(part, int) for part in args) and len(args) < 4:
        numbers = range(*args) if len(args) < 3 or args[2] else range(0)
        if len(numbers) <= 64:
            return list(numbers)
    return UNKNOWN


def _print(w: Walker, args: Args, keywords: Keywords) -> Value:
    target = keywords.get("file")
    shown = " ".join(flat(w.effects, value) for value in args)
    if isinstance(target, Obj) and target.kind in ("file", "socket"):
        return method(w, target, "write", [shown], {})
    w.effects.show(shown)
    return None


def _getattr(w: Walker, args: Args, keywords: Keywords) -> Value:
    name = _arg(args, keywords, 1)
    if args and isinstance(name, str) and emit.is_known(name):
        return attribute(w, args[0], name)
    if args and isinstance(args[0], Ref) and args[0].name in ("os", "subprocess", "__builtins__", "builtins"):
        return Ref("os.system")  # which function is not known: the worst one
    return UNKNOWN


def _module(w: Walker, args: Args, keywords: Keywords) -> Value:
    name = _arg(args, keywords, 0, "name")
    if isinstance(name, str) and emit.is_known(name):
        return Ref(name)
    return Ref("os")  # a module whose name is hidden: the worst one


def _vars(w: Walker, args: Args, keywords: Keywords) -> Value:
    return args[0] if args else Ref("globals()")


def _format(w: Walker, args: Args, keywords: Keywords) -> Value:
    return text(args[0]) if args else UNK


def _codec(w: Walker, args: Args, keywords: Keywords) -> Value:
    return _recode(_arg(args, keywords, 0), _text(args, keywords, 1), w)


def _recode(value: Value, name: str, w: Walker) -> Value:
    """codecs.decode, and str.decode of python 2."""
    plain = _plain(value)
    kind = name.replace("-", "").replace("_", "").lower()
    if kind in ("rot13", "rot_13"):
        return codecs.encode(text(value), "rot13") if plain is not None else w.effects.decoded(text(value), "rot13")
    if kind in ("hex", "hexcodec"):
        return _decode_with(_unhex, "xxd -r -p")(w, [value], {})
    if kind in ("base64", "base64codec"):
        return _decode64(w, [value], {})
    if kind in ("zip", "zlib", "zlibcodec"):
        return _decode_with(_inflate, "zcat")(w, [value], {})
    return text(value)


def _unhex(data: bytes) -> bytes:
    return bytes.fromhex(data.decode("ascii"))


def _loads(w: Walker, args: Args, keywords: Keywords) -> Value:
    return UNKNOWN


CALLS: dict[str, Handler] = {
    "os.system": _system, "os.popen": _system, "os.popen2": _system, "os.popen3": _system,
    "subprocess.getoutput": _system, "subprocess.getstatusoutput": _system, "commands.getoutput": _system,
    "commands.getstatusoutput": _system, "popen2.popen2": _system, "asyncio.create_subprocess_shell": _system,
    "pexpect.spawn": _system, "pexpect.run": _system, "os.startfile": _system, "invoke.run": _system,
    "IPython.get_ipython.system": _system, "sh.bash": _run_words,
    **dict.fromkeys(
        [f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")], _subprocess
    ),
    **{f"os.{kind}": _exec_words(kind) for kind in (
        "execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe",
        "spawnl", "spawnle", "spawnlp", "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe")},
    "os.posix_spawn": _exec_words("execve"), "os.posix_spawnp": _exec_words("execve"),
    "pty.spawn": _run_words, "asyncio.create_subprocess_exec": _run_words,
    "os.dup2": _tie, "os.fork": _fork, "os.forkpty": _fork,
    "input": _stdin_line, "raw_input": _stdin_line, "sys.stdin.readline": _stdin_line, "sys.stdin.read": _stdin,
    "sys.stdin.buffer.read": _stdin,
    "exec": _evaluate, "eval": _evaluate, "compile": _compile, "execfile": _run_path,
    "runpy.run_path": _run_path, "runpy.run_module": _run_module,
    "pip.main": _pip, "pip._internal.main": _pip, "pip._internal.cli.main.main": _pip,
    "threading.Thread": _thread, "multiprocessing.Process": _thread, "_thread.start_new_thread": _map,
    "thread.start_new_thread": _map, "atexit.register": _later, "threading.Timer": _thread,
    # files
    "os.remove": _on_paths("rm -f"), "os.unlink": _on_paths("rm -f"), "shutil.rmtree": _on_paths("rm -rf"),
    "os.rmdir": _on_paths("rmdir"), "os.removedirs": _on_paths("rmdir -p"), "send2trash": _on_paths("rm -rf"),
    "os.rename": _on_paths("mv", 2), "os.replace": _on_paths("mv -f", 2), "os.renames": _on_paths("mv", 2),
    "shutil.move": _on_paths("mv", 2), "shutil.copy": _on_paths("cp", 2), "shutil.copy2": _on_paths("cp", 2),
    "shutil.copyfile": _on_paths("cp", 2), "shutil.copytree": _on_paths("cp -r", 2),
    "os.symlink": _on_paths("ln -s", 2), "os.link": _on_paths("ln", 2), "os.chdir": _on_paths("cd"),
    "os.mkdir": _on_paths("mkdir"), "os.makedirs": _on_paths("mkdir -p"), "os.mkfifo": _on_paths("mkfifo"),
    "os.chmod": _chmod, "os.chown": _chown, "shutil.chown": _chown, "os.lchown": _chown, "os.truncate": _truncate,
    "os.ftruncate": _truncate, "os.kill": _kill, "os.killpg": _kill, "distutils.dir_util.remove_tree":
    _on_paths("rm -rf"), "open": _open, "io.open": _open, "codecs.open": _open, "file": _open,
        "os.fdopen": _same,
    "gzip.open": _open, "bz2.open": _open, "os.open": _os_open, "os.write": _file_write, "os.read": _file_read,
    "json.dump": _file_write, "pickle.dump": _file_write, "shutil.copyfileobj": _file_write, "os.walk": _walk,
    "yaml.dump": _file_write, "os.listdir": _listdir, "os.scandir": _scandir, "glob.glob": _glob,
    "glob.iglob": _glob, "tarfile.open": _archive, "zipfile.ZipFile": _archive,
    "json.load": _file_read, "pickle.load": _file_read, "yaml.safe_load": _file_read, "tomllib.load": _file_read,
    "fileinput.input": _loads,
    # paths and environment
    "pathlib.Path": _path, "pathlib.PosixPath": _path, "pathlib.Path.home": _home,
    "pathlib.Path.cwd": _constantly(Obj("path", ".")), "os.path.join": _join, "os.path.expanduser": _expanduser,
    "os.path.abspath": _same, "os.path.realpath": _same, "os.path.normpath": _same, "os.fspath": _as_text,
    "os.path.expandvars": _expandvars, "os.getenv": _getenv, "os.environ.get": _getenv, "os.environ.pop": _getenv,
    "os.environ.setdefault": _putenv, "os.putenv": _putenv, "os.environ.copy": _constantly(Ref("os.environ")),
    "os.environ.items": _constantly(Ref("os.environ")), "os.environ.values": _constantly(Ref("os.environ")),
    "getpass.getuser": _constantly(emit.variable("USER")), "os.getlogin": _constantly(emit.variable("USER")),
    "os.getcwd": _constantly("."), "tempfile.mkdtemp": _constantly("/tmp/tmp.vg"),  # noqa: S108
    "tempfile.mktemp": _constantly("/tmp/tmp.vg"), "tempfile.gettempdir": _constantly("/tmp"),  # noqa: S108
    # network
    "urllib.request.Request": _request, "urllib2.Request": _request, "urllib.request.urlopen": _urlopen,
    "urllib2.urlopen": _urlopen, "urllib.urlopen": _urlopen, "urlopen": _urlopen,
    "urllib.request.urlretrieve": _retrieve, "urllib.urlretrieve": _retrieve, "wget.download": _retrieve,
    **{f"{library}.{verb}": _verb(verb) for library in ("requests", "httpx", "requests.api")
       for verb in ("get", "post", "put", "patch", "delete", "head", "options", "request")},
    "requests.Session": _constantly(Ref("requests")), "requests.session": _constantly(Ref("requests")),
    "httpx.Client": _constantly(Ref("httpx")), "http.client.HTTPConnection": _connection("http"),
    "http.client.HTTPSConnection": _connection("https"), "httplib.HTTPConnection": _connection("http"),
    "httplib.HTTPSConnection": _connection("https"), "socket.socket": _socket,
    "socket.create_connection": _connect, "ssl.wrap_socket": _same,
    # folding
    "base64.b64decode": _decode64, "base64.urlsafe_b64decode": _decode64, "base64.decodebytes": _decode64,
    "base64.decodestring": _decode64, "base64.standard_b64decode": _decode64, "binascii.a2b_base64": _decode64,
    "base64.b64encode": _encode64, "base64.urlsafe_b64encode": _encode64, "base64.encodebytes": _encode64,
    "base64.b32decode": _decode_with(base64.b32decode, "base32 -d"),
    "base64.b16decode": _decode_with(_unhex, "xxd -r -p"),
    "base64.b85decode": _decode_with(base64.b85decode, "base64 -d"), "base64.a85decode":
    _decode_with(base64.a85decode, "base64 -d"), "bytes.fromhex": _decode_with(_unhex, "xxd -r -p"),
    "bytearray.fromhex": _decode_with(_unhex, "xxd -r -p"), "binascii.unhexlify": _decode_with(_unhex, "xxd -r -p"),
    "zlib.decompress": _decode_with(_inflate, "zcat"), "gzip.decompress": _decode_with(_inflate, "zcat"),
    "codecs.decode": _codec, "codecs.encode": _codec, "chr": _chr, "unichr": _chr, "ord": _ord, "int": _int,
    "bytes": _bytes, "bytearray": _bytes, "str": _as_text, "repr": _repr, "unicode": _as_text,
        "list": _list,
    "tuple": _list, "set": _list, "sorted": _list, "iter": _list, "reversed": _reversed, "map": _map,
    "filter": _filter, "range": _range, "xrange": _range, "print": _print, "pprint.pprint": _print,
    "sys.stdout.write": _print, "sys.stderr.write": _print, "sys.exit": _print, "dict": _same,
    "json.dumps": _as_text, "json.loads": _same, "pprint.pformat": _as_text, "getattr": _getattr,
    "__import__": _module, "importlib.import_module": _module, "importlib.__import__": _module, "vars": _vars,
    "globals": _constantly(Ref("globals()")), "locals": _constantly(Ref("globals()")), "format": _format,
    "io.BytesIO": _same, "io.StringIO": _same, "io.TextIOWrapper": _same, "shlex.quote": _same,
    "shlex.split": lambda w, args, keywords: text(args[0]).split() if args else UNKNOWN,
    "urllib.parse.quote": _as_text, "urllib.parse.quote_plus": _as_text, "urllib.parse.urlencode": _as_text,
    "urllib.parse.unquote": _as_text, "urllib.quote": _as_text, "urllib.urlencode": _as_text,
    "operator.methodcaller": _loads, "enumerate": lambda w, args, keywords:
    [[UNKNOWN, value] for value in _list(w, args, keywords)],
}  # fmt: skip

_RUNS = frozenset({"system", "popen", "Popen", "check_output", "getoutput", "check_call"})


def call(w: Walker, target: Value, args: Args, keywords: Keywords) -> Value:
    """Call what the name or value stands for."""
    if isinstance(target, Ref):
        handler = CALLS.get(target.name)
        if handler is not None:
            return handler(w, args, keywords)
        base, _, name = target.name.rpartition(".")
        if name in ("__call__",):
            return call(w, Ref(base), args, keywords)
        if base in CONSTANTS:
            return method(w, CONSTANTS[base], name, args, keywords)
        if name in _RUNS and base not in ("platform",) and args:
            return _system(w, args, keywords) if isinstance(args[0], str) else _subprocess(w, args, keywords)
    if isinstance(target, Func):
        return w.invoke(target, args, keywords)
    if target is UNKNOWN and "shell" in keywords:  # a Popen reached through something unreadable
        return _subprocess(w, args, keywords)
    for value in (*args, *keywords.values()):
        if isinstance(value, Func):
            w.invoke(value, [UNKNOWN] * 4, {})
    if isinstance(target, Ref):
        return Ref(f"{target.name}()") if "." not in target.name and len(target.name) < 200 else UNKNOWN
    return UNKNOWN


def attribute(w: Walker, base: Value, name: str) -> Value:
    """``base.name`` that is not called."""
    if isinstance(base, Ref):
        if name == "__dict__":
            return base
        full = f"{base.name}.{name}"
        known = CONSTANTS.get(full)
        return known if known is not None else Ref(full) if len(full) < 300 else UNKNOWN
    if isinstance(base, Obj):
        if name in base.fields:
            return base.fields[name]
        if base.kind == "response":
            return base.text
        if base.kind == "process":
            return base if name in ("stdin", "stdout", "stderr") else base.text
        if base.kind == "path":
            if name == "parent":
                return Obj("path", base.text.rpartition("/")[0] or ("/" if base.text.startswith("/") else "."))
            return base if name == "path" else text(base.text.rpartition("/")[2])
        if base.kind == "file" and name == "buffer":
            return base
        return UNKNOWN
    if name in _RUNS:
        return Ref(f"os.{'system' if name != 'Popen' else 'popen'}")  # reached through something unreadable
    return UNKNOWN


def method(w: Walker, base: Value, name: str, args: Args, keywords: Keywords) -> Value:
    """``base.name(…)``."""
    if isinstance(base, Ref):
        return call(w, Ref(f"{base.name}.{name}"), args, keywords)
    if isinstance(base, Obj):
        from vectra_guard.syntax.inline.pymethods import object_method

        return object_method(w, base, name, args, keywords)
    if isinstance(base, (str, bytes)):
        from vectra_guard.syntax.inline.pymethods import text_method

        return text_method(w, base, name, args, keywords)
    if isinstance(base, list) and name in ("append", "extend", "insert") and args:
        if len(base) < MAX_VALUE:
            base.extend(args[0] if name == "extend" and isinstance(args[0], list) else args[-1:])
        return None
    if isinstance(base, dict):
        if name == "get" and args and isinstance(args[0], (str, int)):
            return base.get(args[0], _arg(args, {}, 1))
        return list(base.values()) if name == "values" else UNKNOWN
    if name in _RUNS and args:
        return _system(w, args, keywords) if isinstance(args[0], str) else _subprocess(w, args, keywords)
    if name == "exec_command" and args:  # paramiko
        w.effects.run_words(["ssh", UNK, text(args[0])])
        return UNKNOWN
    for value in args:
        if isinstance(value, Func):
            w.invoke(value, [UNKNOWN] * 4, {})
    return UNKNOWN
