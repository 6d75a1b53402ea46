/** `tslm completion SHELL`: a script that completes commands and options, made of the commands themselves. */
import { type Argument, Command, Argument as CommandArgument } from 'commander';

interface Node {
  /** `tslm tokenizer train` */
  path: string;
  /** Subcommands and options, each with what it does. */
  words: [word: string, about: string][];
}

const firstLine = (text: string): string => text.split('\n')[0];

function nodesOf(command: Command, path = command.name()): Node[] {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter(one => one.name() !== 'help');
  const options = command.createHelp().visibleOptions(command);
  const words: [string, string][] = [
    ...visible.map((one): [string, string] => [one.name(), firstLine(one.description())]),
    ...options.flatMap(({ long, description }): [string, string][] => (long ? [[long, firstLine(description)]] : [])),
  ];
  return [{ path, words }, ...visible.flatMap(one => nodesOf(one, `${path} ${one.name()}`))];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Finds the command among the words so far; what is an option or its value is passed over. (`path` is taken in zsh.) */
const findCommand = (words: string): string => `  local where=tslm word
  for word in ${words}; do
    case " $known " in *" \${where// /_}_$word "*) where="$where $word" ;; esac
  done
`;

const knownOf = (nodes: readonly Node[]): string => nodes.map(({ path }) => path.replaceAll(' ', '_')).join(' ');

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map(
    ({ path, words }) => `    ${quoted(path)}) words=${quoted(words.map(([word]) => word).join(' '))} ;;`,
  );
  return `# tslm completion bash > ~/.local/share/bash-completion/completions/tslm
_tslm() {
  local known=${quoted(knownOf(nodes))} words= current=\${COMP_WORDS[COMP_CWORD]}
${findCommand(`"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}  case $where in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -o bashdefault -F _tslm tslm
`;
}

function zsh(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => {
    const all = words.map(([word, about]) => quoted(`${word}:${about}`));
    return `    ${quoted(path)}) choices=(${all.join(' ')}) ;;`;
  });
  return `#compdef tslm
# tslm completion zsh > "\${fpath[1]}/_tslm"
_tslm() {
  local known=${quoted(knownOf(nodes))}
  local -a before=("\${(@)words[2,CURRENT-1]}")
${findCommand(`"\${before[@]}"`)}  local -a choices
  case $where in
${cases.join('\n')}
  esac
  _describe tslm choices || _files
}
compdef _tslm tslm
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) => {
    const [, ...names] = path.split(' ');
    const inside = names.map(name => `__fish_seen_subcommand_from ${name}`);
    const deeper = nodes.filter(
      node => node.path.startsWith(`${path} `) && node.path.split(' ').length === names.length + 2,
    );
    const next = deeper.map(node => node.path.split(' ').at(-1)!);
    const condition =
      names.length === 0
        ? '__fish_use_subcommand'
        : [...inside, ...(next.length > 0 ? [`not __fish_seen_subcommand_from ${next.join(' ')}`] : [])].join('; and ');
    return words.map(([word, about]) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c tslm -n ${quoted(condition)} ${what} -d ${quoted(about)}`;
    });
  });
  return `# tslm completion fish > ~/.config/fish/completions/tslm.fish\n${lines.join('\n')}\n`;
}

const SHELLS = { bash, zsh, fish };
const shell: Argument = new CommandArgument('<shell>').choices(Object.keys(SHELLS));

export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(shell)
    .addHelpText(
      'after',
      `
bash   tslm completion bash > ~/.local/share/bash-completion/completions/tslm
zsh    tslm completion zsh > "\${fpath[1]}/_tslm"
fish   tslm completion fish > ~/.config/fish/completions/tslm.fish

Example:
  $ tslm completion bash
`,
    )
    .action((name: keyof typeof SHELLS, _options, command: Command) => {
      process.stdout.write(SHELLS[name](nodesOf(command.parent!)));
    });
}
