# Vectra Guard in fish 3.6 and later: every line is judged when it is accepted, before fish executes it.
#
# Source this file from ~/.config/fish/config.fish. Every key bound to `execute`, and every script that calls
# `commandline -f execute`, comes to __vg_accept. The line goes to the resident evaluator over a pair of FIFOs opened
# through /proc, a path that vanishes with the evaluator, so that nothing can block on a dead one; no process is
# started for a harmless line. What is not to run as typed is replaced by ` __vg_go;eval $__vg_line`, which puts back
# on the screen and into history what was typed, asks if need be, and runs at top level, so that state survives.
#
# A line that came past the bindings is judged in fish_preexec, and stopped there with `exit`: fish then skips the line,
# and does not leave while a job is running, for which one is started.
#
# Fails closed: no answer, no execution; `exit`, `vg ...` and `vg-off` still work. Does nothing in shells that are not
# interactive, on dumb terminals and inside the sandbox. Not possible in fish 3: to add to history without reading what
# other sessions have added.

status is-interactive; and test "$TERM" != dumb -a -n "$TERM" -a "$VG_SANDBOX" != 1; or exit 0
test "$__vg_owner" = $fish_pid; and exit 0

set -g __vg_owner $fish_pid
set -g __vg_python '@VG_PYTHON@'
set -g __vg_vg '@VG_BIN@'
set -g __vg_off 0
set -g __vg_seq a b c d e f g h i j k l m n o p q r s t u v w x y z # names of questions, in turn
set -g __vg_down 0 # until when lines are refused without waiting for an evaluator
set -g __vg_question # path of the FIFO for questions; empty until we know an evaluator
set -g __vg_answer
set -g __vg_text # what was judged last, and may run
set -g __vg_verdict
set -g __vg_message
set -g __vg_line true
set -g __vg_stand_in ' __vg_go;eval $__vg_line'
set -g __vg_told 0
set -g VG_PROMPT guarded
set -g __vg_xdg (string match -r '^/.*' -- "$XDG_RUNTIME_DIR")
if set -q __vg_xdg[1]
    set -g __vg_runtime $__vg_xdg/vectra-guard
else
    set -g __vg_runtime /tmp/vectra-guard-(id -u)
end

# --- the evaluator -----------------------------------------------------------------------------------------------

# Start it as nobody's job, not to be stopped half way by what happens to the shell. The file tells it, once it is up, that this shell is one of its shells.
function __vg_start
    /bin/sh -c '
        trap "" HUP INT QUIT TSTP
        umask 077
        [ -d "$1" ] || mkdir -m 700 -- "$1"
        [ -O "$1" ] && [ ! -h "$1" ] && : >"$1/$2.rec"
        if [ -n "$3" ]; then export XDG_RUNTIME_DIR="$3"; else unset XDG_RUNTIME_DIR; fi
        "$4" -I -c "from vectra_guard.evaluator.server import main; main()" &
    ' sh $__vg_runtime $fish_pid "$__vg_xdg" $__vg_python </dev/null >/dev/null 2>&1
end

# Whether an evaluator that lives has our pair of FIFOs; fills the two paths. The folder must be ours. Nothing can be
# read from one that is stopped, and `read` has no time limit: it counts as none, and the next one ends it.
function __vg_find
    test -O $__vg_runtime -a ! -L $__vg_runtime -a -r $__vg_runtime/server; or return 1
    read -l pid ctl rest <$__vg_runtime/server; or return 1
    test -p /proc/$pid/fd/$ctl; and __vg_runs /proc/$pid; or return 1
    if read -l owner question answer 2>/dev/null <$__vg_runtime/$fish_pid.fds
        if test "$owner" = "$pid" -a -p /proc/$pid/fd/$question
            set -g __vg_question /proc/$pid/fd/$question
            set -g __vg_answer /proc/$pid/fd/$answer
            set -g __vg_evaluator /proc/$pid
            return 0
        end
    end
    test "$argv[1]" = register; and printf 'R %s fish\n' $fish_pid >/proc/$pid/fd/$ctl
    return 2
end

function __vg_runs
    read -l state <$argv[1]/stat; and not string match -qr '\\) [TtZX] ' -- $state
end

# The same, starting an evaluator if need be. After a failure lines are refused at once for a while.
function __vg_ready
    test -n "$__vg_question"; and test -p $__vg_question; and __vg_runs $__vg_evaluator; and return 0
    set -g __vg_question
    __vg_find register; and return 0
    if test $__vg_down -ne 0; and test (date +%s) -lt $__vg_down
        return 1
    end
    set -l rounds 120
    test $__vg_down -eq 0; or set rounds 30
    for round in (seq $rounds)
        __vg_find
        switch $status
            case 0
                set -g __vg_down 0
                return 0
            case 1
                # one that is on its way since this shell started is not started twice
                test (math $round % 40) -eq 1; and not set -q __vg_eager; and __vg_start
                set -e __vg_eager
            case 2
                test (math $round % 10) -eq 5; and __vg_find register
        end
        sleep 0.02
    end
    set -g __vg_down (math (date +%s) + 10)
    return 1
end

# One question with the fields given. Sets __vg_verdict and __vg_message; a late answer to another one is skipped.
function __vg_query
    # fields of variables that are not set vanish
    set -l environment eHOME=$HOME eUSER=$USER eLOGNAME=$LOGNAME eSHELL=$SHELL eTMPDIR=$TMPDIR \
        eXDG_CONFIG_HOME=$XDG_CONFIG_HOME eXDG_CACHE_HOME=$XDG_CACHE_HOME eXDG_DATA_HOME=$XDG_DATA_HOME \
        eAWS_PROFILE=$AWS_PROFILE eCLOUDSDK_ACTIVE_CONFIG_NAME=$CLOUDSDK_ACTIVE_CONFIG_NAME \
        eAZURE_PROFILE=$AZURE_PROFILE eKUBECONFIG="$KUBECONFIG" $__vg_settings
    for try in 1 2
        __vg_ready; or break
        set -g __vg_seq $__vg_seq[2..] $__vg_seq[1]
        printf '\0%s' '' s$__vg_seq[1] p$fish_pid kfish v1 d$PWD $argv $environment '' '' >$__vg_question; or continue
        while read -lz got <$__vg_answer
            string match -qr '(?s)^(?<seq>\S+) (?<verdict>\S) ?(?<message>.*)$' -- $got
            test "$seq" = $__vg_seq[1]; or continue
            set -g __vg_verdict $verdict
            set -g __vg_message $message
            set -g VG_PROMPT guarded
            return 0
        end
        set -g __vg_question
    end
    set -g VG_PROMPT degraded
    set -g __vg_verdict E
    set -g __vg_message 'vg: evaluator unavailable, not run. Type vg-off to switch the guard off in this shell.'
    return 1
end

# --- what the words of a line mean here --------------------------------------------------------------------------

# Sets __vg_fields to the sources of functions that words of the line name, and those that these name. Capped.
# What fish itself ships (ls, cd, grep ...) is known and not sent.
function __vg_meanings
    set -g __vg_fields
    set -l seen
    string match -raq -- '(?<words>[A-Za-z_][A-Za-z0-9_.+-]*)' $argv[1]; or return
    set -l others $words[2..]
    set -l missing 0
    functions -q -- $words; or set missing $status
    test $missing -gt 0; and not set -q others[$missing]; and return # as many are missing as there are
    set -l todo $words[1..2000]
    while set -q todo[1]
        set -l word $todo[1]
        set -e todo[1]
        functions -q -- $word; or continue
        contains -- $word $seen; and continue
        set -a seen $word
        functions --details -- $word | read -l file
        string match -q -- "$__fish_data_dir/*" $file; and continue
        functions --no-details -- $word | read -lz source
        test -n "$source"; and string match -qr '(?s)^.{0,16383}$' -- $source; or continue
        set -a __vg_fields f$source
        set -q __vg_fields[32]; and return
        string match -qr '(?s)^.{0,4095}$' -- $source; or continue
        string match -raq -- '(?<words>[A-Za-z_][A-Za-z0-9_.+-]*)' $source
        set -p todo $words
    end
end

# What may be typed when nobody is there to judge: leaving, and the guard's own commands, without anything else.
function __vg_harmless
    string match -qr '^\s*(exit|exit [0-9]+|vg-off|vg-on|vg-status|vg|vg [A-Za-z0-9_./:=,@%+ -]+)\s*$' -- $argv[1]
    and not string match -q "*\n*" -- $argv[1]
end

# --- abbreviations -----------------------------------------------------------------------------------------------

# `execute` would expand the one at the cursor after the judgement. So it is expanded here, and a space behind the
# line, where no word ends at the cursor, keeps fish from looking again. History does not keep that space.
function __vg_abbreviate
    builtin commandline -t | read -lz token
    set -g __vg_token (string trim -rc \n -- $token)
    test -n "$__vg_token"; or return
    abbr -q -- $__vg_token; or abbr --show | string match -q -- '*--regex*'; or return
    set -g __vg_is_command 0
    string match -qr '^\s*((not|and|or|time|command|builtin|exec|if|while|begin|else)\s+)*$' -- (
        builtin commandline -cp | string sub -e (math -(string length -- (builtin commandline -ct))) | string collect -a)
    and set -g __vg_is_command 1
    set -l name (string escape --style=regex -- (string escape -- $__vg_token))
    for row in (abbr --show | string match -r -- "^abbr -a (?:.*--regex .*|.*-- $name(?: .*)?)\$")
        eval __vg_abbreviation (string sub -s 9 -- $row); and break
    end
    builtin commandline -C 1000000
    builtin commandline -i ' '
end

function __vg_abbreviation
    argparse --ignore-unknown 'position=' 'command=+' 'regex=' 'function=' 'set-cursor=?' -- $argv; or return
    test $__vg_is_command = 1 -o "$_flag_position" = anywhere; or return
    if set -q _flag_command
        contains -- (builtin commandline -op)[1] $_flag_command; or return
    end
    if set -q _flag_regex
        string match -qr -- "^(?:$_flag_regex)\$" $__vg_token; or return
    else
        test "$argv[1]" = "$__vg_token"; or return
    end
    set -l text "$argv[2..]"
    if set -q _flag_function
        set text ($_flag_function $__vg_token | string collect); or return
    end
    if set -q _flag_set_cursor
        test -n "$_flag_set_cursor"; or set _flag_set_cursor %
        set text (string replace -- $_flag_set_cursor '' $text | string collect)
    end
    builtin commandline -t -- $text
end

# --- accepting a line --------------------------------------------------------------------------------------------

function __vg_line_now
    builtin commandline | read -lz text # named groups and `| read`: a command substitution costs twice as much
    string match -qr '(?s)^(?<now>.*)\n$' -- $text
    set -g __vg_now $now
end

function __vg_accept
    set -l code $status
    __vg_line_now
    set -l line $__vg_now
    if string match -qr '^\s*vg-(off|on|status)\s*$' -- $line
        set -g __vg_own 1
        __vg_run_as_is $line
        return
    end
    if test $__vg_off = 1; or test "$_" != fish; or not string match -qr '\S' -- $line
        # off, or Enter in `read` of a command ($_ is the one that runs), or nothing to judge
        builtin commandline -f execute
        return
    end
    if abbr --list | read -l any
        __vg_abbreviate
        __vg_line_now
        set line $__vg_now
    end
    builtin commandline --is-valid
    if test $status -eq 2
        # not at its end: fish puts in a newline, nothing runs
        builtin commandline -f execute
        return
    end
    __vg_meanings $line
    __vg_query c$line z$code t$CMD_DURATION $__vg_fields
    if test $__vg_verdict = E
        set -g __vg_verdict B
        __vg_harmless $line; and set -g __vg_verdict A
    end
    if test $__vg_verdict = A
        __vg_run_as_is $line
        return
    end
    if builtin commandline --paging-mode
        # this Enter may only pick from the pager; the next one is judged
        builtin commandline -f cancel
        return
    end
    set -g __vg_typed $line
    set -g __vg_text $__vg_stand_in
    builtin commandline -r -- $__vg_stand_in
    builtin commandline -f execute
end

function __vg_run_as_is
    set -g __vg_text $argv[1]
    builtin commandline -f execute
end

# In place of what was typed: shows that, remembers it, and leaves in __vg_line what the top level runs. Keeps $status.
function __vg_go
    set -l code $status
    set -g __vg_stood
    if set -q __vg_held
        # stopped after fish had drawn, kept and announced it; since then only fish's words about a running job came
        set -e __vg_held
        printf '\e8\e[J'
    else
        __vg_show $code
        __vg_remember $__vg_typed
        set -g __vg_emitting
        emit fish_preexec $__vg_typed
        set -e __vg_emitting
    end
    set -l id $__vg_message
    if test $__vg_verdict = K
        $__vg_vg ask $id
        __vg_query manswer i$id
        contains -- $__vg_verdict A R W; or set -g __vg_verdict B
    end
    switch $__vg_verdict
        case W
            printf '%s\n' $__vg_message >&2
            set -g __vg_line $__vg_typed
        case A
            set -g __vg_line $__vg_typed
        case R
            set -g __vg_line $__vg_message
        case '*'
            printf '%s\n' $__vg_message >&2
            set -g __vg_line '__vg_status 3'
    end
    return $code
end

function __vg_status
    return $argv[1]
end

# Wipe the echo of the stand-in and draw prompt and text as they were.
function __vg_show
    set -l prompt (functions -q fish_mode_prompt; and fish_mode_prompt
        __vg_status $argv[1]
        fish_prompt)
    set -l width (string length --visible -- "$prompt[-1]")
    set -l rows (math -s0 "($width + "(string length -- $__vg_stand_in)" - 1) / $COLUMNS + 1")
    set -l text (string replace -ra '[[:cntrl:]]' '?' -- (string split \n -- $__vg_typed))
    printf '\e[%dA\r\e[J%s%s\n' $rows "$prompt[-1]" $text[1]
    set -q text[2]; and printf "%s%s\n" (string repeat -n $width ' ')$text[2..]
end

# Into history as if typed. fish 4 can append; before that the entry is written to the file, and merged afterwards.
function __vg_remember
    test -n "$fish_private_mode"; and return
    string match -q ' *' -- $argv[1]; and return
    if string match -qr '^([4-9]|\d\d)\.' -- $version
        builtin history append -- $argv[1]
        return
    end
    set -l name fish
    set -q fish_history; and set name $fish_history
    test -n "$name"; or return
    test $name = default; and set name fish
    set -l folder $HOME/.local/share
    string match -q '/*' -- "$XDG_DATA_HOME"; and set folder $XDG_DATA_HOME
    set -l entry (string replace -a '\\' '\\\\' -- $argv[1] | string join '\n')
    builtin history save
    printf '%s cmd: %s\n  when: %s\n' - $entry (date +%s) >>$folder/fish/{$name}_history
    and set -g __vg_unmerged $argv[1]
end

# fish does not look at its file twice in one second; a second line like this in the same second waits for the next.
function __vg_merge --on-event fish_postexec
    set -q __vg_stood; or return
    set -e __vg_stood
    builtin history delete --exact --case-sensitive -- $__vg_stand_in # kept for one arrow-up otherwise
    set -q __vg_unmerged; or return
    for try in (seq 12)
        builtin history merge
        test "$(builtin history search --max=1)" = "$__vg_unmerged"; and break
        sleep 0.1
    end
    set -e __vg_unmerged
end

# --- around each line --------------------------------------------------------------------------------------------

# A line that is not the one that was judged came past us: it is judged now.
function __vg_before --on-event fish_preexec
    set -q __vg_emitting; and return
    set -l pass "$__vg_text"
    set -g __vg_text
    set -g __vg_ran $argv[1]
    test $__vg_off = 1; or test "$argv[1]" = "$pass"; and return
    string match -qr '\S' -- $argv[1]; or return
    test "$(string trim -- $argv[1])" = "$(string trim -- $pass)"; and return
    __vg_meanings $argv[1]
    __vg_query c$argv[1] b1 $__vg_fields
    if test $__vg_told = 0
        set -g __vg_told 1
        echo 'vg: something is bound around the guard here: this line was judged only when it was about to run.' >&2
    end
    if test $__vg_verdict = E
        set -g __vg_verdict B
        __vg_harmless $argv[1]; and return
    else if test $__vg_verdict = A
        return
    else if test $__vg_verdict = W
        printf '%s\n' $__vg_message >&2
        return
    end
    set -g __vg_typed $argv[1]
    /bin/sleep 60 </dev/null >/dev/null 2>&1 &
    set -g __vg_held $last_pid
    exit
end

# After a line was held: the stand-in is the next line, to say why, to ask, or to run what is to run instead.
function __vg_after_held --on-event fish_postexec
    set -q __vg_held; or return
    set -l rows (math 12 + (jobs --pid | count) + (fish_prompt | count))
    printf "%s\e[%dA\e7" (string repeat -n $rows \n) $rows
    builtin commandline -r -- $__vg_stand_in
end

# Keys bound to `execute` come to us instead. A key with a function of the user stays: that one calls `commandline`.
# Others before `execute` in one binding may change the line after it was judged: those keys need a second Enter.
function __vg_bind
    for row in (bind | string match -r -- '^bind .* execute$')
        string match -qr -- '^bind (?<preset>--preset )?(?<options>(?:-[Mm] \S+ |-k )*)(?<key>(?:\\\\.|\S)+) (?<before>.*)execute$' $row
        or continue
        if test -n "$preset"
            # -m, the mode to go to, is not part of what is looked up
            set -l there (eval bind --user (string replace -r -- '-m \S+ ' '' $options) $key 2>/dev/null)
            test -z "$there"; or string match -q '* __vg_accept' -- $there; or continue
        end
        test -n "$before"; or set before __vg_accept
        eval "bind $options$key $before"
    end
    for mode in default insert replace replace_one visual
        for key in \r \n
            bind --user -M $mode $key >/dev/null 2>&1; or bind -M $mode $key __vg_accept
        end
    end
end

function __vg_bindings_changed --on-variable fish_key_bindings
    __vg_bind
end

# Bindings of fish_user_key_bindings are made after config.fish, others whenever a line makes them.
function __vg_prompt --on-event fish_prompt
    if set -q __vg_held
        builtin disown $__vg_held 2>/dev/null
        command kill $__vg_held
        set -g __vg_text $__vg_stand_in
        builtin commandline -f execute
    end
    set -q __vg_bound; and not string match -qr 'bind|source|fisher|VG_|\. ' -- "$__vg_ran"; and return
    set -g __vg_bound
    set -g __vg_settings
    for name in (set -nx | string match 'VG_*')
        set -a __vg_settings "e$name=$$name"
    end
    __vg_bind
end

# Scripts that execute the line themselves come to us too.
function commandline --description 'commandline of fish, with execute judged'
    if not contains -- execute $argv; or not string match -qr -- '^(--function|-[A-Za-z]*f)$' $argv
        builtin commandline $argv
        return
    end
    set -l before (string match -vr -- '^(-.*|execute|repaint|force-repaint|suppress-autosuggestion)$' $argv)
    if set -q before[1]
        builtin commandline -f $before
    else
        __vg_accept
    end
end

# --- commands ----------------------------------------------------------------------------------------------------

function __vg_typed_alone
    if set -q __vg_own
        set -e __vg_own
        return 0
    end
    echo "$argv[1]: type it alone on a line" >&2
    return 3
end

function vg-off
    __vg_typed_alone vg-off; or return
    set -g __vg_off 1
    set -g VG_PROMPT off
    echo 'vg: off in this shell. Type vg-on to switch it on again.'
end

function vg-on
    __vg_typed_alone vg-on; or return
    set -g __vg_off 0
    set -g __vg_down 0
    set -g VG_PROMPT guarded
    echo 'vg: on.'
end

function vg-status
    set -e __vg_own
    if test $__vg_off = 1
        echo 'vg: off in this shell. Type vg-on to switch it on.'
    else if __vg_find
        echo 'vg: guarded.'
    else
        echo 'vg: degraded: the evaluator is not there; the next line starts it, or is refused.'
        return 1
    end
end

__vg_bind
__vg_find register 2>/dev/null
if test $status -eq 1
    set -g __vg_eager
    __vg_start
end
true
