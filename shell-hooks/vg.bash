# Vectra Guard in bash 4.4+: every line is judged before it runs. Sourced from ~/.bashrc; docs/hooks.md has the why.
#
# Enter is a two-key macro. The first key is `bind -x` to the judge; the second is bound by the judge, each time anew,
# to accept-line or to nothing. A line that is not to run as typed gives way to a stand-in, the alias __vg_go, whose
# echo is erased; so what runs instead runs at top level, in this shell's own context. PS0 notices lines that reached
# execution around the judge. When no evaluator answers, nothing but `exit`, `vg …` and `vg-off` runs.
# shellcheck disable=SC2016,SC2059,SC2139,SC2178,SC2128 # text that bash expands later; PROMPT_COMMAND is a string or an array

[[ $- == *i* && -n ${BASH_VERSION-} && ${TERM-} != dumb && ${VG_SANDBOX-} != 1 && -t 0 && -t 2 ]] || return 0
((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) || return 0
[[ ${__vg_owner-} == "$$" ]] && return 0
if [[ $- == *r* ]]; then
  builtin printf 'vg: a restricted shell cannot reach the evaluator: not guarded\n' >&2
  return 0
fi
declare -g +x __vg_owner=$$ # not exported: a nested shell loads its own
declare -g __vg_python='@VG_PYTHON@' __vg_bin='@VG_BIN@'
declare -g __vg_folder=/tmp/vectra-guard-$UID
[[ ${XDG_RUNTIME_DIR-} == /* ]] && __vg_folder=$XDG_RUNTIME_DIR/vectra-guard
declare -g __vg_off=0 __vg_retry=0 __vg_pid='' __vg_ctl=''  # switched off; when to try again; the evaluator
declare -g __vg_seq=0 __vg_verdict='' __vg_said=''          # question number, answer
declare -g __vg_typed='' __vg_text='' __vg_real=''          # construct so far: as typed, expanded, as accepted
declare -g __vg_running=0 __vg_tokens=0 __vg_missed=0 __vg_many=0
declare -g __vg_line='' __vg_refusal='' __vg_erase='' __vg_history='' __vg_fix=0 __vg_control='' __vg_swapped=0
declare -g __vg_began='' __vg_status='' __vg_took='' __vg_trap='' __vg_last=0 __vg_code=0
declare -ga __vg_late=('' x)
declare -g __vg_blank='' __vg_ps0='' __vg_posix=''
declare -g __vg_key='\C-x\C-_v2\a'
declare -g __vg_advice='vg: evaluator unavailable, not run. Type vg-off to switch the guard off in this shell.'

# --- the evaluator ---------------------------------------------------------------------------------------------------

# Alive? One stat: a dead process, a zombie or a recycled number has no such pipe.
__vg_up() {
  [[ -n $__vg_pid && -p /proc/$__vg_pid/fd/$__vg_ctl ]] && return 0
  [[ -O $__vg_folder && ! -L $__vg_folder ]] || return 1
  local rest
  { builtin read -r __vg_pid __vg_ctl rest <"$__vg_folder/server"; } 2>/dev/null || return 1
  [[ -n $__vg_ctl && -p /proc/$__vg_pid/fd/$__vg_ctl ]]
}

# A double fork: it is no child of this shell, so jobs, $! and wait know nothing of it.
__vg_start() {
  ("$__vg_python" -I -c 'from vectra_guard.evaluator.server import main; main()' </dev/null >/dev/null 2>&1 &)
}

__vg_nap() {
  local _
  if [[ -p $__vg_folder/nil && -O $__vg_folder ]]; then
    builtin read -r -t "$1" _ <>"$__vg_folder/nil"
  else
    command sleep "$1"
  fi
}

# Evaluator up and this shell known to it, after a bounded wait; after a failure Enter is quick for some seconds.
__vg_ready() {
  local i
  __vg_up && [[ -p $__vg_folder/$$.q ]] && return 0
  ((SECONDS < __vg_retry)) && return 1
  for ((i = 0; i < 200; i++)); do
    if __vg_up; then
      [[ -p $__vg_folder/$$.q ]] && return 0
      ((i % 20 == 0)) && builtin printf 'R %s bash\n' "$$" 1<>"$__vg_folder/ctl"
      __vg_nap 0.005
    else
      ((i % 100 == 0)) && __vg_start
      __vg_nap 0.02
    fi
  done
  __vg_retry=$((SECONDS + 10))
  return 1
}

__vg_now() { # microseconds in REPLY
  if [[ -n ${EPOCHREALTIME-} ]]; then REPLY=${EPOCHREALTIME//[^0-9]/}; else REPLY=${SECONDS}000000; fi
}

# The record of one question on standard output, in one piece: each write wakes the evaluator. $1 typed, $2 expanded,
# $3 id of an ask that was answered. Of the environment goes what judging looks at (OBSERVED in facts.py), and settings.
__vg_record() {
  local name format='\0\0s%s\0p%s\0kbash\0v1\0d%s\0c%s'
  local -a values=("$__vg_seq" "$$" "$PWD" "$1")
  [[ $2 == "$1" ]] || format+='\0x%s' values+=("$2")
  [[ -z $__vg_typed ]] || format+='\0q1'
  [[ -z $__vg_status ]] || format+='\0z%s\0t%s' values+=("$__vg_status" "$__vg_took")
  [[ -z $3 ]] || format+='\0manswer\0i%s' values+=("$3")
  ((__vg_missed)) && format+='\0b1'
  shopt -q interactive_comments || format+='\0n1'
  for name in HOME USER LOGNAME SHELL TMPDIR XDG_{CONFIG,CACHE,DATA}_HOME \
    AWS_PROFILE CLOUDSDK_ACTIVE_CONFIG_NAME AZURE_PROFILE KUBECONFIG "${!VG_@}"; do
    [[ -z ${!name-} ]] || format+="\\0e$name=%s" values+=("${!name}")
  done
  for name in "${__vg_aliases[@]}"; do format+='\0a%s=%s' values+=("$name" "${BASH_ALIASES[$name]}"); done
  if ((${#__vg_functions[@]} == 0)); then
    builtin printf "$format\\0\\0" "${values[@]}"
    return
  fi
  builtin printf "$format" "${values[@]}"
  for name in "${__vg_functions[@]}"; do
    builtin printf '\0f'
    builtin declare -f -- "$name"
  done
  builtin printf '\0\0'
}

# Which words of the text are aliases or functions here, and what those are made of, down to small numbers.
__vg_names() {
  local IFS=$' \t\n;|&()<>{}"\'`$=' todo=$1 word
  local -A seen=()
  __vg_aliases=() __vg_functions=()
  local -a words
  {
    for _ in 1 2 3; do
      # shellcheck disable=SC2206 # split by IFS, with globbing off
      words=($todo)
      todo=
      for word in "${words[@]:0:2000}"; do
        [[ -n $word && $word != [-/]* && -z ${seen[$word]-} ]] || continue
        seen[$word]=1
        if [[ -n ${BASH_ALIASES[$word]-} ]]; then
          ((${#__vg_aliases[@]} < 32)) || return 0
          __vg_aliases+=("$word")
          todo+=" ${BASH_ALIASES[$word]}"
        fi
        if builtin declare -F -- "$word" && [[ $word != __vg_* ]]; then
          ((${#__vg_functions[@]} < 16)) || return 0
          __vg_functions+=("$word")
        fi
      done
      [[ -n $todo ]] || return 0
    done
  } >/dev/null # once for all words: declare -F prints
}

# Ask about $1 (as typed) and $2 (expanded), or about ask $3. Sets __vg_verdict, E when there is no answer.
__vg_question() {
  local reply='' part end REPLY asked=$__vg_pid status
  local -a __vg_aliases=() __vg_functions=()
  ((++__vg_seq))
  [[ -z $3 ]] && __vg_names "$2"
  __vg_verdict=E __vg_said=
  if ((${#1} + ${#2} < 12000 && ${#__vg_functions[@]} == 0)); then
    __vg_record "$1" "$2" "$3" 1<>"$__vg_folder/$$.q" || return 0
  else # more than a pipe may hold: it lies in a file, and the question only points there
    __vg_record "$1" "$2" "$3" >|"$__vg_folder/$$.rec" || return 0
    builtin printf '\0\0s%s\0p%s\0l1\0\0' "$__vg_seq" "$$" 1<>"$__vg_folder/$$.q" || return 0
  fi
  __vg_status=
  __vg_now
  end=$((REPLY + 3000000))
  while :; do
    IFS= builtin read -r -d '' -t 0.25 part <>"$__vg_folder/$$.r"
    status=$?
    reply+=$part
    if ((status == 0)); then
      if [[ ${reply%% *} == "$__vg_seq" ]]; then
        reply=${reply#* }
        __vg_verdict=${reply%% *} __vg_said=${reply#* }
        return 0
      fi
      reply= # late answer to a question that was interrupted
    fi
    __vg_up && [[ $asked == "$__vg_pid" ]] || return 0
    __vg_now
    ((REPLY < end)) || return 0
  done
}

__vg_judge() {
  __vg_verdict=E
  __vg_ready && __vg_question "$@"
  [[ $__vg_verdict == E ]] && ! __vg_up && __vg_ready && __vg_question "$@" # it died over this: one more try
  [[ $__vg_verdict == E ]] && __vg_said=$__vg_advice
  return 0
}

# Always let through, so that nobody is locked in: single plain words only, and only our own or the shell's own.
__vg_passes() {
  local word=${1#"${1%%[![:space:]]*}"}
  word=${word%%[[:space:]]*}
  [[ $word == @(exit|logout|vg|vectra-guard|vg-off|vg-on|vg-status) && -z ${BASH_ALIASES[$word]-} ]] || return 1
  [[ $word == vg-* ]] || ! builtin declare -F -- "$word" >/dev/null || return 1
  [[ $1 != *[!A-Za-z0-9_./:=@%+,\ -]* ]]
}

# --- Enter -----------------------------------------------------------------------------------------------------------

__vg_arm() { builtin bind "\"$__vg_key\": $1"; }

# $1 is what the second key shall do, $2 is only here so that $_ stays what it was.
__vg_enter() {
  __vg_code=$?
  builtin local - LC_ALL='' IFS=$' \t\n' REPLY
  set +euxTE -f
  __vg_arm '""' # disarmed first: if anything aborts, nothing runs
  local line=$READLINE_LINE typed text asked=''
  if [[ "${PROMPT_COMMAND[*]-}" != *__vg_prompt* ]]; then
    __vg_hooks # somebody overwrote them
    ((__vg_running)) && __vg_typed='' __vg_text='' __vg_real=''
    __vg_running=0
  elif ((__vg_running && !__vg_many)); then # `read -e` of a running command
    __vg_arm "$1"
    return
  fi
  if ((__vg_off)) || [[ -z $__vg_typed && $line != *[![:space:]]* ]]; then
    __vg_tokens=$((${#line} + 1))
    __vg_arm "$1"
    return
  fi
  typed=$__vg_typed$line text=$__vg_text$line
  if [[ $- == *H* ]] && __vg_recalls "$line"; then
    REPLY=$(__vg_recall history -p -- "$line") && [[ -n $REPLY ]] && text=$__vg_text$REPLY
    if [[ $text != "$typed" ]] && shopt -q histverify; then # only shown, for another Enter
      READLINE_LINE=${text#"$__vg_text"} READLINE_POINT=${#READLINE_LINE}
      return
    fi
  fi
  [[ -n $__vg_typed ]] || __vg_rerun "$text" || return
  __vg_judge "$typed" "$text" ''
  if [[ $__vg_verdict == K ]]; then
    [[ -n $asked ]] || __vg_paint "$line"
    asked=$__vg_said
    "$__vg_bin" ask "$asked" </dev/tty >/dev/tty 2>&1
    __vg_judge '' '' "$asked"
  elif [[ $__vg_verdict == E ]] && [[ -z $__vg_typed ]] && __vg_passes "$line"; then
    __vg_verdict=A
  fi
  __vg_act "$1" "$line" "$typed" "$text" "$asked"
}

# Whether history expansion may change the line: the character, !, or a leading ^ (histchars changes them).
__vg_recalls() {
  local chars=${histchars-'!^'}
  [[ -n ${chars:0:1} && $1 == *"${chars:0:1}"* ]] || [[ -n ${chars:1:1} && $1 == "${chars:1:1}"* ]]
}

# Runs "$@" where the newest entry of the history is the last line, whether or not bash has already set aside one
# for the line in hand: history -p drops the newest, fc steps over it. In a subshell, which has its own history.
__vg_recall() {
  HISTCONTROL='' HISTIGNORE=''
  builtin history -s ': vg'
  [[ $1 == fc ]] || { __vg_newest && builtin history -d "$REPLY"; }
  builtin "$@" 2>/dev/null
}

# fc runs lines of the history without their being typed. `fc -s` is judged as the line that it stands for, and that
# runs (sets text and asked of the caller); what an editor makes of one comes to the prompt (fails: nothing to judge).
__vg_rerun() {
  local -a words
  local word=${1#"${1%%[![:space:]]*}"} swap editor='' plain=0
  word=${word%%[[:space:]]*}
  # shellcheck disable=SC2206 # split by IFS, with globbing off
  words=(${BASH_ALIASES[${word:-x}]-$word} ${1#*"$word"})
  [[ ${words[0]-} == fc && $1 != *[!A-Za-z0-9_./:=@%+,\ -]* ]] && ! builtin declare -F fc >/dev/null || return 0
  words=("${words[@]:1}")
  while [[ ${words[0]-} == -[!0-9]* ]]; do
    case ${words[0]} in
      -s) plain=1 ;;
      -e) editor=${words[1]-} words=("${words[@]:1}") ;;
      *) return 0 ;; # -l only lists; the rest is an error
    esac
    words=("${words[@]:1}")
  done
  [[ $editor == - ]] && plain=1
  if ((plain)); then
    swap=''
    while [[ ${words[0]-} == *=* ]]; do
      swap+=${words[0]}$'\n' words=("${words[@]:1}")
    done
    words=("${words[0]:--1}" "${words[0]:--1}")
  fi
  text=$(__vg_recall fc -ln "${words[@]:--1}")
  text=${text#$'\t'?} text=${text//$'\n\t'?/$'\n'}
  if [[ -z $text || $text == ': vg' ]]; then # none: fc will say so
    text=$1
    return 0
  fi
  if ((plain)); then
    while IFS= builtin read -r word && [[ -n $word ]]; do text=${text//"${word%%=*}"/"${word#*=}"}; done <<<"$swap"
    __vg_paint "$line"
    builtin printf '%s\n' "$text" >/dev/tty
    asked='fc'
    return 0
  fi
  [[ -o history ]] && builtin history -s -- "$line"
  READLINE_LINE=$text
  __vg_edit "${editor:-${FCEDIT-}}"
  return 1
}

# Do what the verdict says. $1 second key, $2 this line, $3 and $4 the construct as typed and expanded, $5 was asked.
__vg_act() {
  local real=$2
  case $__vg_verdict in
    A)
      if [[ -n $5 && -z $__vg_typed ]]; then # the line is on the screen already, with the question below it
        __vg_swap "$4" "$4"
        return
      fi
      ;;
    W) __vg_erase=$__vg_said$'\r\n' ;;
    R)
      if [[ -z $__vg_typed ]]; then
        [[ -n $5 ]] || __vg_paint "$2"
        __vg_swap "$__vg_said" "$4"
        return
      fi
      if [[ $__vg_said != "$__vg_real"* ]]; then # a line that bash has already would have to change
        [[ -n $5 ]] || __vg_paint "$2"
        __vg_drop "vg: not run yet: a command in here needs the guard around it. Press Up and Enter to run it as one." "$4"
        return
      fi
      real=${__vg_said#"$__vg_real"} READLINE_LINE=$real READLINE_POINT=${#real}
      __vg_fix=1
      ;;
    *)
      [[ -n $5 ]] || __vg_paint "$2"
      if [[ -n $__vg_typed ]]; then __vg_drop "$__vg_said" "$4"; else __vg_swap __vg_refuse "$4"; fi
      return
      ;;
  esac
  local breaks=${real//[!$'\n']/}
  __vg_tokens=$((${#breaks} + 1)) __vg_many=${#breaks}
  __vg_typed=$3$'\n' __vg_text=$4$'\n' __vg_real+=$real$'\n'
  __vg_now
  __vg_began=$REPLY
  __vg_arm "$1"
}

# Put the prompt and the line back on the screen as if accepted: readline wiped them before it called us.
__vg_paint() {
  local prompt line=${1//[$'\001'-$'\010'$'\013'-$'\037'$'\177']/?}
  if [[ -n $__vg_typed ]]; then
    prompt=${PS2@P}
  else
    __vg_return "$__vg_code" || : # for a prompt that shows $?
    prompt=${PS1@P}
  fi
  prompt=${prompt//[$'\001\002']/}
  builtin printf '%s%s\n' "${prompt##*$'\n'}" "$line" >/dev/tty
}

# Accept the stand-in, which runs $1; $2 goes into the history. PS0 erases the stand-in's echo from the screen.
__vg_swap() {
  [[ -o history ]] && builtin history -s -- "$2"
  __vg_refusal=$__vg_said __vg_line=$1
  if [[ -v HISTCONTROL ]]; then __vg_control=$HISTCONTROL __vg_swapped=2; else __vg_swapped=1; fi
  HISTCONTROL=ignorespace
  # As an alias it is parsed in place, and even $_ and set -x are those of the line itself; what an alias cannot hold
  # (lines, here-documents) is evaluated.
  if [[ $1 != *$'\n'* && $1 != *'<<'* ]] && shopt -q expand_aliases; then
    builtin alias __vg_go="$1"
    READLINE_LINE=' __vg_go'
  else
    READLINE_LINE=' eval "$__vg_line"'
  fi
  READLINE_POINT=${#READLINE_LINE}
  __vg_room
  __vg_erase=$'\e8\e[J'
  __vg_tokens=1
  __vg_now
  __vg_began=$REPLY
  __vg_arm accept-line
}

# Make room below for the echo, so that the terminal does not scroll away from the place that is remembered.
__vg_room() {
  local prompt=${PS1@P} width rows down
  prompt=${prompt//$'\001'*([!$'\002'])$'\002'/}
  width=${prompt##*$'\n'}
  rows=${prompt//[!$'\n']/}
  rows=$((${#rows} + (${#width} + ${#READLINE_LINE}) / (COLUMNS > 0 ? COLUMNS : 80) + 1))
  builtin printf -v down '%*s' "$rows" ''
  builtin printf '%s\e[%dA\e7' "${down// /$'\n'}" "$rows" >/dev/tty
}

# At a continuation line: say $1, keep $2 in the history, and drop the whole construct.
__vg_drop() {
  builtin printf '%s\n' "$1" >/dev/tty
  __vg_rewrite_history "$2"
  READLINE_LINE='' READLINE_POINT=0
  __vg_break
}

# What bash has noted of the construct since the last prompt (nothing, where it is not to be noted) becomes $1.
__vg_rewrite_history() {
  local found=0
  while __vg_newest && ((REPLY >= __vg_last)); do
    builtin history -d "$REPLY" || break
    found=1
  done
  ((found)) && builtin history -s -- "$1"
}

__vg_newest() { # number of the newest entry in REPLY
  REPLY=$(HISTTIMEFORMAT='' builtin history 1)
  REPLY=${REPLY#"${REPLY%%[![:space:]]*}"}
  REPLY=${REPLY%%[!0-9]*}
  [[ -o history && -n $REPLY ]]
}

# Interrupt what bash is at, whatever the user's own INT trap does; the prompt hook puts that back.
__vg_break() {
  local held
  held=$(trap -p INT)
  [[ -n $held ]] && __vg_trap=$held
  trap - INT
  builtin kill -INT "$$"
}

__vg_refuse() {
  builtin printf '%s\n' "$__vg_refusal" >&2
  return 3
}

__vg_return() { return "$1"; }

# --- around the prompt -----------------------------------------------------------------------------------------------

__vg_prompt() {
  local status=$? REPLY
  builtin local -
  set +euxTE
  if ((__vg_running)) && [[ -n $__vg_began ]]; then
    __vg_now
    __vg_status=$status __vg_took=$(((REPLY - __vg_began) / 1000)) __vg_began=
  fi
  [[ -n $__vg_trap ]] && builtin eval "$__vg_trap"
  ((__vg_swapped)) && builtin unalias __vg_go
  ((__vg_swapped == 2)) && HISTCONTROL=$__vg_control
  ((__vg_swapped == 1)) && unset -v HISTCONTROL
  ((__vg_fix)) && __vg_rewrite_history "${__vg_text%$'\n'}" # a line of a construct was rewritten
  __vg_trap='' __vg_swapped=0 __vg_fix=0 __vg_typed='' __vg_text='' __vg_real='' __vg_erase=''
  __vg_running=0 __vg_tokens=0 __vg_many=0 __vg_last=$HISTCMD
  __vg_arm '""'
  if [[ ${PS0-} != *__vg_running* || ${PS2-} != *__vg_many* ]] || ! shopt -q promptvars; then __vg_prompts; fi
  # output that did not end its line stays: the prompt goes to the next one, as readline will wipe this one
  builtin printf '%*s\r' "$((COLUMNS > 1 ? COLUMNS - 1 : 0))" '' >/dev/tty
  return "$status"
}

# A line reached execution without its token: Enter is bound around us. Runs in a subshell of PS0; judges by history.
__vg_backstop() {
  builtin local - LC_ALL='' IFS=$' \t\n'
  set +euxTE -f
  local entry REPLY
  ((__vg_off)) && return
  __vg_said='it is not in the history'
  if __vg_newest && ((REPLY >= __vg_last)); then
    entry=$(HISTTIMEFORMAT='' builtin history 1)
    entry=${entry#*"$REPLY"?[ ]}
    __vg_seq=$((1000000 + RANDOM * 32768 + RANDOM)) __vg_typed=
    __vg_judge "$entry" "$entry" ''
    [[ $__vg_verdict == [AW] ]] && return
    [[ $__vg_verdict == E ]] && __vg_passes "$entry" && return
    [[ $__vg_verdict == [KR] ]] && __vg_said='it needs the guard around it'
  fi
  __vg_said=${__vg_said#vg: }
  builtin printf 'vg: not run: %s. Enter is bound around the guard: see bind -p | grep accept-line\n' "${__vg_said#not run: }" >/dev/tty
  if [[ $(trap -p URG) == *__vg_break* ]]; then builtin kill -URG "$$"; else builtin kill -INT "$$"; fi
}

# C-x C-e and vi's v: edit, then come back to the prompt; the result is judged like anything typed.
__vg_edit() { # $1 the editor, if it is to be a certain one
  local file IFS=$' \t\n'
  file=$(command mktemp) || return
  builtin printf '%s\n' "$READLINE_LINE" >|"$file"
  # shellcheck disable=SC2086 # may have arguments
  if command ${1:-${VISUAL:-${EDITOR:-vi}}} "$file" </dev/tty >/dev/tty; then
    READLINE_LINE=$(<"$file")
    READLINE_POINT=${#READLINE_LINE}
  fi
  command rm -f -- "$file"
}

if [[ -o posix ]]; then # where these names may not be given, though they may be called
  set +o posix
  __vg_posix=1
fi

function vg-off {
  __vg_off=1
  builtin printf 'vg: the guard is off in this shell. vg-on switches it on again.\n' >&2
}

function vg-on {
  __vg_off=0 __vg_retry=0
  builtin printf 'vg: the guard is on.\n' >&2
}

function vg-status {
  if ((__vg_off)); then
    builtin printf 'vg: off in this shell\n'
  elif __vg_ready; then
    builtin printf 'vg: guarded (evaluator %s)\n' "$__vg_pid"
  else
    builtin printf 'vg: degraded: no evaluator answers, lines are refused\n'
    return 1
  fi
}

# May be called at any time.
__vg_hooks() {
  # quiet under xtrace and DEBUG traps; && keeps ERR traps and set -e from taking the status for a failure of ours
  local call='{ __vg_prompt && true; } >/dev/null 2>&1'
  [[ "${PROMPT_COMMAND[*]-}" == *__vg_prompt* ]] && return
  if [[ $(builtin declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
    PROMPT_COMMAND=("$call" "${PROMPT_COMMAND[@]}")
  else
    PROMPT_COMMAND=$call${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
  fi
}

# Not while a line is edited: bash reads PS0 before that, and would expand what has been freed.
__vg_prompts() {
  if ! shopt -q promptvars; then # they are printed as they are: no backstop there, and the stand-in is to be seen
    [[ ${PS0-} == *__vg_running* ]] && PS0=$__vg_ps0
    [[ ${PS2-} == *__vg_many* ]] && PS2=${PS2#*\}}
    return 0
  fi
  if [[ ${PS0-} != *__vg_running* ]]; then
    __vg_ps0=${PS0-}
    PS0='${__vg_blank:$((__vg_running=1,__vg_tokens>0?(__vg_tokens-=1,__vg_missed=0):(__vg_missed=1),0))}'
    PS0+='${__vg_erase}${__vg_late[__vg_missed]:+$(__vg_backstop)}'$__vg_ps0
  fi
  if [[ ${PS2-} != *__vg_many* ]]; then # a continuation line does not run on the token of the line before
    PS2='${__vg_blank:$((__vg_many>0?0:(__vg_tokens=0)))}'${PS2-}
  fi
  [[ $(trap -p URG) == *__vg_break* ]] || trap __vg_break URG
}

__vg_install() {
  local map key
  local -A vi=([vi-insert]='\C-d' [vi-command]='\C-d') # accepts there, where the line is not empty
  __vg_hooks
  __vg_prompts
  for map in emacs vi-insert vi-command; do
    # the newline avoids a parser bug after a continuation line, ! is there for ERR traps, the braces hide xtrace and
    # what a DEBUG trap prints, the last word keeps $_
    builtin bind -m $map -x $'"\\C-x\\C-_v1\\a":\n! { __vg_enter accept-line "$_"; } >/dev/null 2>&1'
    builtin bind -m $map -x $'"\\C-x\\C-_v3\\a":\n! { __vg_enter operate-and-get-next "$_"; } >/dev/null 2>&1'
    builtin bind -m $map -x '"\C-x\C-_v4\a": __vg_edit'
    builtin bind -m $map "\"$__vg_key\": \"\""
    for key in '\C-m' '\C-j' ${vi[$map]-}; do builtin bind -m $map "\"$key\": \"\C-x\C-_v1\a$__vg_key\""; done
  done
  for map in emacs vi-insert; do builtin bind -m $map "\"\C-o\": \"\C-x\C-_v3\a$__vg_key\""; done
  builtin bind -m emacs '"\C-x\C-e": "\C-x\C-_v4\a"'
  builtin bind -m vi-command '"v": "\C-x\C-_v4\a"'
} 2>/dev/null

[[ -n $__vg_posix ]] && set -o posix
__vg_install
__vg_up || __vg_start
