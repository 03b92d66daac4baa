/** Completion for zsh(1), in the words of `_arguments` (zshcompsys(1)). */
import { allCommands, type CommandWords, type OptionWords, type Value } from './words.ts';

export function zshCompletion(root: CommandWords): string {
  return `#compdef tailban
# zsh completion for tailban. Generated from the program's own commands: tailban completion zsh

# What only the running daemon knows; nothing where there is none.
_tailban_names() {
  local -a names
  names=(\${(f)"$(_call_program names timeout 2 tailban complete $@[-1] 2>/dev/null)"})
  compadd "\${(@)@[1,-2]}" -a names
}

${allCommands(root).map(commandFunction).join('\n')}
if [[ $funcstack[1] == _tailban ]]; then
  _tailban "$@"
else
  compdef _tailban tailban
fi
`;
}

function commandFunction(command: CommandWords): string {
  const { path, commands } = command;
  const specs = [...command.options.map(optionSpec), ...argumentSpecs(command)];
  const head = `${functionName(path)}() {\n`;
  if (commands.length === 0) return `${head}  _arguments -s -S ${joined(specs)}\n}\n`;
  const described = commands.map(({ path: inner, about }) => quoted(`${inner.at(-1)}:${about.replaceAll(':', '\\:')}`));
  const cases = commands.map(({ path: inner }) => `        ${inner.at(-1)}) ${functionName(inner)} ;;`);
  return `${head}  local curcontext=$curcontext state line
  local -a commands
  _arguments -s -S -C ${joined([...specs, "'1: :->command'", "'*:: :->arguments'"])}
  case $state in
    command)
      commands=(
        ${described.join('\n        ')}
      )
      _describe -t commands command commands
      ;;
    arguments)
      curcontext="\${curcontext%:*}-$line[1]:"
      case $line[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}
`;
}

function functionName(path: readonly string[]): string {
  return ['_tailban', ...path].join('-').replace('_tailban-', '_tailban_');
}

function optionSpec({ names, about, value, repeats }: OptionWords): string {
  const [first = '', ...others] = names;
  const exclusion = repeats ? '*' : `(${names.join(' ')})`;
  const form = others.length > 0 ? `{${names.map((name) => optionName(name, value)).join(',')}}` : null;
  const text = `[${escaped(about)}]${value === null ? '' : `${value.mayBeMissing ? '::' : ':'}${value.type}:${action(value)}`}`;
  return form === null
    ? quoted(`${exclusion}${optionName(first, value)}${text}`)
    : `${quoted(exclusion)}${form}${quoted(text)}`;
}

/** \`=\` says that the value may be in the same word too. */
function optionName(name: string, value: OptionWords['value']): string {
  return value === null || !name.startsWith('--') ? name : `${name}=`;
}

function argumentSpecs({ arguments: all }: CommandWords): string[] {
  return all.map(({ about, value, repeats }, index) =>
    quoted(`${repeats ? '*' : index + 1}:${escaped(about).slice(0, 60)}:${action(value)}`),
  );
}

function action(value: Value): string {
  switch (value.type) {
    case 'choices':
      return `(${value.choices.join(' ')})`;
    case 'names':
      return `_tailban_names ${value.names}`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'any':
      return ' ';
  }
}

function joined(specs: readonly string[]): string {
  return `\\\n    ${specs.join(' \\\n    ')}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
