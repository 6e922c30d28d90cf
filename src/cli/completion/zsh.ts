// The script for zsh.

import { sharedFunctions, shortened } from "./cases.ts";
import type { DescribedProgram } from "./described.ts";

export function zshScript(program: DescribedProgram): string {
  const functions = sharedFunctions(program, ({ name, explanation }) => {
    return `${name.replaceAll(":", "\\:")}:${shortened(explanation)}`;
  });
  return [
    "#compdef deepaugment",
    "# Completes deepaugment's commands in zsh: source <(deepaugment completion zsh), after compinit",
    "",
    functions,
    SCRIPT,
  ].join("\n");
}

const SCRIPT = String.raw`# Completes with what _deepaugment_values has found.
_deepaugment_complete() {
  if [[ -n $keys ]]; then
    if [[ $PREFIX == *=* ]]; then
      _deepaugment_values "$keys \${PREFIX%%=*}="
      compset -P 1 '*='
      _deepaugment_complete
    else
      local -a described
      described=("\${(@f)$(_deepaugment_keys $keys)}")
      _describe -t keys key described -S =
    fi
    return
  fi
  if [[ -n $list ]]; then compset -P '*[[,]'; fi
  if [[ -n $names ]]; then compadd -- \${=names}; fi
  if [[ -n $paths ]]; then _files; fi
}

_deepaugment() {
  local command= word last= skip= names paths list keys
  local -a described
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then
      skip=
    elif [[ $word == -* ]]; then
      if _deepaugment_takes_value "$command $word"; then skip=1; fi
    elif [[ -n $(_deepaugment_commands "$command") ]]; then
      command+=\${command:+ }$word
    fi
    last=$word
  done
  if [[ -n $skip ]]; then
    _deepaugment_values "$command $last"
    _deepaugment_complete
  elif [[ $PREFIX == --*=* ]]; then
    _deepaugment_values "$command \${PREFIX%%=*}"
    compset -P 1 '*='
    _deepaugment_complete
  elif [[ $PREFIX == -* ]]; then
    described=("\${(@f)$(_deepaugment_options "$command")}")
    _describe -o option described
  else
    if [[ -n $(_deepaugment_commands "$command") ]]; then
      described=("\${(@f)$(_deepaugment_commands "$command")}")
      _describe -t commands command described
    fi
    _deepaugment_values "$command"
    _deepaugment_complete
  fi
}

if [[ $funcstack[1] == _deepaugment ]]; then
  # Loaded from a folder of functions, at the first completion.
  _deepaugment "$@"
else
  compdef _deepaugment deepaugment
fi
`.replaceAll("\\${", "${");
