"""Random operations on the trees in the current folder, the same for the same seed. Runs in and out of sandboxes.

Every time stamp that an operation leaves is set from its number, so that two runs give equal trees.
Standard library only: any Python runs it.
"""

import os
import random
import shutil
import stat
import subprocess
import sys

NAMES = ["a", "b", "c.txt", "dir", "src", "with space", "new\nline", "esc\x1b[31m", "-dash", "ünï", "B", "\udcff\udcfe"]
MODES = [0o644, 0o600, 0o755, 0o444, 0o400, 0o4755, 0o2755, 0o777, 0o000, 0o640]
FOLDER_MODES = [0o755, 0o700, 0o775, 0o1777, 0o555, 0o500, 0o000, 0o2755]
OPERATIONS = """new new append rewrite mkdir chmod chmod xattr touch remove remove rename rename link symlink fifo swap
again replace unattr same"""
EPOCH = 1_600_000_000


def build(root, rng):
    """A tree to begin with."""
    os.makedirs(root, exist_ok=True)
    folders = [root]
    for number in range(rng.randint(3, 14)):
        path = os.path.join(rng.choice(folders), rng.choice(NAMES) + str(rng.randint(0, 3)))
        if os.path.lexists(path):
            continue
        what = rng.random()
        if what < 0.35:
            os.mkdir(path)
            folders.append(path)
        elif what < 0.5:
            os.symlink(rng.choice(["a", "../b", "/etc", "nowhere", "."]), path)
        else:
            write(path, rng)
            os.chmod(path, rng.choice([0o644, 0o600, 0o755, 0o444]))
            if rng.random() < 0.2:
                attribute(path, rng)
        stamp(path, number)
    for number, path in enumerate(reversed(folders)):
        stamp(path, 100 + number)


def write(path, rng, how="wb"):
    size = rng.choice([0, 1, 10, 100, 5000, 70000])
    with open(path, how) as file:
        file.write(bytes([rng.randint(32, 120)]) * size)
        if rng.random() < 0.1:
            file.truncate(rng.choice([1 << 20, 3 << 20]))


def attribute(path, rng):
    name = "user." + rng.choice(["one", "two"])
    os.setxattr(path, name, str(rng.randint(0, 99)).encode(), follow_symlinks=False)


def stamp(path, number):
    ns = EPOCH * 10**9 + number * 1_000_000_007
    try:
        os.utime(path, ns=(ns, ns), follow_symlinks=False)
    except OSError:
        pass


def nodes(root):
    out = []
    for folder, names, files in os.walk(root):
        names.sort()
        for name in sorted([*names, *files]):
            out.append(os.path.join(folder, name))
    return out


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        # what a removal that fails half way leaves depends on the order of the folder
        if any(os.lstat(item).st_mode & 0o700 != 0o700 for item in [path, *nodes(path)] if os.path.isdir(item)):
            raise PermissionError(path)
        shutil.rmtree(path)
    else:
        os.unlink(path)


def linked(path):
    if not os.path.isdir(path) or os.path.islink(path):
        return os.lstat(path).st_nlink > 1
    return any(os.lstat(os.path.join(f, n)).st_nlink > 1 for f, _, names in os.walk(path) for n in names)


def move(old, new):
    if os.path.lexists(new) or (new + "/").startswith(old + "/") or (linked(old) and os.path.isdir(old)):
        return
    # an overlay cannot rename a folder that lies below, so mv copies it: a folder closed to its owner can then be
    # moved where it could not be before, and one that comes into a set-group-id folder takes that bit on
    if os.path.isdir(old) and not os.path.islink(old):
        modes = [os.lstat(item).st_mode for item in [old, *nodes(old)] if os.path.isdir(item)]
        if any(mode & 0o700 != 0o700 for mode in modes) or os.lstat(os.path.dirname(new)).st_mode & stat.S_ISGID:
            return
    subprocess.run(["mv", "-T", "--", old, new], stderr=subprocess.DEVNULL)


def step(root, rng, number):
    found = nodes(root)
    path = rng.choice(found) if found else root
    folders = [root, *(item for item in found if os.path.isdir(item) and not os.path.islink(item))]
    fresh = os.path.join(rng.choice(folders), rng.choice(NAMES) + str(rng.randint(0, 5)))
    is_dir = os.path.isdir(path) and not os.path.islink(path)
    plain = os.path.isfile(path) and not os.path.islink(path)
    what = rng.choice(OPERATIONS.split())
    touched = [path]
    if what == "new" and not os.path.lexists(fresh):
        write(fresh, rng)
    elif what == "append" and plain:
        write(path, rng, "ab")
    elif what == "rewrite" and plain:
        write(path, rng)
    elif what == "mkdir":
        os.mkdir(fresh)
    elif what == "chmod" and not os.path.islink(path) and path != root:
        os.chmod(path, rng.choice(FOLDER_MODES if is_dir else MODES))
    elif what == "xattr" and (plain or is_dir):
        attribute(path, rng)
    elif what == "unattr" and (plain or is_dir):
        for name in os.listxattr(path):
            os.removexattr(path, name)
    elif what == "remove" and path != root:
        remove(path)
    elif what == "rename" and path != root:
        move(path, fresh)
    elif what == "link" and plain:
        os.link(path, fresh)
    elif what == "symlink":
        os.symlink(rng.choice(["../x", "/tmp", "a", "y\nz"]), fresh)
    elif what == "fifo":
        os.mkfifo(fresh)
    elif what == "swap" and path != root:  # another kind under the same name
        remove(path)
        write(path, rng) if is_dir else os.mkdir(path)
    elif what == "again" and is_dir and path != root:  # opaque
        remove(path)
        os.mkdir(path)
        write(os.path.join(path, "a0"), rng)
        stamp(os.path.join(path, "a0"), number)
    elif what == "replace" and plain:  # as editors do
        write(path + "~", rng)
        os.replace(path + "~", path)
    elif what == "same" and plain:  # rewritten with what it had
        info = os.stat(path)
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "r+b") as file:
            file.write(data)
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
        return
    touched += [fresh, os.path.dirname(path), os.path.dirname(fresh)]
    for item in touched:
        if (item + "/").startswith(root + "/"):
            stamp(item, 1000 + number)


def main():
    seed, trees, steps = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for index in range(trees):
        rng = random.Random(f"{seed}-{index}-steps")
        for number in range(steps):
            state = rng.getstate()
            try:
                step(f"t{index}", rng, number)
            except OSError:
                pass
            # a step that failed half way has drawn as many numbers as one that did not
            rng.setstate(state)
            rng.random()
            rng = random.Random(rng.random())
        for path in [f"t{index}", *nodes(f"t{index}")]:
            if os.lstat(path).st_mtime > EPOCH + 10**8:  # of a step that failed half way: the time of day
                stamp(path, 5000)


if __name__ == "__main__":
    main()
