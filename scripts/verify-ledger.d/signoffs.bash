# For verify-ledger: sign-offs, and the breaches that they settle.
# shellcheck shell=bash disable=SC2154

check_signoffs() {
  local i seq who key good_ones=0 obstacle=''
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
    who=$(printf '%s' "${signed_by[$seq]:-}" | sort -u | wc -l)
    key=$(printf '%s' "${signed_with[$seq]:-}" | sort -u | wc -l)
    if ((key < who)); then who=$key; fi
    ((who >= BREACH_PEOPLE)) || wrong sign-offs "the breach at seq $seq is signed off by $who of $BREACH_PEOPLE people"
  done
  good sign-offs "$good_ones, by $allowed_signers"
  ((${#signoffs[@]})) || good sign-offs "none"
}

# check_signoff ROW
check_signoff() {
  local kind seq time id ap statement signature rest subject target
  local t_kind t_id t_by i origin='' said
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
  [[ $ap != "$t_by" ]] || { wrong sign-offs "seq $seq: the signer requested it" && return 1; }
  [[ -z $obstacle ]] || return 1
  time=${time//[-T:]/}
  if [[ -z $ap ]] || ! said=$(ssh-keygen -Y verify -f "$allowed_signers" -I "$(base64 -d <<<"$ap")" -n "$NAMESPACE" \
    -s "$work/signature" -O "verify-time=${time:0:14}Z" <"$work/statement" 2>/dev/null); then
    wrong sign-offs "seq $seq: no good signature"
    return 1
  fi
  signed_by[$subject]+="$ap"$'\n' signed_with[$subject]+="${said##* }"$'\n'
}
