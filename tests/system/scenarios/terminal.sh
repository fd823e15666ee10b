# shellcheck shell=bash
# What a person sees who logs in and types: essctl on a terminal of 80 columns and 24 lines, or narrower.

# open_terminal NAME: a terminal in the machine, with a shell in it. Gone with this scenario, however it ends.
open_terminal() {
  local leader
  command -v tmux >/dev/null || skip "no tmux here"
  leader=$(<"$(machine_dir "$1")/leader")
  SCREEN=$MACHINES/tmux
  setpriv --pdeathsig KILL tmux -D -f /dev/null -S "$SCREEN" &
  assert_soon 5 "tmux runs" test -S "$SCREEN"
  on_screen new-session -d -s ess -x 80 -y 24 \
    env -i TERM=screen HOME=/root LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin PS1='ready> ' \
    nsenter --target "${leader%% *}" --all bash --norc --noprofile
  assert_soon 5 "a prompt" screen_ends 'ready>'
}

on_screen() { tmux -S "$SCREEN" "$@"; }
screen() { on_screen capture-pane -p -t ess; }
screen_has() { screen | grep --quiet --extended-regexp -- "$1"; }
screen_lacks() { ! screen_has "$1"; }
screen_begins() { [[ $(screen | grep --max-count=1 .) =~ $1 ]]; }
screen_ends() { [[ $(screen | grep . | tail -n 1) =~ $1 ]]; }

# The terminal joins the lines that it had to break: there must be none.
assert_nothing_wraps() {
  assert_eq "$(screen | sed 's/ *$//')" "$(on_screen capture-pane -p -J -t ess | sed 's/ *$//')" "the screen without broken lines"
}

screen_is_cleared() { [[ $(screen | grep .) =~ ^ready\>[^$'\n']*$ ]]; }

# type LINE: on a cleared screen; what the last command said must not be taken for what this one says.
type_in() {
  on_screen send-keys -t ess C-l
  assert_soon 10 "a cleared screen" screen_is_cleared
  on_screen clear-history -t ess
  on_screen send-keys -t ess -l "$1"
  on_screen send-keys -t ess Enter
}

# assert_types LINE PATTERN...: what it shows ends with the prompt, has each of these, and is on one screen with the line.
assert_types() {
  local line=$1
  shift
  type_in "$line; echo exit \$?"
  assert_soon 20 "an end of $line" screen_has '^exit [0-9]'
  show_screen "$line"
  for pattern; do screen_has "$pattern" || fail "no '$pattern' on the screen of $line"; done
  screen_begins "^ready> $line" || fail "$line does not fit on the screen"
  assert_nothing_wraps
}

show_screen() { screen | sed "s/^/| /; 1s/^/--- $1\\n/"; }

# status, trip, status, reset and start, typed one after the other
scenario_a_day() {
  start_armed m
  open_terminal m
  assert_types "essctl status" 'ARMED +a trip would stop all 5 units \(all run now\)' 'exit 0'
  assert_types "essctl trip --reason 'runaway orders'" 'the latch is set' 'ms  stopped  quantum-governor.service' \
    'TRIPPED +all 5 units are stopped, in [0-9.]+ ms' 'budget +2s: kept' 'entry +OPS-[0-9-]+ SUCCESS' \
    'essctl reset --reason TEXT' 'exit 0'
  assert_types "essctl status" 'TRIPPED' 'quantum-vendor.service +stopped +[0-9.]+ ms +masked +guarded' \
    'by root: runaway orders' 'exit 3'
  assert_types "essctl start" 'release it first: essctl reset' 'exit 3'
  assert_types "essctl reset --reason 'found and mended'" 'Nothing was started' 'essctl start' 'exit 0'
  assert_types "essctl status" 'ARMED +a trip would stop all 5 units \(none runs now\)' 'exit 0'
  assert_types "essctl start" 'stable +quantum-governor.service' 'All are up' 'exit 0'
  assert_types "essctl stauts" 'did you mean status' 'exit 2'
}

# watch while it trips, while essd restarts, and while the terminal gets narrower; it leaves the terminal as it was
scenario_watch() {
  start_armed m
  open_terminal m
  type_in "essctl watch"
  assert_soon 10 "the watch" screen_has 'ARMED'
  assert_soon 5 "its last line" screen_has 'live; q quits'
  assert machine_run m essctl trip --reason "while it is watched"
  assert_soon 10 "the stop on the screen" screen_has 'TRIPPED +all 5 units are stopped'
  show_screen "essctl watch"
  assert_nothing_wraps
  # The path unit would start it at once: the latch is set.
  assert machine_run m systemctl stop quantum-ess.path essd.socket
  assert machine_run m systemctl stop essd.service
  assert_soon 10 "that essd is away" screen_has 'OUT OF REACH +essd is not running; start it'
  assert screen_has 'NOT LIVE'
  screen_has 'ESS_ON' || fail "no word of the latch while essd is away"
  assert screen_lacks 'TRIPPED'
  show_screen "essctl watch, essd stopped"
  assert machine_run m systemctl start essd.socket essd.service quantum-ess.path
  assert_soon 20 "the stop on the screen again" screen_has 'TRIPPED +all 5 units are stopped'
  on_screen resize-window -t ess -x 45 -y 24
  assert_soon 5 "the narrow screen" screen_lacks 'controlled'
  assert_soon 5 "no broken line" nothing_wraps
  show_screen "essctl watch, 45 columns"
  on_screen send-keys -t ess q
  assert_soon 5 "the prompt" screen_ends '^ready>'
  assert screen_has TRIPPED
  on_screen resize-window -t ess -x 80 -y 24
  type_in "stty -a"
  assert_soon 5 "keys that are seen" screen_has ' echo '
  type_in "essctl watch"
  assert_soon 10 "the watch" screen_has 'live; q quits'
  on_screen send-keys -t ess C-c
  assert_soon 5 "the prompt after Ctrl-C" screen_ends '^ready>'
}

nothing_wraps() { (assert_nothing_wraps) >/dev/null 2>&1; }
