"""From a command and the configuration to a SandboxSpec: what is mounted, hidden, passed in and limited.

It reads the file system (which folders exist, which hold programs) and runs nothing. It fails by raising
SandboxError before anything runs: no project folder, a bind that would expose a secret, a bad size.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from vectra_guard.config.schema import Config
from vectra_guard.errors import SandboxError
from vectra_guard.model import Limits, Mount, Network, Reach, SandboxSpec, SecurityLevel, WorkspaceMode
from vectra_guard.sandbox import environ, hidden, project, settings, system, toolchains, views
from vectra_guard.sandbox.levels import LEVELS, Level

INSIDE_ID = 1000
"""uid and gid inside for a caller who is root: root's own uid would keep root's rights over the host's /proc."""

_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def plan(
    argv: Sequence[str],
    *,
    cwd: str,
    config: Config,
    env: Mapping[str, str],
    home: str,
    network_allow: tuple[str, ...] | None = None,
    network_private: tuple[str, ...] = (),
    workspace_mode: WorkspaceMode | None = None,
    reach: Reach = "",
    level: SecurityLevel | None = None,
    caches: Sequence[Mount] | None = None,
    uid: int | None = None,
) -> SandboxSpec:
    """Describe the sandboxed run of ``argv``. ``caches`` and ``network_allow`` not given: those of the package
    managers that the command uses (their installed clients may be asked which registries they use). ``reach``: what
    a reviewed run is to see. ``here``: it only changes files, so it has no network, and files of secrets in the
    project may be there; ``home``: home as well, secrets hidden."""
    uid = os.getuid() if uid is None else uid
    chosen: SecurityLevel = level or config.sandbox.security_level
    row = LEVELS[chosen]
    home = _home(home)
    cwd = os.path.realpath(cwd)
    mode = _workspace_mode(workspace_mode, config, row)
    reach = reach if mode == "review" else ""
    workspace = views.workspace(argv, cwd, home, uid, reach)
    viewed = views.folders(workspace, home, reach) if mode == "review" else ()
    visible = environ.inside(env, config, row.environment)
    visible |= {"HOME": home, "PWD": cwd, "PATH": env.get("PATH") or "/usr/local/bin:/usr/bin:/bin"}
    guard = hidden.guard_folders(home, env, uid, config.sandbox.trust_store_path)

    identity = _Identity(uid, home, env)
    limits = _limits(config, row)
    network = _network(config, row, network_allow or (), network_private)
    names: tuple[str, ...] = ()
    if reach:
        caches = ()  # what it fetches is shown with the rest
    if reach == "here" and config.sandbox.network_mode == "level":
        network, network_allow = Network("none"), ()
    sealed = reach == "here" and network.mode == "none"
    if caches is None or network_allow is None:
        from vectra_guard.sandbox import supplies

        found = supplies.gather(argv, config, row, network, env=env, home=home, workspace=workspace)
        names = found.names if caches is None else ()
        caches = found.mounts if caches is None else caches
        network = found.network if network_allow is None else network
        visible = {**found.variables, **visible}
    mounts = system.mounts(
        uid=uid,
        inside_uid=identity.uid,
        inside_gid=identity.gid,
        home=home,
        user=identity.user,
        login_shell=env.get("SHELL", "/bin/sh"),
    )
    mounts += [
        Mount("", "/tmp", "tmpfs", size=limits.tmp_size, mode=0o1777),  # noqa: S108 - private to the sandbox
        Mount("", "/var/tmp", "tmpfs", size=limits.tmp_size, mode=0o1777),  # noqa: S108
        Mount("", "/run", "tmpfs", size=limits.tmp_size, mode=0o755),
    ]
    if home in viewed:
        mounts += [Mount(home, home, "overlay"), *settings.mounts(home, env)]
    else:
        mounts += _home_mounts(argv, cwd, workspace, home, row, env, guard, limits.tmp_size)
    mounts += caches or ()
    mounts += _elsewhere(argv, cwd, home, workspace, env, mounts)
    mounts += _binds(config, home, guard)
    if workspace != home:
        mounts += _workspace_mounts(workspace, home, mode, row)
    hide = [*guard, *hidden.secrets(home)]
    if config.env_protection.enabled and config.env_protection.block_dotenv_read and not sealed:
        hide += hidden.dotenv_files(workspace, cwd)
    for path in guard:
        if project.is_exposed(cwd, path):
            raise SandboxError(f"{cwd} belongs to the guard itself; change into a project first")

    return SandboxSpec(
        argv=tuple(argv),
        cwd=cwd,
        level=chosen,
        workspace=workspace,
        workspace_mode=mode,
        network=network,
        mounts=tuple(mounts),
        env=visible,
        limits=limits,
        capabilities=row.capabilities,
        seccomp=config.sandbox.seccomp_profile or row.seccomp,
        noexec_tmp=row.noexec_tmp,
        hide=tuple(hide),
        caches=names,
        viewed=viewed,
        image=config.sandbox.image,
    )


class _Identity:
    """Who the command is inside."""

    def __init__(self, uid: int, home: str, env: Mapping[str, str]) -> None:
        self.uid = uid or INSIDE_ID
        self.gid = os.getgid() if uid else INSIDE_ID
        name = env.get("USER") or env.get("LOGNAME") or os.path.basename(home) or "user"
        self.user = name if name.isprintable() and not set(name) & set(":\n/ ") else "user"


def _home(home: str) -> str:
    real = os.path.realpath(home) if home else "/"
    if real == "/" or not os.path.isdir(real):
        return "/tmp/home"  # noqa: S108 - only inside, on the private /tmp
    return real


def _workspace_mode(wanted: WorkspaceMode | None, config: Config, row: Level) -> WorkspaceMode:
    if wanted is not None:
        return wanted
    return row.workspace if config.sandbox.workspace == "auto" else config.sandbox.workspace


def _network(config: Config, row: Level, allow: tuple[str, ...], private: tuple[str, ...]) -> Network:
    mode = row.network if config.sandbox.network_mode == "level" else config.sandbox.network_mode
    if mode != "restricted":
        return Network(mode)
    return Network(
        mode,
        allow=tuple(dict.fromkeys((*allow, *config.sandbox.allowed_hosts))),
        private=tuple(dict.fromkeys((*private, *config.sandbox.private_hosts))),
    )


def _limits(config: Config, row: Level) -> Limits:
    return Limits(
        memory=size(config.sandbox.memory) if config.sandbox.memory else row.memory,
        cpus=config.sandbox.cpus or row.cpus,
        pids=config.sandbox.pids or row.pids,
        tmp_size=row.tmp_size,
        timeout=float(config.sandbox.timeout),
    )


def size(text: str) -> int:
    """``512m`` in bytes; SandboxError for what is no size."""
    lowered = text.strip().lower().removesuffix("ib").removesuffix("b")
    unit = lowered[-1:] if lowered[-1:].isalpha() else ""
    try:
        number = float(lowered.removesuffix(unit)) * _UNITS[unit]
    except (ValueError, KeyError):
        number = 0
    if number < 1:
        raise SandboxError(f"sandbox.memory: {text!r} is no size; write it as 512m or 2g")
    return int(number)


def _home_mounts(
    argv: Sequence[str],
    cwd: str,
    workspace: str,
    home: str,
    row: Level,
    env: Mapping[str, str],
    guard: Sequence[str],
    tmp_size: int,
) -> list[Mount]:
    if row.home == "visible":
        return [Mount(home, home)]
    out = [Mount("", home, "tmpfs", size=tmp_size, mode=0o700)]
    path = env.get("PATH", "")
    if row.home == "tools":
        environments = [env.get("VIRTUAL_ENV", ""), env.get("CONDA_PREFIX", "")]
        environments += [f"{folder}/{name}" for folder in {workspace, cwd} for name in (".venv", "venv")]
        shown = toolchains.visible(path, home, environments, guard)
        shown = toolchains.outermost({*shown, *toolchains.program(argv[0], path, cwd, home)})
        out += [Mount(item, item) for item in shown if not project.is_exposed(item, workspace)]
        for mount in settings.mounts(home, env):
            covered = any(project.is_exposed(mount.target, item) for item in (*shown, workspace))
            if not covered or os.path.exists(mount.target):
                out.append(mount)
    else:
        shown = toolchains.program(argv[0], path, cwd, home)
        out += [Mount(item, item) for item in shown if not project.is_exposed(item, workspace)]
    return out


def _elsewhere(
    argv: Sequence[str], cwd: str, home: str, workspace: str, env: Mapping[str, str], mounts: Sequence[Mount]
) -> list[Mount]:
    """Programs outside home and outside the system: read-only."""
    folders = [folder for folder in env.get("PATH", "").split(":") if folder.startswith("/")]
    if "/" in argv[0]:
        folders.append(os.path.dirname(os.path.join(cwd, argv[0])))
    environments = [env.get("VIRTUAL_ENV", ""), f"{workspace}/.venv", f"{workspace}/venv", f"{cwd}/.venv"]
    environments += [os.path.dirname(folder) for folder in folders]
    folders += [base for item in environments if item and (base := toolchains.base_python(item))]
    shown = [mount.target for mount in mounts if mount.kind == "ro"] + [workspace]
    return [Mount(item, item) for item in toolchains.elsewhere(folders, home, shown)]


def _binds(config: Config, home: str, guard: Sequence[str]) -> list[Mount]:
    out = []
    for text in config.sandbox.bind_mounts:
        source, _, rest = text.partition(":")
        target, _, mode = rest.rpartition(":") if ":" in rest else ("", "", rest)
        if mode not in ("", "ro", "rw"):
            target, mode = rest, "ro"
        source = os.path.realpath(os.path.expanduser(source))
        target = os.path.normpath(target or source)
        reason = "" if os.path.exists(source) else "it does not exist"
        for secret in (*guard, *hidden.secrets(home)):
            if project.is_exposed(source, secret) or (source == home and mode == "rw"):
                reason = "it is protected"
        if source == "/" or source.startswith(("/proc", "/sys", "/dev", "/run")) or source.endswith(".sock"):
            reason = "it would open the system to the sandbox"
        if mode == "rw" and project.refusal(source, home):
            reason = project.refusal(source, home)
        if not target.startswith("/") or target == "/":
            reason = f"the target {target!r} is no folder inside"
        if reason:
            raise SandboxError(f"sandbox.bind_mounts: {text}: refused, {reason}")
        out.append(Mount(source, target, "rw" if mode == "rw" else "ro"))
    return out


_RUNS_LATER = (".envrc", ".vscode", ".idea", ".git/hooks", ".git/config", ".git/info", "vectra-guard.yaml")
"""Parts of a project that other programs run or obey later, outside the sandbox. Read-only inside where they exist."""


def _workspace_mounts(workspace: str, home: str, mode: WorkspaceMode, row: Level) -> list[Mount]:
    kind = {"direct": "rw", "ro": "ro", "review": "overlay"}[mode]
    out = [Mount(workspace, workspace, kind)]  # type: ignore[arg-type]
    git = project.git_of(workspace, home)
    later = [f"{workspace}/{name}" for name in _RUNS_LATER]
    if git is not None and not project.is_exposed(git.common, workspace):
        shared = "rw" if mode == "direct" and not project.refusal(git.common, home) else "ro"
        out.append(Mount(git.common, git.common, shared))  # type: ignore[arg-type]
        if not project.is_exposed(git.folder, git.common):
            out.append(Mount(git.folder, git.folder, shared))  # type: ignore[arg-type]
        later += [f"{git.common}/hooks", f"{git.common}/config", f"{git.common}/info"]
    if mode == "direct" and row.protect:
        out += [Mount(path, path) for path in later if os.path.lexists(path) and not os.path.islink(path)]
    return out
