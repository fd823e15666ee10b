# For verify-ledger: the lines of a ledger, which of them count, their hashes, and the tree over them.
# shellcheck shell=bash disable=SC2154

# The segments in the order of their names: names, and copies (NUL, which awk and bash cannot hold, becomes \001)
read_segments() {
  local n name path
  mapfile -t names < <(for path in "$directory"/*.jsonl; do
    [[ ${path##*/} =~ ^[0-9]{4}-(0[1-9]|1[0-2])\.([0-9]{3}|[1-9][0-9]{3,})\.jsonl$ ]] && echo "${path##*/}"
  done | sort -t . -k 1,1 -k 2,2n)
  names=("" "${names[@]}") # counted from 1
  for ((n = 1; n < ${#names[@]}; n++)); do
    name=${names[n]} number_of[$name]=$n
    if [[ -f $directory/$name && ! -L $directory/$name ]] && tr '\000' '\001' <"$directory/$name" >"$work/seg.$n" 2>/dev/null; then
      continue
    fi
    wrong chain "$name: cannot be read"
    : >"$work/seg.$n"
  done
  ((${#names[@]} > 1)) || wrong chain "$directory: no ledger is there"
}

read_lines() {
  local n i file offset length described
  cd "$work"
  : >form && : >good && : >bad
  local files=()
  for ((n = 1; n < ${#names[@]}; n++)); do files+=("seg.$n"); done
  ((${#files[@]})) || return 0
  mapfile -t -O 1 sizes < <(stat -c %s "${files[@]}")
  awk -v sizes="${sizes[*]}" -v form=form -v good=good -v bad=bad \
    -f "$here/form.awk" "${files[@]}"
  jq -r -f "$here/fields.jq" good >fields
  mapfile -t described <form
  mapfile -t rows <fields
  ((${#rows[@]} == ${#described[@]})) || { echo "jq cannot read all lines" >&2 && exit 1; }
  for i in "${!rows[@]}"; do
    read -r file offset length <<<"${described[i]}"
    in_file+=("$file") offsets+=("$offset") ends+=("$((offset + length + 1))")
    first_row[file]=${first_row[file]:-$i}
  done
  while read -r file offset; do bad_at[file]+="$offset "; done <bad
}

# Each line's hash, and its leaf of the tree (RFC 6962: 0x00 before it); many files for each sha256sum
hash_lines() {
  local batch j sums
  while mapfile -t -n "$BATCH" batch <&3 && ((${#batch[@]})); do
    for j in "${!batch[@]}"; do
      printf '%s' "${batch[j]}" >"hash/$j"
      printf '\0%s' "${batch[j]}" >"leaf/$j"
    done
    mapfile -t sums < <(cd hash && sha256sum -- "${!batch[@]}")
    hashes+=("${sums[@]%% *}")
    mapfile -t sums < <(cd leaf && sha256sum -- "${!batch[@]}")
    leaves+=("${sums[@]%% *}")
  done 3<good
}

# tree_hash LEAF...: the root (RFC 6962: 0x01 before two nodes; an odd one goes up as it is)
tree_hash() {
  local nodes=("$@") next binary sums i j
  ((${#nodes[@]})) || nodes=("$(sha256sum </dev/null)")
  while ((${#nodes[@]} > 1)); do
    mapfile -t binary < <(printf '%s\n' "${nodes[@]}" | awk '{ gsub(/../, "\\x&"); print }')
    next=()
    for ((i = 0; i + 1 < ${#nodes[@]}; i += 2 * BATCH)); do
      for ((j = 0; j < BATCH && i + 2 * j + 1 < ${#nodes[@]}; j++)); do
        printf '%b' "\\x01${binary[i + 2 * j]}${binary[i + 2 * j + 1]}" >"node/$j"
      done
      mapfile -t sums < <(cd node && eval "sha256sum {0..$((j - 1))}")
      next+=("${sums[@]%% *}")
    done
    ((${#nodes[@]} % 2 == 0)) || next+=("${nodes[-1]}")
    nodes=("${next[@]}")
  done
  tree=${nodes[0]%% *}
}

# Recovery and breach lines at the beginning of a segment end an earlier one. From the newest back: a line that does not
# count ends nothing.
find_ends() {
  local n i about expected kind file good
  for ((n = ${#names[@]} - 1; n > 0; n--)); do
    expected=0
    for ((i = ${first_row[n]:-${#rows[@]}}; i < ${#rows[@]} && in_file[i] == n && offsets[i] == expected; i++)); do
      IFS='|' read -r kind _ _ _ _ _ _ _ _ file sum good _ <<<"${rows[i]}|"
      [[ $kind == @(recovery|breach) ]] && ((offsets[i] < ${limits[n]:-$END})) || break
      expected=${ends[i]}
      file=$(base64 -d <<<"$file")
      about=${number_of[${file:-none}]:-$n}
      ((about < n)) || continue
      reports+=("$i $about")
      if ((good < ${limits[about]:-$END})); then limits[about]=$good; fi
      if [[ $kind == breach ]]; then gap_after[about]=1; fi
    done
  done
}

# Sets counted_rows, and of each segment the last one.
count_lines() {
  local n i
  for i in "${!rows[@]}"; do
    n=${in_file[i]}
    if ((offsets[i] >= ${limits[n]:-$END})); then continue; fi
    if ((ends[i] > ${limits[n]:-$END})); then bad_at[n]+="${offsets[i]} " && continue; fi
    last_of[n]=${offsets[i]} newest=$n
    counted_rows+=("$i")
  done
}

# Bytes that are no lines: a write that did not end, if nothing that counts lies behind them.
check_bytes() {
  local n offset first
  for n in "${!bad_at[@]}"; do
    first=$END
    for offset in ${bad_at[n]}; do ((offset >= first)) || first=$offset; done
    ((first < ${limits[n]:-$END})) || continue
    if ((newest > n || ${last_of[n]:--1} > first)); then
      wrong chain "${names[n]} byte $first: not a line in the form that is written"
    else
      unproven chain "${names[n]} byte $first: a write that did not end; essd records it when it opens the ledger"
      pending=1
    fi
  done
}

# A recovery or breach line tells what it found: those bytes should still be there.
check_reports() {
  local report i about kind seq good size sum
  for report in "${reports[@]}"; do
    i=${report% *} about=${report#* }
    IFS='|' read -r kind seq _ _ _ _ _ _ _ _ sum good size _ <<<"${rows[i]}|"
    sum=$(base64 -d <<<"$sum")
    if [[ $(tail -c "+$((good + 1))" "$directory/${names[about]}" 2>/dev/null | sha256sum) == "$sum  -" ]]; then continue; fi
    if [[ $kind == breach ]]; then
      wrong chain "${names[about]} byte $good: no longer the bytes that seq $seq found there"
    else
      unproven chain "${names[about]} byte $good: no longer the bytes that seq $seq found there"
    fi
  done
}

# pass_to FILE OFFSET: sets gap to what lies between the line before and the one at this place: a breach, or bytes that
# are no lines (which check_bytes tells of).
pass_to() {
  for (( ; at_file < $1; at_file++)); do
    if ((at_end < ${limits[at_file]:-$END} && at_end < sizes[at_file])); then gap=bytes; fi
    if ((${gap_after[at_file]:-0})); then gap=breach; fi
    at_end=0
  done
  if ((at_end < $2)); then gap=bytes; fi
}

# Along the lines that count: seq and prev, the logs that they open, and the keys that they change.
check_chain() {
  local i kind seq prev time id by ap a b c rest place gap next=1 hash=$ZEROS at_file=1 at_end=0
  for i in "${counted_rows[@]}"; do
    IFS='|' read -r kind seq prev time id by ap a b c rest <<<"${rows[i]}|"
    place="${names[in_file[i]]} byte ${offsets[i]}" gap=''
    pass_to "${in_file[i]}" "${offsets[i]}"
    if ((seq != next)) || [[ $prev != "$hash" ]]; then
      if [[ -z $gap ]] || ((seq < next)); then
        wrong chain "$place: seq $seq does not continue seq $((next - 1))"
      elif [[ $gap == breach ]] && ((next > 1)); then
        unproven chain "nothing holds the lines up to seq $((next - 1)), which stand before the breach"
      fi
    fi
    next=$((seq + 1)) hash=${hashes[i]} row_of[seq]=$i at_end=${ends[i]}
    counted=$((counted + 1))
    if [[ $kind == @(genesis|breach) ]]; then open_log "$kind" "$a" "$b" "$place"; fi
    if ((${#log_origin[@]})); then
      log_size[-1]=$((log_size[-1] + 1)) log_rows[-1]+="$i "
    elif ((counted == 1)); then
      wrong chain "$place: the first line opens no log"
    fi
    case $kind in
      key) change_key "$seq" "$a" "$b" "$c" ;;
      breach) breaches+=("$seq") ;;
      signoff) signoffs+=("$i") ;;
    esac
  done
}

# open_log KIND ORIGIN VKEY PLACE
open_log() {
  local origin vkey known
  origin=$(base64 -d <<<"$2") vkey=$(base64 -d <<<"$3")
  if [[ $1 == genesis ]] && ((counted > 1)); then wrong chain "$4: a genesis line that is not the first"; fi
  for known in "${log_origin[@]}"; do
    [[ $known != "$origin" ]] || wrong chain "$4: the log $origin was opened before"
  done
  log_origin+=("$origin") log_size+=(0) log_rows+=("")
  if take_vkey "$vkey" && [[ $vkey_name == "$origin" ]]; then
    add_key "$vkey" "" 1
  else
    wrong chain "$4: the line names no log and its key"
  fi
}

# add_key VKEY OLD_RAW POSITION_IN_LOG: the last one that was taken
add_key() { key_log+=("$((${#log_origin[@]} - 1))") key_text+=("$1") key_raw+=("$vkey_raw") key_before+=("$2") key_at+=("$3"); }

# change_key SEQ OLD_VKEY NEW_VKEY SIGNATURE, the three in base64
change_key() {
  local old new signature last=$((${#key_log[@]} - 1)) log=$((${#log_origin[@]} - 1))
  old=$(base64 -d <<<"$2") new=$(base64 -d <<<"$3") signature=$(base64 -d <<<"$4")
  if ((last >= 0 && key_log[last] == log)) && [[ $old == "${key_text[last]}" ]] && take_vkey "$new" &&
    [[ $vkey_name == "${log_origin[log]}" ]] && is_base64 "$signature"; then
    base64 -d <<<"$signature" >"$work/sig"
    printf 'ess-key/v1\norigin %s\nold_vkey %s\nnew_vkey %s\n' "$vkey_name" "$old" "$new" >"$work/statement"
    if is_signed "${key_raw[last]}" "$work/statement" "$work/sig"; then
      add_key "$new" "${key_raw[last]}" "${log_size[log]}"
      return
    fi
  fi
  wrong signature "seq $1: the change of the key is not proven"
}
