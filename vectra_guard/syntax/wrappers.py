"""The table of wrappers: commands that run another command given as their words. One row each.

``values`` are the short options that take a value (attached or the next word), ``longs`` the long ones whose value is
the next word; ``skip`` is how many operands stand before the command; ``assigns``: NAME=VALUE words may stand there.
``text`` names the options whose value is a shell text. ``joined``: the remaining words are one shell text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrapper:
    values: str = ""
    longs: frozenset[str] = frozenset()
    skip: int = 0
    assigns: bool = False
    privileged: bool = False
    place: str = ""
    text: frozenset[str] = frozenset()
    joined: bool = False
    before: frozenset[str] = frozenset()  # subcommand words: the command follows one of them
    shell: frozenset[str] = frozenset()  # options with which no command means a shell that reads standard input
    plain: frozenset[str] = frozenset()  # options with which nothing is run
    dashes: bool = False  # the command stands after --


def _f(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SUDO = Wrapper(
    "ugphCDRTUrtac", _f("--user --group --prompt --host --close-from --chdir --chroot --command-timeout --role --type"),
    assigns=True, privileged=True, shell=_f("-s -i --shell --login"),
    plain=_f("-l -v -K -k -V --list --validate --version --help -ll"),
)
_CONTAINER_RUN = (
    "evpwuhmlac",
    _f(
        "--env --volume --publish --workdir --user --hostname --memory --label --name --network --net --entrypoint"
        " --mount --cpus --env-file --add-host --device --cap-add --cap-drop --security-opt --restart --log-driver"
        " --log-opt --ulimit --tmpfs --platform --pull --shm-size --ip --dns --pid --ipc --uts --userns --gpus"
        " --runtime --stop-signal --volumes-from --link --expose --cidfile --cgroup-parent --pids-limit --annotation"
    ),
)

WRAPPERS: dict[str, Wrapper] = {
    "sudo": _SUDO,
    "doas": Wrapper("uC", assigns=True, privileged=True, shell=_f("-s"), plain=_f("-L")),
    "run0": Wrapper("uD", _f("--user --unit --property --chdir --setenv --nice"), privileged=True),
    "pkexec": Wrapper("u", _f("--user"), privileged=True),
    "sudoedit": Wrapper(),
    "nice": Wrapper("n", _f("--adjustment")),
    "ionice": Wrapper("cnpPu", _f("--class --classdata")),
    "nohup": Wrapper(),
    "setsid": Wrapper(),
    "stdbuf": Wrapper("ioe", _f("--input --output --error")),
    "unbuffer": Wrapper(),
    "timeout": Wrapper("ks", _f("--kill-after --signal"), skip=1),
    "gtimeout": Wrapper("ks", _f("--kill-after --signal"), skip=1),
    "time": Wrapper("fo", _f("--format --output")),
    "chrt": Wrapper("TPD", skip=1),
    "taskset": Wrapper(skip=1),
    "numactl": Wrapper("NmCpil", _f("--membind --cpunodebind --physcpubind --interleave")),
    "chroot": Wrapper("", _f("--userspec --groups"), skip=1, place="chroot"),
    "unshare": Wrapper("SGRw", _f("--setuid --setgid --root --wd --map-user --map-group --propagation")),
    "nsenter": Wrapper("tSGrw", _f("--target --setuid --setgid --root --wd"), privileged=True),
    "setpriv": Wrapper("", _f("--reuid --regid --groups --inh-caps --bounding-set --ambient-caps --securebits")),
    "prlimit": Wrapper("p", _f("--pid")),
    "systemd-run": Wrapper("pMHuEt", _f("--unit --property --slice --service-type --uid --gid --nice --setenv --on-active")),
    "systemd-inhibit": Wrapper("", _f("--what --who --why --mode")),
    "screen": Wrapper("ScehsptT"),
    "strace": Wrapper("aeoOpsSuEIPX", _f("--output --trace")),
    "ltrace": Wrapper("aeoplsnuDF"),
    "gdb": Wrapper("x", _f("--command --ex -ex"), before=_f("--args")),
    "valgrind": Wrapper(),
    "perf": Wrapper("eopFg", before=_f("stat record trace")),
    "hyperfine": Wrapper("wrmMpcLn", _f("--warmup --runs --prepare --cleanup --export-json"), joined=True),
    "proxychains": Wrapper("f"),
    "proxychains4": Wrapper("f"),
    "torsocks": Wrapper(),
    "caffeinate": Wrapper("tw"),
    "xvfb-run": Wrapper("efnps", _f("--server-args --server-num")),
    "dbus-run-session": Wrapper(),
    "sshpass": Wrapper("pfdP"),
    "fakeroot": Wrapper("lsi"),
    "faketime": Wrapper("f", skip=1),
    "firejail": Wrapper(),
    "flatpak-spawn": Wrapper("", _f("--directory")),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "watch": Wrapper("nq", _f("--interval --equexit"), joined=True),
    "entr": Wrapper(),
    "flock": Wrapper("wEo", _f("--timeout --wait --conflict-exit-code"), skip=1, text=_f("-c --command")),
    "script": Wrapper("IBOTmoE", text=_f("-c --command")),
    "su": Wrapper("gGwsT", _f("--group --shell --whitelist-environment"), privileged=True, text=_f("-c --command")),
    "runuser": Wrapper("gGwsu", _f("--user --group --shell"), privileged=True, text=_f("-c --command")),
    "sg": Wrapper(skip=1, text=_f("-c")),
    "direnv": Wrapper(before=_f("exec"), skip=1),
    "mise": Wrapper(before=_f("exec x"), dashes=True),
    "asdf": Wrapper(before=_f("exec")),
    "pyenv": Wrapper(before=_f("exec")),
    "rbenv": Wrapper(before=_f("exec")),
    "op": Wrapper("", _f("--env-file"), before=_f("run"), dashes=True),
    "doppler": Wrapper(before=_f("run"), dashes=True),
    "dotenv": Wrapper("fe", _f("--file"), before=_f("run")),
    "env-cmd": Wrapper("fer"),
    "cross-env": Wrapper(assigns=True),
    "dotenvx": Wrapper("f", before=_f("run"), dashes=True),
    "poetry": Wrapper("CP", _f("--directory"), before=_f("run")),
    "pipenv": Wrapper(before=_f("run")),
    "pdm": Wrapper(before=_f("run")),
    "rye": Wrapper(before=_f("run")),
    "hatch": Wrapper(before=_f("run")),
    "uv": Wrapper("p", _f("--with --python --extra --group --directory --project --env-file"), before=_f("run")),
    "conda": Wrapper("np", _f("--name --prefix --cwd"), before=_f("run")),
    "mamba": Wrapper("np", _f("--name --prefix --cwd"), before=_f("run")),
    "bundle": Wrapper(before=_f("exec")),
    "docker": Wrapper(_CONTAINER_RUN[0], _CONTAINER_RUN[1], skip=1, before=_f("run exec create"), place="container"),
    "podman": Wrapper(_CONTAINER_RUN[0], _CONTAINER_RUN[1], skip=1, before=_f("run exec create"), place="container"),
    "nerdctl": Wrapper(_CONTAINER_RUN[0], _CONTAINER_RUN[1], skip=1, before=_f("run exec"), place="container"),
    "docker-compose": Wrapper("fpeuwTl", _f("--env --user --workdir --index --file"), skip=1, before=_f("run exec"), place="container"),
    "kubectl": Wrapper("ncfl", _f("--namespace --container --context --kubeconfig"), before=_f("exec"), place="container", dashes=True),
    "oc": Wrapper("nc", _f("--namespace --container"), before=_f("exec"), place="container", dashes=True),
    "distrobox": Wrapper("n", before=_f("enter"), place="container", dashes=True),
    "toolbox": Wrapper("c", _f("--container"), before=_f("run")),
    "lxc": Wrapper(before=_f("exec"), place="container", dashes=True),
    "vagrant": Wrapper(before=_f("ssh"), place="ssh", text=_f("-c --command")),
    "nix-shell": Wrapper("pAI", text=_f("--run --command")),
    "ts": Wrapper(),
}
