"""bash: lines and the commands they would run."""

from __future__ import annotations

import pytest

from vectra_guard.model import Risk

from .canonical import commands, script

RM = "rm -rf /"

DISGUISED = [
    "r''m -rf /",
    'r"m" -rf /',
    "\\rm -rf /",
    "/bin/rm -rf /",
    "$'rm' $'-rf' $'/'",
    "$'\\x72\\155' -rf /",
    "rm$IFS-rf$IFS/",
    "rm${IFS}-rf${IFS}/",
    "{rm,-rf,/}",
    "a=rm; $a -rf /",
    "a=rm b=-rf c=/; $a $b $c",
    "a='rm -rf /'; $a",
    "a=(rm -rf /); ${a[@]}",
    'a=(rm -rf /); "${a[@]}"',
    "x=a; a=rm; ${!x} -rf /",
    "$(printf rm) -rf /",
    "`echo rm` -rf /",
    "rm -rf $(echo /)",
    "rm -$(echo rf) /",
    "printf -v a %s rm; $a -rf /",
    "read a <<< rm; $a -rf /",
    "set -- rm -rf /; $@",
    'set -- rm -rf /; "$@"',
    "x=XrmX; ${x:1:2} -rf /",
    "x=xrm; ${x#x} -rf /",
    "x=rmx; ${x%x} -rf /",
    "x=sm; ${x/s/r} -rf /",
    "x=RM; ${x,,} -rf /",
    "${x:-rm} -rf /",
    "r\\\nm -rf /",
    "if true; then rm -rf /; fi",
    "rm -rf $((0))/..//../" + "/..",
    "rm -rf /$x",
]
SAME = [c for c in DISGUISED if c not in ("rm -rf $((0))/..//..//..", "rm -rf /$x")]


@pytest.mark.parametrize("line", SAME)
def test_a_disguise_shows_the_command(line: str) -> None:
    assert RM in commands(line)


NESTED = [
    "sh -c 'rm -rf /'",
    "bash -lc 'rm -rf /'",
    'bash -c "$(echo cm0gLXJmIC8= | base64 -d)"',
    "eval 'rm -rf /'",
    "eval rm -rf /",
    "echo 'rm -rf /' | sh",
    "echo 'rm -rf /' | tee /dev/stderr | bash",
    "sh <<< 'rm -rf /'",
    "sh <<EOF\nrm -rf /\nEOF",
    "sh <<-'EOF'\n\trm -rf /\n\tEOF",
    "source <(printf 'rm -rf /')",
    ". /dev/stdin <<< 'rm -rf /'",
    "echo 726d202d7266202f | xxd -r -p | sh",
    "echo '/ fr- mr' | rev | sh",
    "echo 'sn -sg /' | tr sng rmf | tr g f | sh",
    "bash <(echo rm -rf /)",
    "echo / | xargs rm -rf",
    "printf '/\\0' | xargs -0 rm -rf",
    "echo / | xargs -I{} rm -rf {}",
    "echo '-rf /' | xargs rm",
    "env rm -rf /",
    "env -i PATH=/bin rm -rf /",
    "env -S 'rm -rf /'",
    "sudo rm -rf /",
    "sudo -u root -- rm -rf /",
    "doas rm -rf /",
    "su -c 'rm -rf /'",
    "su - root -c 'rm -rf /'",
    "nice -n 19 rm -rf /",
    "nohup rm -rf / &",
    "setsid rm -rf /",
    "timeout -k 5 10 rm -rf /",
    "time rm -rf /",
    "stdbuf -oL rm -rf /",
    "flock /tmp/l rm -rf /",
    "flock /tmp/l -c 'rm -rf /'",
    "script -qc 'rm -rf /' /dev/null",
    "watch -n1 rm -rf /",
    "systemd-run --user rm -rf /",
    "busybox rm -rf /",
    "busybox sh -c 'rm -rf /'",
    "command rm -rf /",
    "builtin command rm -rf /",
    "exec rm -rf /",
    "exec -a ls rm -rf /",
    "coproc rm -rf /",
    "ssh h rm -rf /",
    "ssh -p 22 -i k u@h 'rm -rf /'",
    "docker run --rm -v /:/h alpine rm -rf /",
    "docker exec -it c rm -rf /",
    "kubectl exec pod -- rm -rf /",
    "git -c core.pager='rm -rf /' log",
    "git -c alias.x='!rm -rf /' x",
    "GIT_SSH_COMMAND='rm -rf /' git fetch",
    "tar cf /dev/null x --checkpoint=1 --checkpoint-action=exec='rm -rf /'",
    "tar xf x --to-command='rm -rf /'",
    "tar -I 'rm -rf /' -xf x",
    "alias ls='rm -rf /'; ls",
    "f() { rm -rf /; }; f",
    'f() { rm -rf "$1"; }; f /',
    "function f { rm -rf $1; }; f /",
    "eval \"$(cat <<'E'\nrm -rf /\nE\n)\"",
    "bash -euxo pipefail -c 'rm -rf /'",
    "bash -eo pipefail <<< 'rm -rf /'",
    "sh /dev/fd/3 3<<E\nrm -rf /\nE",
    "echo 'rm -rf /' > f; eval \"$(<f)\"",
    "/???/r? -rf /",
    "yes 'rm -rf /' | head -n1 | sh",
    "bash < <(echo rm -rf /) 2>/dev/null",
    "echo 'rm -rf /' | grep rm | sh",
    "{ echo rm -rf /; } | sh",
    "(echo -n rm; echo ' -rf /') | sh",
    "echo H4sIAAAAAAACAyvKVdAtSlPQ5wIAAOnmUAkAAAA= | base64 -d | gunzip | sh",
    "scp -o ProxyCommand='rm -rf /' a b:",
    "echo 'rm -rf /' | tee >(sh) >/dev/null",
    "for d in /; do rm -rf $d; done",
    'for d in a / b; do rm -rf "$d"; done',
    "while read d; do rm -rf $d; done <<< /",
    "echo / | while read d; do rm -rf $d; done",
    "cp /bin/rm /tmp/ls && /tmp/ls -rf /",
    "ln -s /bin/rm x; ./x -rf /",
    "echo 'rm -rf /' > a.sh; sh a.sh",
    "echo 'rm -rf /' > a; chmod +x a; ./a",
    "cat > a.sh <<'E'\nrm -rf /\nE\nbash a.sh",
    "trap 'rm -rf /' EXIT",
    "export PROMPT_COMMAND='rm -rf /'",
    "crontab - <<< '* * * * * rm -rf /'",
    "echo 'rm -rf /' | at now",
    "X='rm -rf /' bash -c '$X'",
    "bash -c 'rm -rf \"$0\"' /",
    "bash -c 'rm -rf \"$@\"' _ /",
    "echo hi\nrm -rf /",
    "{ rm -rf /; }",
    "(rm -rf /)",
    "! rm -rf /",
    "rm -rf / &",
    "true && rm -rf /",
    "false || rm -rf /",
    "case x in x) rm -rf /;; esac",
    "echo $(( $(rm -rf /) ))",
    "x=$(rm -rf /)",
    "a[$(rm -rf /)]=1",
    "cat < $(rm -rf /)",
    "[[ -n $(rm -rf /) ]]",
    "echo ${x:-$(rm -rf /)}",
    'echo "${x//a/$(rm -rf /)}"',
    "case x in $(rm -rf /)) ;; esac",
    "python3 -c 'import shutil; shutil.rmtree(\"/\")'",
    "perl -e 'system(\"rm -rf /\")'",
    "awk 'BEGIN{system(\"rm -rf /\")}'",
    "uv run rm -rf /",
    "poetry run rm -rf /",
    "find . -exec sh -c 'rm -rf /' \\;",
    "xargs -a f sh -c 'rm -rf /'",
    "/lib64/ld-linux-x86-64.so.2 /bin/rm -rf /",
    "strace -f -o o rm -rf /",
    "socat TCP:h:1 EXEC:'rm -rf /'",
    "parallel rm -rf ::: /",
    "tmux new-session -d 'rm -rf /'",
    "screen -dmS x rm -rf /",
    "chroot /mnt rm -rf /",
    "unshare -r rm -rf /",
    "bwrap --bind / / rm -rf /",
    "expect -c 'spawn rm -rf /'",
    "make -f - <<< $'all:\\n\\trm -rf /'",
    "hash -p /bin/rm x; x -rf /",
    "IFS=,; x=rm,-rf,/; $x",
    "b=(rm -rf); b+=(/); ${b[*]}",
    "declare -A h; h[x]=rm; ${h[x]} -rf /",
    "echo `echo \\`rm -rf /\\``",
    "echo <(rm -rf /)",
    "ls > >(rm -rf /)",
    "proxychains4 rm -rf /",
    "rsync -e 'rm -rf /' a b:c",
]


@pytest.mark.parametrize("line", NESTED)
def test_a_nested_command_is_found(line: str) -> None:
    assert RM in commands(line), commands(line)


TEXT_ONLY = [
    "echo 'rm -rf /'",
    "echo rm -rf /",
    "git commit -m 'rm -rf /'",
    "grep -r 'rm -rf /' .",
    "# rm -rf /",
    "ls # ; rm -rf /",
    "x='rm -rf /'",
    "cat <<'E'\nrm -rf /\nE",
    "printf '%s' 'rm -rf /' > notes.txt",
    "echo 'echo rm -rf /' | sh",
    "sh -c \"echo 'rm -rf /'\"",
    "type rm",
    "python3 -c \"print('rm -rf /')\"",
    "man rm",
    "echo '$(rm -rf /)'",
    "echo \\$(rm) -rf /".replace("(rm)", "x"),
    'echo "rm -rf /" | wc -c',
]


@pytest.mark.parametrize("line", TEXT_ONLY)
def test_text_is_no_command(line: str) -> None:
    assert not [c for c in commands(line) if c.startswith("rm ")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('rm -rf "$DIR"/*', "rm -rf ?/*"),
        ("rm -rf $HOME ~/x ~root ${HOME%/*}", "rm -rf /home/dev /home/dev/x /root /home"),
        ("rm {a,b}.{c,d} x{1..3}", "rm a.c a.d b.c b.d x1 x2 x3"),
        ("echo {01..03} {a..c} {3..1}", "echo 01 02 03 a b c 3 2 1"),
        ("rm ${x:-a} ${x:+b}", "rm a b"),
        ("x=1; rm ${x:-a} ${x:+b} ${#x}", "rm 1 b 1"),
        ("rm '' \"\"", "rm _ _"),
        ("x=; rm $x y", "rm y"),
        ("echo $((1+2*3)) $((2**10)) $((0x10))", "echo 7 1024 16"),
        ("x=abcabc; echo ${x/b/-} ${x//b/-} ${x#*b} ${x##*b} ${x%b*} ${x%%b*}", "echo a-cabc a-ca-c cabc c abca a"),
        ("a=(x y z); echo ${#a[@]} ${a[1]} ${a[@]:1} ${a[-1]}", "echo 3 y y z z"),
        ("echo $(basename /a/b.c .c) $(dirname /a/b)", "echo b /a"),
        ("x=$(seq 3); echo $x", "echo 1 2 3"),
    ],
)
def test_words(line: str, expected: str) -> None:
    assert expected in commands(line)


def test_an_unset_variable_is_named() -> None:
    word = script('rm -rf "$DIR"/*').commands[0].words[2]
    assert (word.text, word.variables, word.quoted, word.glob, word.splits) == ("\0/*", ("DIR",), True, True, False)
    word = script("rm -rf $DIR").commands[0].words[2]
    assert (word.text, word.splits, word.known) == ("\0", True, False)


def test_a_value_remembers_the_command_it_came_from() -> None:
    found = script('tmp=$(mktemp -d); rm -rf "$tmp"/x').commands
    assert [found[i].name for i in found[-1].words[2].sources] == ["mktemp"]


def test_pipes_are_linked_and_their_text_known() -> None:
    found = script("echo hi | tee f | sh").commands
    assert [(c.stdin_from, c.stdout_to, c.stdin_text) for c in found[:3]] == [
        (None, 1, None),
        (0, 2, "hi\n"),
        (1, None, "hi\n"),
    ]
    found = script("curl x | sh").commands
    assert (found[1].stdin_from, found[1].stdin_text) == (0, None)


def test_wrappers_place_and_privilege() -> None:
    found = script("sudo env A=1 rm x").commands
    assert [c.wrappers for c in found] == [(), ("sudo",), ("sudo", "env")]
    assert [c.privileged for c in found] == [False, True, True]
    assert [c.top for c in found] == [0, 0, 0]
    assert script("ssh h rm x").commands[1].place == "ssh"
    assert script("docker run i rm x").commands[1].place == "container"


def test_the_directory_follows_cd() -> None:
    assert [
        c.cwd for c in script("cd /x && rm a; (cd /y; rm b); rm c; cd; rm d; cd $Z; rm e").commands if c.name == "rm"
    ] == [
        "/x",
        "/y",
        "/x",
        "/home/dev",
        "\0",
    ]
    assert script("{ cd /x; }; rm a").commands[-1].cwd == "/x"


def test_background_and_loops() -> None:
    found = script("while true; do x & done").commands
    assert (found[1].background, found[1].in_loop) == (True, True)
    assert script("a && b & c").commands[1].background
    assert not script("a && b & c").commands[2].background


@pytest.mark.parametrize("line", [":(){ :|:& };:", "bomb() { bomb | bomb & }; bomb", "f() { f & f; }; f"])
def test_a_function_that_calls_itself(line: str) -> None:
    found = [c for c in script(line).commands if c.via == "recursion"]
    assert found
    assert any(c.background for c in found)


def test_what_is_only_defined() -> None:
    found = script("f() { rm x; }; trap 'rm y' INT; alias a='rm z'").commands
    assert {c.words[1].text for c in found if c.defined_only and c.name == "rm"} == {"x", "z"}
    assert not [c for c in script("f() { rm x; }; f").commands if c.defined_only]


def test_functions_and_aliases_sent_along() -> None:
    facts = {
        "aliases": {"ll": "ls -l", "s": "sudo ", "r": "rm -rf"},
        "functions": {"f": 'f () \n{ \n    rm -rf "$1"\n}'},
    }
    assert commands("ll x", **facts) == ["ls -l x"]
    assert commands("s r /", **facts) == ["sudo rm -rf /", "rm -rf /"]
    assert commands("f /", **facts) == ["f /", "rm -rf /"]
    command = script("ll x", **facts).commands[0]
    assert (command.insert_at, command.replace) == (0, ((0, 2), "ls -l"))
    assert commands("\\ll x", **facts) == ["ll x"]


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("rm x", [0]),
        ("A=1 rm x; cd y && rm z", [4, None, 18]),
        ("exec rm x", [5, None]),
        ("time rm x", [5]),
        ("! rm x", [2]),
        ("command rm x", [8, None]),
        ("f() { rm x; }; f", [None, None]),
        ("eval 'rm x'", [None, None]),
        ("echo $(rm x)", [None, 7]),
        ("sudo rm x", [0, None]),
        ("export A=1", [None]),
        ("é=1 rm x", [0]),
        ("echo é; rm x", [None, 9]),
    ],
)
def test_where_a_rewrite_goes(line: str, places: list[int | None]) -> None:
    assert [c.insert_at for c in script(line).commands] == places


@pytest.mark.parametrize(
    "line", ["echo 'a", 'echo "a', "echo $(a", "echo `a", "if a; then b", "cat <<E\nx", "a |", "for i in a; do", "{ a"]
)
def test_an_open_construct(line: str) -> None:
    assert script(line).floor == Risk.MEDIUM
    assert script(line, partial=True).floor == Risk.LOW


@pytest.mark.parametrize(
    "line", ["a ) rm x", "fi; rm x", ";; rm x", "a; } rm x", "done | rm x", "((1)) ) rm x", "&& rm x", "a || ) ; rm x"]
)
def test_what_the_shell_rejects_is_never_low_and_still_read(line: str) -> None:
    read = script(line)
    assert read.floor >= Risk.MEDIUM
    assert any(c.name == "rm" for c in read.commands)


@pytest.mark.parametrize(
    "line",
    ["exec 5<>/dev/tcp/1.2.3.4/5", "{rm,-rf,/}", "a=($(b))", "echo $", "echo \"$\"", "x=$((1<<2))",
     "ls *.{a,b}",
     "f () { :; }", "a=() b", "[[ a =~ ^(b|c)$ ]]", "echo @(a|b)", "case $x in a) ;; esac",
     "for ((;;)); do :; done", "cat <<'a b'\nx\na b"],
)  # fmt: skip
def test_valid_lines_have_no_problem(line: str) -> None:
    assert script(line).problems == ()


def test_redirections() -> None:
    command = script("exec 5<>/dev/tcp/h/1 2>&1 >>x &>y <z >|w 10>q").commands[0]
    assert [(r.op, r.fd, r.target.text) for r in command.redirects] == [
        ("<>", 5, "/dev/tcp/h/1"),
        (">&", 2, "1"),
        (">>", 1, "x"),
        ("&>", -1, "y"),
        ("<", 0, "z"),
        (">|", 1, "w"),
        (">", 10, "q"),
    ]


def test_the_name_of_a_path() -> None:
    names = [script(f"{p} x").commands[0].name for p in ("/bin/rm", "./rm", ".venv/bin/pip", "./a.sh", "\\rm", "$x")]
    assert names == ["rm", "./rm", "pip", "./a.sh", "rm", "\0"]


def test_find_shows_what_it_runs_on() -> None:
    found = script("find /etc -name x -exec rm {} +").commands
    assert (found[1].words[1].text, found[1].words[1].sources) == ("/etc/\0", (0,))
