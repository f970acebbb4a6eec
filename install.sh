#!/bin/sh
# Installs Vectra Guard for this user, tries it, tests it, or takes it out again.
#
#   ./install.sh                 install into the user's data folder, put vg on PATH, load the hook in the shells found
#   ./install.sh --uninstall     take all that out again; start-up files get back their old bytes
#   ./install.sh --try           install into .venv of this checkout and open a guarded shell; no start-up file is touched
#   ./install.sh --try -- CMD    the same, but run CMD in that environment instead of a shell
#   ./install.sh --test          everything that the tests need, then lint, types, import rules, shell checks, tests
#
# Needs python3 >= 3.11 with venv. As root, missing Debian packages are installed; otherwise they are named.
# On any failure nothing is half-installed: the next run starts over.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
data=${XDG_DATA_HOME:-$HOME/.local/share}/vectra-guard
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vectra-guard
bin=$HOME/.local/bin

say() { printf '%s\n' "install: $*" >&2; }
die() { say "$*"; exit 1; }

usable_python() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  for candidate in python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3; do
    found=$(command -v "$candidate" 2>/dev/null) || continue
    if usable_python "$found"; then
      # the real interpreter, not a version manager's shim, which would cost 90 ms at every start
      "$found" -c 'import sys; print(sys._base_executable)'
      return 0
    fi
  done
  return 1
}

packages_missing() { # prints the Debian packages of "package:command-or-path" pairs that are not there
  for pair in "$@"; do
    package=${pair%%:*} probe=${pair#*:}
    case $probe in
      /*) [ -e "$probe" ] || printf '%s ' "$package" ;;
      *) command -v "$probe" >/dev/null 2>&1 || printf '%s ' "$package" ;;
    esac
  done
}

apt_install() { # installs the packages named; not being able to is an error that says what to type
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing Debian packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    die "missing on this machine: $*
         on Debian:  sudo apt-get install --no-install-recommends $*"
  fi
}

need_python() {
  if ! python=$(find_python); then
    apt_install python3 python3-venv
    python=$(find_python) || die "python3 3.11 or newer with venv is needed"
  fi
}

make_venv() { # $1 folder; the rest: what to install
  venv=$1
  shift
  stamp="$venv/.installed"
  want=$(cksum <"$here/pyproject.toml"; printf '%s ' "$python" "$@")
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && "$venv/bin/python" -c 'import vectra_guard' 2>/dev/null; then
    return 0
  fi
  say "preparing $venv (a minute the first time)"
  if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then "$python" -m venv --clear "$venv"; fi
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" || die "pip could not install $*"
  printf '%s' "$want" >"$stamp"
}

do_install() {
  need_python
  mkdir -p "$data" "$bin"
  chmod 700 "$data"
  rm -f "$data/venv/.installed" # an upgrade of the same version must install too
  make_venv "$data/venv" "$here"
  for name in vg vectra-guard vg-shell; do
    if [ -e "$bin/$name" ] && [ ! -L "$bin/$name" ]; then die "$bin/$name is there already and is not ours"; fi
    ln -sf "$data/venv/bin/$name" "$bin/$name"
  done
  "$data/venv/bin/vg" hook --install
  case ":$PATH:" in
    *":$bin:"*) ;;
    *) say "$bin is not on your PATH: the hooks work all the same, but to type vg add it" ;;
  esac
  say "done: open a new shell. vg doctor shows what works here; ./install.sh --uninstall takes it out again."
}

do_uninstall() {
  if [ -x "$data/venv/bin/vg" ]; then
    "$data/venv/bin/vg" hook --uninstall
  fi
  for name in vg vectra-guard vg-shell; do
    if [ -L "$bin/$name" ] && [ "$(readlink "$bin/$name")" = "$data/venv/bin/$name" ]; then rm -f "$bin/$name"; fi
  done
  rm -rf "$data/venv" "$data/hooks" "$cache"
  rmdir "$data" 2>/dev/null || true
  say "removed. Kept: your configuration and approvals (~/.config/vectra-guard, ~/.local/state/vectra-guard)."
}

do_try() {
  need_python
  make_venv "$here/.venv" -e "$here"
  if [ "${1-}" = -- ]; then
    shift
    PATH="$here/.venv/bin:$PATH"
    export PATH
    exec "$@"
  fi
  exec "$here/.venv/bin/vg" shell
}

do_test() {
  # what the tests drive for real; the list is the one place that says so
  # shellcheck disable=SC2046 # one word a package
  set -- $(packages_missing git:git zsh:zsh fish:fish shellcheck:shellcheck procps:ps util-linux:setsid \
    curl:curl less:less vim-tiny:vi tmux:tmux strace:strace make:make gcc:gcc libc6-dev:/usr/include/stdio.h npm:npm \
    chromium:chromium \
    ca-certificates:/etc/ssl/certs/ca-certificates.crt passwd:/usr/sbin/useradd xxd:xxd nodejs:node bubblewrap:bwrap \
    python3:/usr/bin/python3 \
    direnv:direnv zoxide:zoxide fzf:/usr/share/doc/fzf/examples/key-bindings.bash vim:/usr/bin/vim.basic \
    zsh-autosuggestions:/usr/share/zsh-autosuggestions zsh-syntax-highlighting:/usr/share/zsh-syntax-highlighting)
  # an ordinary user, whom the tests play too, has only the system's Python
  /usr/bin/python3 -c 'import venv, ensurepip' 2>/dev/null || set -- "$@" python3-venv
  if [ $# -gt 0 ]; then apt_install "$@"; fi
  need_python
  make_venv "$here/.venv" -e "${here}[dev]"
  cd "$here"
  bin=$here/.venv/bin
  PATH="$bin:$PATH"
  export PATH
  say "lint"
  "$bin/ruff" check .
  "$bin/ruff" format --check . >/dev/null || say "note: ruff format would change files"
  say "types"
  "$bin/mypy"
  say "import rules"
  "$bin/lint-imports" --no-cache >/dev/null || "$bin/lint-imports" --no-cache
  say "shell syntax"
  shellcheck install.sh .ci/run
  shellcheck -s bash -S warning shell-hooks/vg.bash
  bash -n shell-hooks/vg.bash
  zsh -n shell-hooks/vg.zsh
  fish --no-execute shell-hooks/vg.fish
  say "tests"
  if [ "$(id -u)" = 0 ]; then VG_REQUIRE_ALL=1; else VG_REQUIRE_ALL=${VG_REQUIRE_ALL:-0}; fi
  export VG_REQUIRE_ALL
  "$bin/pytest" -n 2 --dist loadgroup
}

case ${1-} in
  "") do_install ;;
  --uninstall) do_uninstall ;;
  --try) shift; do_try "$@" ;;
  --test) do_test ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; case $1 in -h | --help) exit 0 ;; *) exit 64 ;; esac ;;
esac
