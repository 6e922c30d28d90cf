// `deepaugment completion`: prints the script by which a shell completes this program's commands.

import type { Command } from "commander";
import { helpText } from "./help.ts";
import { oneOf } from "./options.ts";
import type { Terminal } from "./terminal.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

type Shell = (typeof SHELLS)[number];

export function addCompletionCommand(program: Command, terminal: Terminal): void {
  program
    .command("completion")
    .argument("<shell>", SHELLS.join(", "), oneOf("shell", SHELLS))
    .description("print a script by which a shell completes commands, options, settings and paths")
    .addHelpText("after", helpText(HELP))
    .action((shell: Shell) => printScript(shell, program, terminal));
}

const HELP = `
The program must be found as deepaugment. To install the completions:

  bash  echo 'source <(deepaugment completion bash)' >> ~/.bashrc
  zsh   echo 'source <(deepaugment completion zsh)' >> ~/.zshrc
        (below the line with compinit)
  fish  cd ~/.config/fish/completions
        deepaugment completion fish > deepaugment.fish

The scripts are those of this version: after an update, write that of fish again.`;

async function printScript(shell: Shell, program: Command, terminal: Terminal): Promise<void> {
  const [{ describeProgram }, { bashScript }, { zshScript }, { fishScript }] = await Promise.all([
    import("./completion/described.ts"),
    import("./completion/bash.ts"),
    import("./completion/zsh.ts"),
    import("./completion/fish.ts"),
  ]);
  const described = describeProgram(program);
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  terminal.print(scripts[shell](described).trimEnd());
}
