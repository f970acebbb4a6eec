"""The table of commands that run another command given as their arguments: one row each.

A row says which options take a value, how many operands come before the command, and where it then runs. What does
not fit into a row has a function of its own in ``unwrap``.
"""

from __future__ import annotations

from dataclasses import dataclass

from vectra_guard.syntax.names import word_set


@dataclass(frozen=True, slots=True)
class Row:
    values: str = ""  # short options with a value, attached or the next word
    longs: str = ""  # long options whose value is the next word, separated by blanks
    skip: int = 0  # operands before the command
    assigns: bool = False  # NAME=VALUE may stand before the command
    privileged: bool = False
    place: str = ""
    joined: bool = False  # the operands, joined, are a text for a shell
    text: str = ""  # short options whose value is such a text
    long_text: str = ""  # the same, long
    dashes: bool = False  # the command stands after ``--`` where there is one
    permute: bool = False  # options may follow operands; only ``text`` runs anything


_SUDO = Row(
    "ughpCrtUTRDac",
    "user group host prompt close-from role type other-user command-timeout chroot chdir",
    assigns=True,
    privileged=True,
)
_PLAIN = Row()
_PSSH = Row("hHlpoetOxX", "hosts host user par outdir errdir timeout options", joined=True, place="ssh")

ROWS: dict[str, Row] = {
    "sudo": _SUDO,
    "doas": Row("uCa", privileged=True, assigns=True),
    "please": Row("u", privileged=True),
    "run0": Row(
        "ugD", "user group unit property description slice nice chdir setenv machine background", privileged=True
    ),
    "pkexec": Row("", "user", privileged=True),
    "gosu": Row(skip=1, privileged=True),
    "su-exec": Row(skip=1, privileged=True),
    "setpriv": Row("", "reuid regid groups inh-caps bounding-set"),
    "su": Row(
        "sgGwT", "shell group supp-group", text="c", long_text="command session-command", permute=True, privileged=True
    ),
    "runuser": Row(
        "ugGsw", "user group supp-group shell", text="c", long_text="command session-command", privileged=True
    ),
    "sg": Row(skip=1, text="c", joined=True),
    "nice": Row("n", "adjustment"),
    "ionice": Row("cnpPu", "class classdata pid"),
    "nohup": _PLAIN,
    "setsid": _PLAIN,
    "stdbuf": Row("ioe", "input output error"),
    "timeout": Row("sk", "signal kill-after", skip=1),
    "gtimeout": Row("sk", "signal kill-after", skip=1),
    "time": Row("fo", "format output"),
    "gtime": Row("fo", "format output"),
    "chrt": Row("TPD", "sched-runtime sched-period sched-deadline", skip=1),
    "taskset": Row("", skip=1),
    "watch": Row("nq", "interval equexit", joined=True),
    "entr": _PLAIN,
    "chroot": Row("", "", skip=1, place="chroot"),
    "unshare": Row("RSGw", "root setuid setgid wd map-user map-group map-users map-groups propagation"),
    "nsenter": Row("tSG", "target setuid setgid"),
    "systemd-run": Row(
        "pEHMu",
        "unit property description slice uid gid nice working-directory setenv on-active"
        " on-boot on-startup on-unit-active on-unit-inactive on-calendar timer-property machine host",
    ),
    "script": Row(
        "oOIBTEm",
        "output-limit log-out log-in log-io log-timing echo logging-format",
        text="c",
        long_text="command",
        permute=True,
    ),
    "flock": Row("wEo", "timeout wait conflict-exit-code", skip=1, text="c", long_text="command"),
    "strace": Row("aeEIoOpPsSuUX", "output attach"),
    "ltrace": Row("aeoFlnpsuxX"),
    "proxychains": Row("f"),
    "proxychains4": Row("f"),
    "torsocks": Row("uPa", "user pass address port"),
    "torify": _PLAIN,
    "caffeinate": Row("tw"),
    "setarch": Row(skip=1),
    "linux32": _PLAIN,
    "linux64": _PLAIN,
    "i386": _PLAIN,
    "fakeroot": Row("lsib", "lib faked"),
    "faketime": Row("", skip=1),
    "unbuffer": _PLAIN,
    "rlwrap": Row("abcCDfFgHIlmMnNpPsStTwzZ"),
    "dbus-run-session": Row("", "config-file dbus-daemon"),
    "dbus-launch": _PLAIN,
    "xvfb-run": Row("efnpsw", "server-num server-args"),
    "firejail": _PLAIN,
    "valgrind": _PLAIN,
    "cpulimit": Row("lpec", "limit pid exe"),
    "numactl": Row("iNCmp"),
    "prlimit": Row("op", "output pid"),
    "choom": Row("np", "adjust pid"),
    "systemd-inhibit": Row("", "what who why mode"),
    "nocache": Row("n"),
    "pssh": _PSSH,
    "parallel-ssh": _PSSH,
    "pdsh": Row("wxlgtufR", joined=True, place="ssh"),
    "clush": Row("wgxluf", joined=True, place="ssh"),
    "wsl": Row("du", "distribution user cd"),
    "wsl.exe": Row("du", "distribution user cd"),
    "chpst": Row("ueblmdofcrtp/"),
    "setlock": Row(skip=1),
    "softlimit": Row("adfloprstm"),
    "tini": Row("pe"),
    "dumb-init": Row("r"),
    "catchsegv": _PLAIN,
    "eatmydata": _PLAIN,
    "ccache": _PLAIN,
    "sccache": _PLAIN,
    "distcc": _PLAIN,
    "bear": Row("", "output"),
    "sshpass": Row("pfdP"),
    "winpty": _PLAIN,
    "watchexec": Row("wefiIdsr", "watch exts filter ignore delay-run signal", joined=True),
    "nodemon": Row("weix", text="x", long_text="exec"),
    "hyperfine": Row(
        "wmMrpcsSLDPNn",
        "warmup min-runs max-runs runs prepare cleanup setup shell export-json export-csv"
        " export-markdown parameter-list parameter-scan command-name",
        joined=True,
    ),
    "ssh-agent": Row("at"),
    "doppler-run": _PLAIN,
    "dotenv": Row("f", "file"),
    "dotenvx": _PLAIN,
    "capsh": Row(text="c"),
    "direnv-exec": Row(skip=1),
    "daemonize": Row("acelopEu"),
    "cgexec": Row("g"),
    "setuidgid": Row(skip=1, privileged=True),
    "exec": _PLAIN,
    "nocorrect": _PLAIN,
    "noglob": _PLAIN,
    "and": _PLAIN,
    "or": _PLAIN,
    "not": _PLAIN,
    "xterm": Row("TgfbB", "title geometry", text="e", joined=True),
    "konsole": Row("", text="e"),
    "gnome-terminal": Row("", "title"),
    "tsp": Row("LnND"),
    "ts": _PLAIN,
    "retry": Row("td", "times delay"),
    "stdinbuf": _PLAIN,
    "lockfile-exec": Row(skip=1),
    "with-lock-ex": Row("", skip=1),
    "unbuffer-p": _PLAIN,
    "pkttyagent": _PLAIN,
    "trickle": Row("duwtlLPn"),
    "aa-exec": Row("pn", "profile namespace"),
    "runcon": Row("turl", "type user role range", skip=1),
    "schroot": Row("cups", "chroot user", place="chroot"),
    "arch-chroot": Row("u", skip=1, place="chroot"),
    "fakechroot": _PLAIN,
    "proot": Row("rbqkw", "rootfs bind qemu cwd"),
    "lxc-attach": Row("nfPs", "name", place="container"),
    "npx": Row("pw", "package workspace cache registry", text="c", long_text="call"),
    "pnpx": Row("", "package"),
    "bunx": Row("p", "package"),
    "uvx": Row("pw", "from with with-requirements with-editable python index index-url extra-index-url cache-dir"),
}

SUBROWS: dict[tuple[str, str], Row] = {
    ("op", "run"): Row("", "env-file account"),
    ("doppler", "run"): Row("pc", "project config token", long_text="command"),
    ("infisical", "run"): Row("", "env path", long_text="command"),
    ("aws-vault", "exec"): Row("d", "duration", skip=1),
    ("chamber", "exec"): _PLAIN,
    ("direnv", "exec"): Row(skip=1),
    ("mise", "exec"): Row(dashes=True),
    ("mise", "x"): Row(dashes=True),
    ("asdf", "exec"): _PLAIN,
    ("conda", "run"): Row("np", "name prefix cwd"),
    ("mamba", "run"): Row("np", "name prefix"),
    ("micromamba", "run"): Row("np", "name prefix"),
    ("poetry", "run"): Row("PC", "directory project"),
    ("pipenv", "run"): _PLAIN,
    ("uv", "run"): Row(
        "p",
        "with with-requirements with-editable python project directory extra"
        " group no-group env-file index index-url extra-index-url find-links package only-group cache-dir config-file",
    ),
    ("pdm", "run"): Row("p", "project"),
    ("hatch", "run"): _PLAIN,
    ("rye", "run"): _PLAIN,
    ("pixi", "run"): Row("e", "environment manifest-path"),
    ("npm", "explore"): Row("", "prefix", skip=1),
    ("npm", "exec"): Row("pw", "package workspace", text="c", long_text="call"),
    ("npm", "x"): Row("pw", "package workspace", text="c", long_text="call"),
    ("pnpm", "exec"): _PLAIN,
    ("pnpm", "dlx"): Row("", "package"),
    ("yarn", "dlx"): Row("p", "package"),
    ("bun", "x"): Row("p", "package"),
    ("pipx", "run"): Row("", "spec python pip-args index-url"),
    ("yarn", "exec"): _PLAIN,
    ("bundle", "exec"): _PLAIN,
    ("rbenv", "exec"): _PLAIN,
    ("pyenv", "exec"): _PLAIN,
    ("perf", "stat"): Row("eopCrxI"),
    ("perf", "record"): Row("eoFcp"),
    ("flatpak-spawn", ""): Row("", "env forward-fd"),
    ("toolbox", "run"): Row("cdr", "container distro release", place="container"),
    ("distrobox", "enter"): Row("n", "name", skip=1, place="container", dashes=True),
    ("adb", "shell"): Row(joined=True, place="ssh"),
    ("vagrant", "ssh"): Row(text="c", long_text="command", permute=True, place="ssh"),
    ("nix-shell", ""): Row("pI", "packages", long_text="run command", permute=True),
    ("pct", "exec"): Row("", "", skip=1, place="container"),
    ("limactl", "shell"): Row("", "workdir shell", skip=1, place="container"),
    ("docker-machine", "ssh"): Row("", "", skip=1, place="ssh"),
    ("heroku", "run"): Row("a", "app", joined=True, place="ssh"),
    ("fly", "ssh"): Row(text="C", long_text="command", permute=True, place="ssh"),
    ("flyctl", "ssh"): Row(text="C", long_text="command", permute=True, place="ssh"),
    ("lxc", "exec"): Row("", "env user group cwd mode", skip=1, place="container"),
    ("incus", "exec"): Row("", "env user group cwd", skip=1, place="container"),
    ("machinectl", "shell"): Row("E", "uid setenv", skip=1, place="container"),
    ("multipass", "exec"): Row("d", "working-directory", skip=1, place="container"),
    ("flatpak", "run"): Row("", "command"),
    ("git", "bisect-run"): _PLAIN,
}

REMOTE: dict[str, Row] = {
    "ssh": Row("BbcDEeFIiJLlmOopQRSWw", skip=1),
    "autossh": Row("MBbcDEeFIiJLlmOopQRSWw", skip=1),
    "mosh": Row("p", "ssh port server predict", skip=1),
    "et": Row("pcrut", "", skip=1),
}

CONTAINER_GLOBAL = word_set("H host c context l log-level config tlscacert tlscert tlskey root runroot url connection")
CONTAINER_VALUES = word_set(
    "a attach add-host annotation blkio-weight cap-add cap-drop cgroup-parent cgroupns cidfile cpu-shares c"
    " cpus cpuset-cpus cpuset-mems cpu-period cpu-quota device device-read-bps device-write-bps dns dns-option"
    " dns-search domainname entrypoint e env env-file expose gpus group-add health-cmd health-interval"
    " health-retries health-timeout h hostname ip ip6 ipc isolation kernel-memory l label label-file link"
    " log-driver log-opt mac-address m memory memory-reservation memory-swap mount name network net"
    " network-alias oom-score-adj pid pids-limit platform p publish pull restart runtime security-opt shm-size"
    " stop-signal stop-timeout storage-opt sysctl tmpfs ulimit u user userns uts v volume volume-driver"
    " volumes-from w workdir secret index detach-keys service-ports n namespace container"
)
KUBE_VALUES = word_set("n namespace c container context cluster kubeconfig user as token s server f filename image")
BWRAP_TWO = word_set(
    "bind dev-bind ro-bind bind-try dev-bind-try ro-bind-try symlink setenv file bind-data ro-bind-data chmod"
)
BWRAP_NONE = word_set(
    "unshare-all unshare-user unshare-user-try unshare-ipc unshare-pid unshare-net unshare-uts unshare-cgroup"
    " unshare-cgroup-try share-net die-with-parent new-session as-pid-1 clearenv disable-userns"
    " assert-userns-disabled level-prefix"
)
