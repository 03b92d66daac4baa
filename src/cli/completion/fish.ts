/** Completion for fish(1): one \`complete\` for each command, option and argument. */
import { allCommands, type CommandWords, type OptionWords, type Value } from './words.ts';

export function fishCompletion(root: CommandWords): string {
  const groups = allCommands(root).filter(({ path, commands }) => path.length > 0 && commands.length > 0);
  const skipped = root.options.flatMap(({ names, value }) => (value === null ? [] : names));
  return `# fish completion for tailban. Generated from the program's own commands: tailban completion fish

# Whether what stands before the cursor is this command, and not one in it.
function __tailban_at
    set -l path
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
        else if contains -- $word ${skipped.join(' ')}
            set skip yes
        else if not string match -q -- '-*' $word
            set -a path $word
            contains -- "$path" ${groups.map(({ path }) => `'${path.join(' ')}'`).join(' ')}
            or break
        end
    end
    test "$path" = "$argv"
end

# What only the running daemon knows; nothing where there is none.
function __tailban_names
    timeout 2 tailban complete $argv 2>/dev/null
end

complete -c tailban -f
${allCommands(root).flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CommandWords): string[] {
  const at = `complete -c tailban -n '__tailban_at${command.path.map((word) => ` ${word}`).join('')}'`;
  return [
    ...command.commands.map(({ path, about }) => `${at} -a ${path.at(-1)} -d ${quoted(about)}`),
    ...command.arguments.flatMap(({ value }) => argumentLine(at, value)),
    ...command.options.map((option) => `${at}${optionText(option)}`),
  ];
}

function argumentLine(at: string, value: Value): string[] {
  if (value.type === 'any') return [];
  return [value.type === 'file' ? `${at} -F` : `${at} -a ${candidates(value)}`];
}

function optionText({ names, about, value }: OptionWords): string {
  const flags = names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`));
  const text = `${flags.join('')} -d ${quoted(about)}`;
  if (value === null) return text;
  if (value.type === 'any') return value.mayBeMissing ? text : `${text} -r`;
  return `${text} -r${value.type === 'file' ? ' -F' : ` -a ${candidates(value)}`}`;
}

function candidates(value: Value): string {
  switch (value.type) {
    case 'choices':
      return quoted(value.choices.join(' '));
    case 'names':
      return `'(__tailban_names ${value.names})'`;
    default:
      return "'(__fish_complete_directories)'";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
