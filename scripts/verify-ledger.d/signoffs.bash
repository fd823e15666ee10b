# For verify-ledger: sign-offs, and the breaches that they settle.
# shellcheck shell=bash disable=SC2154

check_signoffs() {
  local i seq people good_ones=0 obstacle=''
  if [[ ! -r $allowed_signers || ! -f $allowed_signers ]]; then obstacle="$allowed_signers is not there"; fi
  command -v ssh-keygen >/dev/null || obstacle="ssh-keygen is not there"
  for i in "${signoffs[@]}"; do
    if check_signoff "$i"; then good_ones=$((good_ones + 1)); fi
  done
  if ((${#signoffs[@]})) && [[ -n $obstacle ]]; then
    if ((signers_given)) && [[ $obstacle != ssh-keygen* ]]; then
      wrong sign-offs "$obstacle: ${#signoffs[@]} not checked"
    else
      unproven sign-offs "$obstacle: ${#signoffs[@]} not checked"
    fi
  fi
  for seq in "${breaches[@]}"; do
    people=$(printf '%s' "${signed_with[$seq]:-}" | sort -u | wc -l) # one key under two names is one person
    ((people >= BREACH_PEOPLE)) || wrong sign-offs "the breach at seq $seq is signed off by $people of $BREACH_PEOPLE people"
  done
  good sign-offs "$good_ones, by $allowed_signers"
  ((${#signoffs[@]})) || good sign-offs "none"
}

# is_same_person NAME NAME: the host says "alice" where allowed_signers has "alice@example.com"
is_same_person() {
  local left=${1,,} right=${2,,}
  [[ $left == *@* && $right == *@* ]] || left=${left%%@*} right=${right%%@*}
  [[ $left == "$right" ]]
}

# is_plain_name NAME: no pattern, no option
is_plain_name() { [[ $1 == [!-]* && $1 != *[$'\001'-' '$'\177''*?!,"']* ]]; }

# has_signed SEQ NAME
has_signed() {
  local before
  while IFS= read -r before; do
    ! is_same_person "$before" "$2" || return 0
  done < <(printf '%s' "${signed_by[$1]:-}")
  return 1
}

# check_signoff ROW
check_signoff() {
  local kind seq time id ap statement signature rest subject target
  local t_kind t_id t_by i origin='' person said
  IFS='|' read -r kind seq _ time id _ ap statement signature rest <<<"${rows[$1]}|"
  base64 -d <<<"$statement" >"$work/statement" && base64 -d <<<"$signature" >"$work/signature"
  [[ $(tr '\n' '|' <"$work/statement") =~ \|entry_seq\ ([1-9][0-9]{0,15})\| ]] && subject=${BASH_REMATCH[1]} || subject=0
  target=${row_of[subject]:-}
  if [[ -z $target ]] && ((${#breaches[@]} && subject > 0 && subject < seq)); then
    unproven sign-offs "seq $seq: its entry is behind a breach"
    return 1
  fi
  if [[ -n $target ]]; then
    IFS='|' read -r t_kind _ _ _ t_id t_by rest <<<"${rows[target]}|"
    for i in "${!log_origin[@]}"; do
      if [[ " ${log_rows[i]}" == *" $target "* ]]; then origin=${log_origin[i]}; fi
    done
    printf 'ess-signoff/v1\norigin %s\noperation_id %s\nentry_seq %s\nentry_sha256 %s\ndecision approve\n' \
      "$origin" "$(base64 -d <<<"$t_id")" "$subject" "${hashes[target]}" >"$work/derived"
  fi
  if [[ -z $target || -z $t_id || $t_id != "$id" || $t_kind == @(signoff|amend) ]] || ((subject >= seq)) ||
    [[ $(sha256sum <"$work/derived") != $(sha256sum <"$work/statement") ]]; then
    wrong sign-offs "seq $seq: the statement is not that of an entry before it"
    return 1
  fi
  person=$(base64 -d <<<"$ap")
  ! is_same_person "$person" "$(base64 -d <<<"$t_by")" || { wrong sign-offs "seq $seq: the signer requested it" && return 1; }
  [[ -z $obstacle ]] || return 1
  time=${time//[-T:]/}
  if ! is_plain_name "$person" || ! said=$(ssh-keygen -Y verify -f "$allowed_signers" -I "$person" -n "$NAMESPACE" \
    -s "$work/signature" -O "verify-time=${time:0:14}Z" <"$work/statement" 2>/dev/null); then
    wrong sign-offs "seq $seq: no good signature"
    return 1
  fi
  ! has_signed "$subject" "$person" || { wrong sign-offs "seq $seq: the signer has signed it off before" && return 1; }
  signed_by[$subject]+="$person"$'\n' signed_with[$subject]+="${said##* }"$'\n'
}
