// The script for bash, 3.2 or newer. It needs nothing but bash.

import { sharedFunctions } from "./cases.ts";
import type { DescribedProgram } from "./described.ts";

export function bashScript(program: DescribedProgram): string {
  return [
    "# Completes deepaugment's commands in bash: source <(deepaugment completion bash)",
    "",
    sharedFunctions(program, ({ name }) => name),
    SCRIPT,
  ].join("\n");
}

const SCRIPT = String.raw`# Sets "typed" to the words up to the cursor. Bash splits them at = and :, too.
_deepaugment_typed() {
  local rest=\${COMP_LINE:0:COMP_POINT} word i
  typed=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -z $COMP_LINE ]]; then
      # Called by hand: only the separators say which words belong together.
      if ((i > 0)) && [[ $word == [=:]* || \${COMP_WORDS[i - 1]} == [=:] ]]; then
        typed[\${#typed[@]} - 1]+=$word
      else
        typed+=("$word")
      fi
      continue
    fi
    if ((i == COMP_CWORD && \${#word} > \${#rest})); then word=\${rest#"\${rest%%[![:space:]]*}"}; fi
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      typed+=("$word")
    else
      typed[\${#typed[@]} - 1]+=$word
    fi
    rest=\${rest#"$word"}
  done
}

# Adds the entries, one a line, that begin with the second argument.
_deepaugment_add() {
  local entry
  while IFS= read -r entry; do
    if [[ -n $entry && $entry == "$2"* ]]; then COMPREPLY+=("$prefix$entry"); fi
  done <<< "$1"
}

# Adds what _deepaugment_values has found, for the word $current after $prefix.
_deepaugment_complete() {
  local item=$current
  if [[ -n $keys ]]; then
    if [[ $current == *=* ]]; then
      prefix+=\${current%%=*}=
      _deepaugment_values "$keys \${current%%=*}="
      current=\${current#*=}
      _deepaugment_complete
    else
      _deepaugment_add "$(_deepaugment_keys "$keys" | while IFS= read -r key; do echo "$key="; done)" "$current"
      compopt -o nospace 2> /dev/null
    fi
    return
  fi
  if [[ -n $paths ]]; then
    if [[ $current == [\'\"~\$]* || $current == *\\* ]]; then
      # Bash itself knows what these mean.
      compopt -o default 2> /dev/null
      return
    fi
    compopt -o filenames 2> /dev/null
    _deepaugment_add "$(compgen -f -- "$current")" "$current"
  fi
  if [[ -n $list && $current == *[[,]* ]]; then
    item=\${current##*[[,]}
    prefix+=\${current%"$item"}
  fi
  _deepaugment_add "\${names// /$'\n'}" "$item"
}

_deepaugment() {
  local typed command= word last current prefix= names paths list keys mark begin= i skip=
  COMPREPLY=()
  _deepaugment_typed
  ((\${#typed[@]} > 1)) || return 0
  current=\${typed[\${#typed[@]} - 1]}
  last=
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    word=\${typed[i]}
    if [[ -n $skip ]]; then skip= last=$word; continue; fi
    if [[ $word == -* ]]; then
      if _deepaugment_takes_value "$command $word"; then skip=1; fi
    elif [[ -n "$(_deepaugment_commands "$command")" ]]; then
      command+=\${command:+ }$word
    fi
    last=$word
  done
  if [[ -n $skip ]]; then
    _deepaugment_values "$command $last"
    _deepaugment_complete
  elif [[ $current == --*=* ]]; then
    prefix=\${current%%=*}=
    _deepaugment_values "$command \${current%%=*}"
    current=\${current#*=}
    _deepaugment_complete
  elif [[ $current == -* ]]; then
    _deepaugment_add "$(_deepaugment_options "$command")" "$current"
  else
    _deepaugment_add "$(_deepaugment_commands "$command")" "$current"
    _deepaugment_values "$command"
    _deepaugment_complete
  fi
  # Bash replaces only what follows the last separator.
  for mark in = :; do
    word=\${typed[\${#typed[@]} - 1]}
    if [[ $COMP_WORDBREAKS == *$mark* && $word == *$mark* ]]; then
      word=\${word%"\${word##*$mark}"}
      if ((\${#word} > \${#begin})); then begin=$word; fi
    fi
  done
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=\${COMPREPLY[i]#"$begin"}; done
  return 0
}

complete -F _deepaugment deepaugment
`.replaceAll("\\${", "${");
