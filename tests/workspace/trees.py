"""Trees to compare, and people to make them as."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

from tests.sandbox.box import Account

HERE = Path(__file__).parent


def snapshot(root: Path | str) -> dict[str, Any]:
    """Everything that a tree says: kinds, modes, times, contents, targets, attributes, which names are one file."""
    root = str(root)
    out: dict[str, Any] = {}
    groups: dict[int, list[str]] = {}
    for folder, names, files in os.walk(root):
        for name in [".", *files, *(n for n in names if os.path.islink(f"{folder}/{n}"))]:
            path = folder if name == "." else f"{folder}/{name}"
            at = os.path.relpath(path, root)
            info = os.lstat(path)
            fact: list[Any] = [stat.S_IFMT(info.st_mode), oct(stat.S_IMODE(info.st_mode)), info.st_mtime_ns]
            fact += [info.st_uid, info.st_gid]
            if stat.S_ISREG(info.st_mode):
                fact += [info.st_size, hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]]
                groups.setdefault(info.st_ino, []).append(at)
            elif stat.S_ISLNK(info.st_mode):
                fact.append(os.readlink(path))
            for key in sorted(os.listxattr(path, follow_symlinks=False)):
                fact.append((key, os.getxattr(path, key, follow_symlinks=False)))
            out[at] = fact
    for names in groups.values():
        if len(names) > 1:
            out["links " + ", ".join(sorted(names))] = True
    return out


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [
        f"{key!r}: {one.get(key)} / {other.get(key)}"
        for key in sorted({*one, *other})
        if one.get(key) != other.get(key)
    ]


class Place:
    """Somebody's project, a copy of it, and what is decided about it."""

    def __init__(self, person: Account, name: str) -> None:
        self.person = person
        self.root = person.home / name
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        (self.root / "package.json").write_text("{}")
        for script in ("mutate.py", "decide.py"):
            shutil.copy(HERE / script, (self.root if script == "mutate.py" else person.code) / script)
        self.own()

    def own(self) -> None:
        if os.getuid() == 0:
            subprocess.run(["chown", "-hR", f"{self.person.uid}:{self.person.gid}", str(self.root)], check=True)

    def grow(self, seed: int, trees: int) -> None:
        from tests.workspace import mutate

        for index in range(trees):
            mutate.build(str(self.root / f"t{index}"), random.Random(f"{seed}-{index}"))
        self.own()

    def copy(self, name: str) -> Path:
        target = self.person.home / name
        subprocess.run(["rm", "-rf", str(target)], check=True)
        subprocess.run(["cp", "-a", str(self.root), str(target)], check=True)
        return target

    def directly(self, argv: list[str], where: Path) -> None:
        # a sandbox has no capabilities: root without them is what it is to be compared with
        plain = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] if self.person.uid == 0 else []
        command = [*self.person.prefix(), *plain, *argv]
        done = subprocess.run(command, cwd=where, env=self.person.environment(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()

    def review(self, argv: list[str], **options: Any) -> str:
        """Run it on a view; the id of the review."""
        result = self.person.run(argv, cwd=self.root, workspace_mode="review", **options)
        assert "error" not in result.outcome, result.outcome
        return str(result.outcome["review"])

    def command(self, do: str, **request: Any) -> list[str]:
        return [self.person.python, str(self.person.code / "decide.py"), json.dumps({"do": do, **request})]

    def decide(self, do: str, **request: Any) -> Any:
        done = subprocess.run(
            [*self.person.prefix(), *self.command(do, **request)],
            cwd=self.person.home,
            env=self.person.environment(),
            capture_output=True,
            text=True,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)
