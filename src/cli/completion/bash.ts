/**
 * Completion for bash(1). Readline takes words apart at colons and equals signs, which stand in IPv6 addresses and in
 * `--option=value`: so the line is read anew, and what readline would repeat is cut off the answers. Names that come from
 * outside are never given to `compgen -W`, which would run what is in them.
 */
import { allCommands, type CommandWords, type OptionWords, type Value } from './words.ts';

export function bashCompletion(root: CommandWords): string {
  const commands = allCommands(root);
  const global = new Set(root.options.flatMap(({ names }) => names));
  const values = [
    ...root.options.flatMap((option) => valueCases('*', option)),
    ...commands.flatMap(({ path, options }) =>
      options
        .filter(({ names }) => !names.some((name) => global.has(name)))
        .flatMap((option) => valueCases(`'${path.join(' ')}'`, option)),
    ),
  ];
  return `# bash completion for tailban. Generated from the program's own commands: tailban completion bash

_tailban() {
  local line=\${COMP_LINE:0:COMP_POINT} current='' previous='' path='' expected='' options='' skip='' word reply start
  local -a words=()
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    current=\${words[-1]}
    unset 'words[-1]'
  fi
  for word in "\${words[@]:1}"; do
    if [[ $skip ]]; then
      skip=''
    elif [[ $word == -* ]]; then
      [[ ' ${root.options.flatMap(takesValue).join(' ')} ' == *" $word "* ]] && skip=yes
    else
      case "\${path:+$path }$word" in
        ${commands.flatMap(({ path }) => (path.length === 0 ? [] : [`'${path.join(' ')}'`])).join(' | ')}) path="\${path:+$path }$word" ;;
      esac
    fi
  done
  [[ \${#words[@]} -gt 1 ]] && previous=\${words[-1]}
  start=$current
  if [[ $current == --*=* ]]; then
    previous=\${current%%=*}
    current=\${current#*=}
  fi
  case $path in
${commands.map(commandCase).join('\n')}
  esac
  case "$path $previous" in
${values.join('\n')}
  esac
  COMPREPLY=()
  case $expected in
    files) mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null ;;
    folders) mapfile -t COMPREPLY < <(compgen -d -- "$current") && compopt -o filenames 2>/dev/null ;;
    @*)
      while read -r reply; do
        [[ $reply == "$current"* ]] && COMPREPLY+=("$reply")
      done < <(timeout 2 "\${words[0]}" complete "\${expected#@}" 2>/dev/null)
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$expected" -- "$current") ;;
  esac
  if [[ $start != --*=* && ( -z $expected || $current == -* ) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  fi
  # What stands before the last colon or equals sign is there already.
  [[ $current == *:* && $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
  return 0
}

complete -F _tailban tailban
`;
}

/** The options and the words that may follow a command where no option waits for its value. */
function commandCase({ path, options, commands, arguments: [argument] }: CommandWords): string {
  const names = options.flatMap((option) => option.names).join(' ');
  const next =
    commands.length > 0 ? commands.map((command) => command.path.at(-1)).join(' ') : expectation(argument?.value);
  return `    '${path.join(' ')}') options='${names}' expected='${next}' ;;`;
}

/** @param at a pattern for the command. */
function valueCases(at: string, { names, value }: OptionWords): string[] {
  if (value === null) return [];
  const patterns = names.map((name) => `${at}' ${name}'`).join(' | ');
  return [`    ${patterns}) expected='${expectation(value)}'${value.mayBeMissing ? '' : " options=''"} ;;`];
}

function expectation(value: Value | undefined): string {
  switch (value?.type) {
    case 'choices':
      return value.choices.join(' ');
    case 'names':
      return `@${value.names}`;
    case 'file':
      return 'files';
    case 'folder':
      return 'folders';
    default:
      return '';
  }
}

function takesValue({ names, value }: OptionWords): readonly string[] {
  return value === null ? [] : names;
}
