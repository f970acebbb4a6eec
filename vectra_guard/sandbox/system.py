"""What a sandbox sees of the system: programs and libraries, and the part of ``/etc`` that programs need.

Everything is read-only. ``/etc`` is an allowlist: a sandbox of root could otherwise read what only root may
(shadow, private keys), because its files belong to root outside. What is not listed here does not exist inside;
a program that misses it fails with "no such file", never with more access.
"""

# ruff: noqa: SIM905 - tables of words read better unquoted

from __future__ import annotations

import os
import stat

from vectra_guard.model import Mount

_ROOTS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt")
_STORES = ("/nix/store", "/nix/var/nix/profiles", "/gnu/store", "/snap", "/var/lib/snapd/snap")
_STATE = ("/var/lib/dpkg", "/var/lib/gems", "/var/cache/fontconfig", "/var/lib/ghc")

_ETC_FILES = (
    "adjtime bash.bashrc bindresvport.blacklist ca-certificates.conf debian_version environment ethertypes "
    "fedora-release gai.conf gitattributes gitconfig host.conf hosts inputrc issue ld.so.cache ld.so.conf "
    "locale.alias locale.conf localtime login.defs lsb-release magic magic.mime mailcap manpath.config mime.types "
    "netconfig networks nsswitch.conf os-release papersize profile protocols python-debug redhat-release "
    "resolv.conf rpc screenrc services shells system-release timezone vconsole.conf wgetrc zshenv"
).split()
_ETC_FOLDERS = (
    "alternatives bash_completion.d ca-certificates crypto-policies dpkg emacs fish fonts groff gtk-2.0 gtk-3.0 "
    "ImageMagick-6 ImageMagick-7 java java-8-openjdk java-11-openjdk java-17-openjdk java-21-openjdk "
    "java-25-openjdk jvm ld.so.conf.d maven nodejs perl php pki profile.d python python2.7 python3 python3.9 "
    "python3.10 python3.11 python3.12 python3.13 python3.14 R skel ssl terminfo texmf vim X11 xdg xml zsh"
).split()
_ETC_PRIVATE = ("/etc/ssl/private", "/etc/pki/tls/private", "/etc/pki/CA/private", "/etc/pki/rpm-gpg-private")
_SMALL = 256 * 1024


def mounts(*, uid: int, inside_uid: int, inside_gid: int, home: str, user: str, login_shell: str) -> list[Mount]:
    """The read-only system, with ``/etc/passwd`` and ``/etc/group`` that know the user inside."""
    out: list[Mount] = []
    for name in _ROOTS:
        out += _as_on_host(f"/{name}")
    for path in (*_STORES, *_STATE):
        if os.path.isdir(path):
            out.append(Mount(path, path))
    out += _etc()
    out.append(Mount("", "/etc/passwd", "data", data=_passwd(uid, inside_uid, inside_gid, home, user, login_shell)))
    out.append(Mount("", "/etc/group", "data", data=_group(inside_gid, user)))
    out.append(Mount("/proc/self/mounts", "/etc/mtab", "link"))
    return out


def _as_on_host(path: str) -> list[Mount]:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return []
    if stat.S_ISLNK(mode):
        return [Mount(os.readlink(path), path, "link")]
    return [Mount(path, path)] if stat.S_ISDIR(mode) else []


def _etc() -> list[Mount]:
    out: list[Mount] = []
    for name in _ETC_FOLDERS:
        path = f"/etc/{name}"
        if os.path.isdir(path):
            out.append(Mount(path, path))
    for path in _ETC_PRIVATE:
        if os.path.isdir(path):
            out.append(Mount("", path, "mask"))
    for name in _ETC_FILES:
        path = f"/etc/{name}"
        try:
            # the file that a link such as resolv.conf leads to may lie where nothing is mounted: its content counts
            with open(path, "rb") as file:
                content = file.read(_SMALL + 1)
        except OSError:
            continue
        if len(content) > _SMALL:
            out.append(Mount(os.path.realpath(path), path))
        else:
            out.append(Mount("", path, "data", data=content))
    return out


def _passwd(uid: int, inside_uid: int, inside_gid: int, home: str, user: str, login_shell: str) -> bytes:
    """System accounts and the user, under the uid that holds inside. Other people's accounts are left out."""
    own = f"{user}:x:{inside_uid}:{inside_gid}:{user}:{home}:{login_shell}"
    lines = [own]
    for line in _lines("/etc/passwd"):
        fields = line.split(":")
        if len(fields) < 7 or not fields[2].isdigit():
            continue
        number = int(fields[2])
        if number not in (uid, inside_uid) and fields[0] != user and (number < 1000 or number == 65534):
            lines.append(line)
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _group(inside_gid: int, user: str) -> bytes:
    lines = [f"{user}:x:{inside_gid}:"]
    for line in _lines("/etc/group"):
        fields = line.split(":")
        if len(fields) < 4 or not fields[2].isdigit():
            continue
        number = int(fields[2])
        if number != inside_gid and fields[0] != user and (number < 1000 or number == 65534):
            lines.append(":".join((*fields[:3], "")))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []
