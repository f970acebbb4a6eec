# Vectra Guard in zsh 5.8 and later: every line is judged when it is accepted, before zsh sees it.
#
# Source this file from ~/.zshrc. The widget zle-line-finish runs on every way of accepting a line, with BUFFER final. The line
# goes to the resident evaluator over its unix socket; no process is started for a harmless one. What is not to run as
# typed is replaced in BUFFER after its last drawing, and a zshaddhistory hook of that one line keeps in history what
# was typed. A preexec hook stops what came past the judgement.
#
# Fails closed: no answer, no execution; `exit`, `vg ...` and `vg-off` still work. Does nothing in shells that are not
# interactive, on dumb terminals and inside the sandbox.

[[ -o interactive && -o zle && ${TERM:-dumb} != dumb && ${VG_SANDBOX-} != 1 ]] || return 0
[[ ${__vg_owner-} == $$ ]] && return 0
zmodload zsh/net/socket zsh/system zsh/zselect zsh/datetime zsh/parameter zsh/zleparameter 2>/dev/null || {
  print -u2 -r -- 'vg: this zsh lacks modules that the guard needs (zsh/net/socket, zsh/system, zsh/zselect): not guarded'
  return 0
}

# The functions below are written for zsh's own options and no aliases: these change how a function is read.
typeset -ga __vg_kept
__vg_kept=()
for __vg_owner in aliases ignorebraces ignoreclosebraces shglob posixaliases posixbuiltins posixidentifiers \
  cshjunkiequotes cshjunkieloops rcquotes ksharrays kshtypeset nounset errexit errreturn xtrace; do
  if [[ -o $__vg_owner ]]; then
    __vg_kept+=("$__vg_owner")
    unsetopt $__vg_owner
  fi
done
typeset -g +x __vg_owner=$$
# python, vg: absolute paths; runtime: folder of the evaluator's endpoints, the rule of vectra_guard/paths.py
# pass: yes when the line in hand was judged; text: what was judged; kind, message: what the stand-in does
# again, given: a construct of several lines that comes back whole, and its answer if there is one already
typeset -gA __vg=(
  python '@VG_PYTHON@' vg '@VG_BIN@' off 0 seq 0 next 0 down 0 slow 0 pass '' text '' kind '' message '' again '' given ''
  history '' taken 0 ran '' typed '' status 0 millis '' start 0 told 0 within 0 own ''
)
typeset -ga __vg_others=()
typeset -g VG_PROMPT=guarded
__vg[xdg]=${XDG_RUNTIME_DIR-}
[[ ${__vg[xdg]} == /* ]] || __vg[xdg]=''
__vg[runtime]=${${__vg[xdg]:+${__vg[xdg]}/vectra-guard}:-/tmp/vectra-guard-$UID}

# --- the evaluator -----------------------------------------------------------------------------------------------

# Start it as nobody's job. The file tells it, once it is up, that this shell is one of its shells.
__vg_start() {
  emulate -L zsh
  setopt nobgnice nomonitor nonotify
  __vg[next]=$(( EPOCHREALTIME + 1 )) # one that is on its way is not started twice
  (
    trap '' HUP INT QUIT TSTP # the shell may be closed, or the line interrupted, while it is only starting
    umask 077
    [[ -d ${__vg[runtime]} ]] || command -p mkdir -m 700 -- "${__vg[runtime]}"
    [[ -O ${__vg[runtime]} && ! -h ${__vg[runtime]} ]] && : >| "${__vg[runtime]}/$$.rec"
    unset XDG_RUNTIME_DIR
    [[ -n ${__vg[xdg]} ]] && export XDG_RUNTIME_DIR=${__vg[xdg]}
    "${__vg[python]}" -I -c 'from vectra_guard.evaluator.server import main; main()' &
  ) </dev/null >/dev/null 2>&1
}

# REPLY: a connection. The folder must be ours: anybody may put one into /tmp.
__vg_open() {
  [[ -O ${__vg[runtime]} && ! -h ${__vg[runtime]} ]] && zsocket "${__vg[runtime]}/sock"
}

# Connect, starting an evaluator if need be. After a failure lines are refused at once for a while.
__vg_connect() {
  __vg_open && return 0
  (( EPOCHSECONDS < __vg[down] )) && return 1
  local -a reply
  local -F until=$(( EPOCHREALTIME + (__vg[down] ? 0.7 : 3) ))
  while (( EPOCHREALTIME < until )); do
    (( EPOCHREALTIME > __vg[next] )) && __vg_start
    zselect -t 1
    __vg_open && { __vg[down]=0; return 0 }
  done
  __vg[down]=$(( EPOCHSECONDS + 10 ))
  return 1
}

# Write all of $2 to descriptor $1, in pieces that fit once there is room, so that a deaf evaluator cannot hold us.
__vg_send() {
  local -a reply
  local rest=$2
  local -i n
  local -F until=$(( EPOCHREALTIME + 2 ))
  while [[ -n $rest ]]; do
    while ! zselect -t 20 -w $1; do (( EPOCHREALTIME < until )) || return 1; done
    syswrite -c n -o $1 -- "${rest[1,16384]}" || return 1
    rest=${rest[n+1,-1]}
  done
}

# One question, one connection. Sets verdict and message of the caller; 0 answered, 1 nobody there, 2 hung up, 3 too late.
__vg_talk() {
  local REPLY part got seq=$$.$(( ++__vg[seq] ))
  local -i fd
  local -a reply
  local -F until
  __vg_connect || return 1
  fd=$REPLY
  {
    __vg_send $fd $'\0\0'"s$seq"$'\0'"p$$"$'\0kzsh\0v1\0'"d$PWD$1"$'\0\0' || return 2
    until=$(( EPOCHREALTIME + (__vg[slow] ? 0.5 : 2.5) ))
    while [[ $got != *$'\0' ]]; do
      while ! zselect -t 10 -r $fd; do (( EPOCHREALTIME < until )) || { __vg[slow]=1; return 3 } done
      sysread -i $fd part || return 2
      got+=$part
    done
  } always { exec {fd}>&- }
  __vg[slow]=0
  got=${got%$'\0'}
  [[ ${got%% *} == $seq ]] || return 2
  got=${got#* }
  verdict=${got%% *} message=${got#* }
  [[ $verdict == [ARBKW] ]]
}

# The same with one more try when it hung up (it was killed, or the line before took it down).
__vg_query() {
  setopt localoptions nomultibyte
  local -i tried
  for tried in 1 2; do
    __vg_talk "$1" && { VG_PROMPT=guarded; return 0 }
    (( $? == 2 )) || break
  done
  VG_PROMPT=degraded verdict=E message='vg: evaluator unavailable, not run. Type vg-off to switch the guard off in this shell.'
}

# --- what the words of a line mean here --------------------------------------------------------------------------

# Appends to `fields` what judging looks at in an environment (OBSERVED in facts.py), and the guard's settings in it.
__vg_environment() {
  local name
  for name in HOME USER LOGNAME SHELL TMPDIR XDG_{CONFIG,CACHE,DATA}_HOME \
    AWS_PROFILE CLOUDSDK_ACTIVE_CONFIG_NAME AZURE_PROFILE KUBECONFIG ${(k)parameters[(I)VG_*]}; do
    [[ -z ${(P)name-} ]] || fields+=$'\0'"e$name=${(P)name}"
  done
}

# Appends to `fields`: aliases and functions that words of $1 name, and those that these name. Capped.
__vg_meanings() {
  local -a todo=("${(Z:n:)1}")
  local -A seen
  local word text
  local -i room=131072 left=64
  while (( $#todo && left )); do
    word=${(Q)todo[1]}
    shift todo
    [[ -n $word && -z ${seen[$word]-} ]] || continue
    seen[$word]=1
    if (( ${+galiases[$word]} )); then
      text=${galiases[$word]} fields+=$'\0'"g$word=$text"
    elif (( ${+aliases[$word]} )); then
      text=${aliases[$word]} fields+=$'\0'"a$word=$text"
    elif (( ${+functions[$word]} )); then
      text=${functions[$word]}
      (( $#text < 16384 && $#text < room )) || continue
      fields+=$'\0'"f$word () {"$'\n'"$text"$'\n}'
      (( $#text < 4096 )) || text=''
    elif [[ $word == r ]] && (( ${+builtins[r]} )); then
      text='fc -e -' fields+=$'\0'"a$word=$text"
    elif (( ${+saliases[${word##*.}]} )) && [[ $word == *.* ]]; then
      text=${saliases[${word##*.}]} fields+=$'\0'"u${word##*.}=$text"
    else
      continue
    fi
    (( left--, room -= $#text ))
    todo=("${(Z:n:)text}" "${todo[@]}")
  done
}

# Whether zsh would run $1 now instead of asking for more. Parsed, not run; with the options of the user, so no
# emulate here. A line that only closes something is an error after a whole construct, and data in a here-document.
__vg_complete() {
  { unfunction __vg_parsed; functions[__vg_parsed]=$1 } 2>/dev/null
  (( ${+functions[__vg_parsed]} )) || return 1
  { unfunction __vg_parsed; functions[__vg_parsed]=$1$'\n)' } 2>/dev/null
  (( ! ${+functions[__vg_parsed]} )) || { unfunction __vg_parsed; return 1 }
}

# What may be typed when nobody is there to judge: leaving, and the guard's own commands, without anything else.
__vg_harmless() {
  setopt localoptions extendedglob
  local text=${${1##[[:space:]]#}%%[[:space:]]#}
  local word=${text%%[[:space:]]*}
  (( ${+aliases[$word]} )) || { [[ $word != vg-* ]] && (( ${+functions[$word]} )) } && return 1
  [[ $text == (exit|logout|exit [0-9]##|vg-off|vg-on|vg-status|vg|vg [A-Za-z0-9_./:=,@%+\ -]##) ]]
}

# --- accepting a line --------------------------------------------------------------------------------------------

# zle-line-finish. The user's options are in force here, for what depends on them; nothing shows under xtrace.
__vg_finish() {
  {
    setopt localoptions localtraps noerrexit noerrreturn noxtrace
    trap - DEBUG
    case ${CONTEXT-} in start|cont) ;; *) return 0 ;; esac
    (( __vg[within] )) && return 0 # called by another widget that has wrapped ours, and that we call
    if (( ${+widgets[__vg_next_finish]} )); then
      __vg[within]=1
      { zle __vg_next_finish -f nolast -N } always { __vg[within]=0 }
    fi
    local -i bang=0 verify=0 start=0 complete=1 more=1 rerun=0 comments=0
    local typed=$BUFFER all expanded verdict message once
    [[ -o interactivecomments ]] && comments=1
    [[ -o banghist ]] && bang=1
    [[ -o histverify ]] && verify=1
    for once in 1; do # an interrupt breaks loops as well: up to here, no further
      {
        __vg_judge || more=0
      } always {
        if (( TRY_BLOCK_INTERRUPT > 0 || TRY_BLOCK_ERROR > 0 )); then
          TRY_BLOCK_INTERRUPT=0 TRY_BLOCK_ERROR=0
          verdict=B message='vg: interrupted, not run.'
        fi
      }
    done
    (( more )) || return 0
    [[ $verdict == B ]] || __vg_complete "$expanded" || complete=0
    __vg_act
  } 2>/dev/null
}

# Fills the locals of __vg_finish. Fails when there is nothing more to do: the line runs, or there is none.
__vg_judge() {
  emulate -L zsh
  local IFS=$' \t\n\0' fields given
  all=$PREBUFFER$BUFFER __vg[pass]='' __vg[own]=''
  if [[ $CONTEXT == start ]]; then
    start=1 given=${__vg[given]} __vg[given]='' __vg[ran]='' __vg[text]=''
    [[ $typed == *[^[:space:]]* ]] || return 1
  elif [[ -n ${__vg[ran]} && $all == "${__vg[ran]}"* ]]; then
    # an earlier line of this construct was rewritten: judge what was typed, not that
    all=${__vg[typed]}${all#"${__vg[ran]}"}
  fi
  expanded=$all
  if { (( start )) && __vg_own "$typed" } || (( __vg[off] )); then
    __vg_let_go
    return 1
  fi
  # armed before anything can be interrupted: from here on only the stand-in runs
  __vg[kind]=B __vg[message]='vg: interrupted, not run.'
  BUFFER=' __vg_refused'
  if (( bang )) && [[ $typed == *"${histchars[1]}"* || $typed == "${histchars[2]}"* ]]; then
    BUFFER=$all
    zle .expand-history
    expanded=$BUFFER BUFFER=' __vg_refused'
  fi
  (( start )) && __vg_rerun "$expanded"
  __vg_take_history "$expanded"
  if [[ -n $given ]]; then
    verdict=${given%% *} message=${given#* }
  elif [[ $expanded == *$'\0'* ]]; then
    # zsh itself would cut a word there: what runs is not what is read
    verdict=B message='vg: there is a NUL byte in this line, not run.'
  else
    fields=$'\0'"c$all"
    [[ $expanded == "$all" ]] || fields+=$'\0'"x$expanded"
    (( comments )) || fields+=$'\0n1'
    [[ -n ${__vg[millis]} ]] && fields+=$'\0'"z${__vg[status]}"$'\0'"t${__vg[millis]}"
    __vg[millis]=''
    __vg_environment
    __vg_meanings "$expanded"
    __vg_query "$fields"
    [[ $verdict == E ]] && { __vg_harmless "$expanded" && verdict=A || verdict=B }
  fi
  [[ $verdict != A ]] || (( rerun )) || { __vg_let_go; return 1 }
}

# What is not simply let go. Uses the locals of __vg_finish.
__vg_act() {
  emulate -L zsh
  local IFS=$' \t\n\0' id
  if [[ $verdict != B ]] && { (( ! complete )) || { (( verify )) && [[ $expanded != "$all" ]] } }; then
    # nothing runs yet: it is not at its end, or histverify only shows what history made of it
    __vg_let_go
    __vg[pass]=part
    return 0
  fi
  BUFFER=$typed
  zle -I # the last drawing, of what was typed; BUFFER is free after that
  BUFFER=' __vg_refused'
  if (( ! start )); then
    # what the parser has already cannot be changed: drop it, and accept the whole as one text
    [[ $verdict == B ]] && __vg[given]="B $message"
    __vg_once_more "$expanded"
    BUFFER=''
    zle .send-break
    return 0
  fi
  if [[ $verdict == K ]]; then
    id=$message
    "${__vg[vg]}" ask "$id" </dev/tty >/dev/tty 2>/dev/tty
    __vg_query $'\0manswer\0'"i$id"
    [[ $verdict == [EK] ]] && verdict=B
  fi
  (( rerun )) && [[ $verdict == A ]] && verdict=R message=$expanded
  case $verdict in
    (W) print -r -- "$message" >/dev/tty; __vg_let_go ;;
    (A) __vg_let_go ;;
    (R)
      BUFFER=$message __vg[kind]=R __vg[pass]=yes __vg[ran]=$message$'\n' __vg[typed]=$expanded$'\n'
      # a `!` in it is no history any more
      [[ $message == *"${histchars[1]}"* || $message == "${histchars[2]}"* ]] && __vg_no_bang
      ;;
    (*) __vg[kind]=B __vg[message]=$message __vg[pass]=yes ;;
  esac
  return 0
}

# The line runs as it is. Uses the locals of __vg_finish.
__vg_let_go() {
  BUFFER=$typed __vg[kind]=A __vg[pass]=yes __vg[text]=$expanded
  [[ -n ${__vg[ran]} ]] || __vg_give_history
}

# fc and r run lines of the history without their being accepted. One that is to run at once is judged, and run, as
# if it had been typed; what an editor makes of some comes to the next prompt. Uses the locals of __vg_finish.
__vg_rerun() {
  local -a words=(${(z)1}) swaps
  local word text editor='' plain=0
  (( ${+aliases[${words[1]}]} )) && words=(${(z)aliases[${words[1]}]} ${words[2,-1]})
  [[ ${words[1]} == (r|fc) && ${+functions[${words[1]}]} == 0 ]] || return 0
  [[ ${words[*]} != *[^A-Za-z0-9_./:=@%+,\ -]* ]] || return 0
  [[ ${words[1]} == r ]] && plain=1
  shift words
  while [[ ${words[1]-} == -[^0-9]* ]]; do
    case ${words[1]} in
      (-s|-e-) plain=1 ;;
      (-e) editor=${words[2]-}; shift words ;;
      (-[lpPRWAI]*) return 0 ;; # lists, reads or writes
      (*) ;;
    esac
    (( $#words )) && shift words
  done
  [[ $editor == - ]] && plain=1
  while [[ ${words[1]-} == *=* ]]; do swaps+=("${words[1]}"); shift words; done
  (( $#words )) || words=(-1)
  (( $#words > 1 )) || words+=("${words[1]}")
  for word in ${(f)"$(builtin fc -l "${words[@]}")"}; do
    text+=${text:+$'\n'}${history[${${=word}[1]%\*}]}
  done
  [[ -n $text ]] || return 0
  for word in $swaps; do text=${text//${(b)${word%%=*}}/${word#*=}}; done
  if (( plain )); then
    rerun=1 typed=$text expanded=$text all=$text
  else
    __vg[edited]=$text __vg[editor]=${editor:-${FCEDIT:-${EDITOR:-vi}}}
    given='R  __vg_edit'
  fi
}

__vg_edit() {
  emulate -L zsh
  local file=${TMPPREFIX:-/tmp/zsh}.vg.$$.$RANDOM
  ( umask 077; print -r -- "${__vg[edited]}" > $file ) && ${=__vg[editor]} $file && print -z -r -- "$(<$file)"
  command rm -f -- $file
}

# vg-off, vg-on and vg-status work when typed alone on a line, and only then.
__vg_own() {
  local -a words=(${=1})
  [[ $#words == 1 && ${words[1]} == vg-(off|on|status) && ${+aliases[${words[1]}]} == 0 ]] && __vg[own]=${words[1]}
}

__vg_refused() {
  {
    print -r -u3 -- "${__vg[message]}"
    return 3
  } 3>&2 2>/dev/null
}

# --- history: what was typed, never what ran instead -------------------------------------------------------------

# For this one line our zshaddhistory is the only one; it calls the others with the text that was typed.
__vg_take_history() {
  __vg[history]=$1
  (( __vg[taken] )) && return
  __vg[taken]=1
  __vg_others=("${zshaddhistory_functions[@]}")
  zshaddhistory_functions=(__vg_history)
  if (( ${+functions[zshaddhistory]} )); then
    functions[__vg_zshaddhistory]=${functions[zshaddhistory]}
    unfunction zshaddhistory
  fi
}

__vg_give_history() {
  emulate -L zsh
  [[ -n ${__vg[histchars]-} ]] && { histchars=${__vg[histchars]}; __vg[histchars]='' }
  (( __vg[taken] )) || return 0
  __vg[taken]=0
  zshaddhistory_functions=("${__vg_others[@]}")
  (( $#zshaddhistory_functions )) || unset zshaddhistory_functions
  if (( ${+functions[__vg_zshaddhistory]} )); then
    functions[zshaddhistory]=${functions[__vg_zshaddhistory]}
    unfunction __vg_zshaddhistory
  fi
  return 0
}

__vg_no_bang() {
  __vg[histchars]=$histchars
  histchars=$'\1'${histchars[2,3]}
}

__vg_history() {
  {
    setopt localoptions localtraps noerrexit noerrreturn noxtrace
    trap - DEBUG
    __vg_give_history
    local hook text=${__vg[history]}
    local -i keep=0 stored=1
    [[ -n $text ]] || { fc -p /dev/null 1 0; return 1 }
    for hook in zshaddhistory "${zshaddhistory_functions[@]}"; do
      if (( ${+functions[$hook]} )); then
        "$hook" "$text"$'\n' || keep=${keep:/0/$?}
      fi
    done
    if (( keep )) || { [[ -o histignorespace ]] && [[ $text == ' '* ]] }; then
      stored=0
    elif [[ -o histignoredups || -o histignorealldups ]] && [[ ${history[$HISTCMD]-} == "$text" ]]; then
      stored=0
    elif [[ -o histreduceblanks && $text != *$'\n'* ]]; then
      text="${(j: :)${(z)text}}"
    fi
    (( stored )) && print -rS -- "$text"
    __vg[history]=''
    fc -p /dev/null 1 0 # where the text that runs ends up; zsh puts the real history back after this hook
  } 2>/dev/null
  return 1
}

# --- constructs of several lines that must be changed as a whole -------------------------------------------------

# The next prompt is not drawn; its line is $1, accepted at once.
__vg_once_more() {
  autoload -Uz add-zle-hook-widget
  __vg_take_history '' # what was dropped goes nowhere
  __vg[again]=$1
  add-zle-hook-widget line-init __vg_line_init
}

__vg_line_init() {
  {
    setopt localoptions localtraps noerrexit noerrreturn noxtrace
    trap - DEBUG
    emulate -L zsh
    add-zle-hook-widget -d line-init __vg_line_init
    [[ -n ${__vg[again]} ]] || return 0
    BUFFER=${__vg[again]} CURSOR=${#BUFFER} __vg[again]=''
    [[ -n ${__vg[prompts]-} ]] && { eval "${__vg[prompts]}"; __vg[prompts]='' }
    zle .accept-line
  } 2>/dev/null
}

# --- around each line --------------------------------------------------------------------------------------------

__vg_precmd() {
  {
    local -i code=$?
    setopt localoptions localtraps noerrexit noerrreturn noxtrace
    trap - DEBUG
    __vg_after $code
  } 2>/dev/null
}

__vg_after() {
  emulate -L zsh
  local -i millis
  __vg[within]=0
  if (( __vg[start] )); then
    millis=$(( (EPOCHREALTIME - __vg[start]) * 1000 ))
    __vg[status]=$1 __vg[millis]=$millis __vg[start]=0
  fi
  __vg_give_history
  __vg_hook
  [[ -n ${__vg[again]} ]] && __vg_hide_prompt
  return 0
}

__vg_hide_prompt() {
  __vg[prompts]="PS1=${(q)PS1-} RPS1=${(q)RPS1-}"
  PS1='' RPS1=''
}

# preexec: a line that got here without a judgement, or is not the one that was judged, is judged now.
__vg_preexec() {
  {
    setopt localoptions localtraps noerrexit noerrreturn noxtrace
    trap - DEBUG
    local -i stop=0 comments=0
    [[ -o interactivecomments ]] && comments=1
    __vg_before "$1" "$3" || stop=1
    (( stop )) && { : } always { TRY_BLOCK_INTERRUPT=1 } # the one way to end a line here without a signal
  } 2>/dev/null
}

__vg_before() {
  emulate -L zsh
  local IFS=$' \t\n\0' pass=${__vg[pass]} verdict message fields text=${1:-$2}
  __vg[pass]='' __vg[start]=$EPOCHREALTIME
  (( __vg[off] )) && return 0
  [[ $pass == yes ]] && [[ ${__vg[kind]} != A || -z $1 || $1 == "${__vg[text]}" ]] && return 0
  [[ $text == *[^[:space:]]* ]] || return 0
  __vg_own "$text" && return 0
  fields=$'\0'"c$text"$'\0b1'
  (( comments )) || fields+=$'\0n1'
  __vg_environment
  __vg_meanings "$text"
  __vg_query "$fields"
  [[ $verdict == E ]] && { __vg_harmless "$text" && verdict=A || verdict=B }
  [[ -z $pass ]] && __vg_around
  [[ $verdict == A ]] && return 0
  [[ $verdict == W ]] && { print -r -- "$message" >/dev/tty; return 0 }
  if [[ $verdict == B ]]; then
    print -r -- "$message" >/dev/tty
  elif [[ $pass == part ]]; then
    __vg_once_more "$text"
  else
    print -r -- 'vg: not run. It is on the next line again: press Enter to have it judged first.' >/dev/tty
    print -z -r -- "$text"
  fi
  return 1
}

__vg_around() {
  (( __vg[told] )) && return
  __vg[told]=1
  print -r -- 'vg: something is bound around the guard here: this line was judged only when it was about to run.' >/dev/tty
}

# (Re)attach to zle, as the only zle-line-finish; another one is called from ours, so that it is judged what it leaves.
# Not a hook of add-zle-hook-widget: there one that fails keeps the later ones from running.
__vg_hook() {
  [[ ${widgets[zle-line-finish]-} == user:__vg_finish ]] && return
  [[ -n ${widgets[zle-line-finish]-} ]] && zle -A zle-line-finish __vg_next_finish
  zle -N zle-line-finish __vg_finish
}

# --- commands ----------------------------------------------------------------------------------------------------

__vg_command() {
  emulate -L zsh
  if [[ ${__vg[own]-} != $1 ]]; then
    print -u2 -r -- "$1: type it alone on a line"
    return 3
  fi
  __vg[own]=''
  case $1 in
    (vg-off) __vg[off]=1 VG_PROMPT=off; print -r -- 'vg: off in this shell. Type vg-on to switch it on again.' ;;
    (vg-on) __vg[off]=0 __vg[down]=0 __vg[slow]=0 VG_PROMPT=guarded; print -r -- 'vg: on.' ;;
    (vg-status)
      local REPLY
      if (( __vg[off] )); then
        print -r -- 'vg: off in this shell. Type vg-on to switch it on.'
      elif __vg_open 2>/dev/null; then
        exec {REPLY}>&-
        print -r -- 'vg: guarded.'
      else
        print -r -- 'vg: degraded: the evaluator is not there; the next line starts it, or is refused.'
        return 1
      fi
      ;;
  esac
}
vg-off() { __vg_command vg-off }
vg-on() { __vg_command vg-on }
vg-status() { __vg_command vg-status }

() {
  emulate -L zsh
  zle -N __vg_line_init
  typeset -ga precmd_functions preexec_functions
  precmd_functions+=(__vg_precmd)
  preexec_functions=(__vg_preexec "${preexec_functions[@]}")
  __vg_hook
  local REPLY
  if __vg_open 2>/dev/null; then
    # say hello, so that it stays while this shell lives
    print -rn -u $REPLY -- $'\0\0s'"$$.0"$'\0'"p$$"$'\0kzsh\0v1\0mhello\0\0'
    exec {REPLY}>&-
  else
    __vg_start
  fi
}
(( $#__vg_kept )) && setopt $__vg_kept
unset __vg_kept
true
