# bash completion for tailban. Generated from the program's own commands: tailban completion bash

_tailban() {
  local line=${COMP_LINE:0:COMP_POINT} current='' previous='' path='' expected='' options='' skip='' word reply start
  local -a words=()
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    current=${words[-1]}
    unset 'words[-1]'
  fi
  for word in "${words[@]:1}"; do
    if [[ $skip ]]; then
      skip=''
    elif [[ $word == -* ]]; then
      [[ ' --socket --config --filters ' == *" $word "* ]] && skip=yes
    else
      case "${path:+$path }$word" in
        'run' | 'status' | 'doctor' | 'reload' | 'flush' | 'ban' | 'unban' | 'allow' | 'disallow' | 'distrust' | 'list' | 'import' | 'export' | 'completion' | 'explain' | 'check' | 'config' | 'match' | 'filter' | 'filter list' | 'filter show' | 'filter test' | 'replay') path="${path:+$path }$word" ;;
      esac
    fi
  done
  [[ ${#words[@]} -gt 1 ]] && previous=${words[-1]}
  start=$current
  if [[ $current == --*=* ]]; then
    previous=${current%%=*}
    current=${current#*=}
  fi
  case $path in
    '') options='--version --socket --config --filters --no-color -h --help' expected='run status doctor reload flush ban unban allow disallow distrust list import export completion explain check config match filter replay' ;;
    'run') options='--dry-run --log-level -h --help --version --socket --config --filters --no-color' expected='' ;;
    'status') options='--json -h --help --version --socket --config --filters --no-color' expected='' ;;
    'doctor') options='--json -h --help --version --socket --config --filters --no-color' expected='' ;;
    'reload') options='-h --help --version --socket --config --filters --no-color' expected='' ;;
    'flush') options='-h --help --version --socket --config --filters --no-color' expected='' ;;
    'ban') options='--login --for --permanent --reason --force -h --help --version --socket --config --filters --no-color' expected='' ;;
    'unban') options='--login --all -h --help --version --socket --config --filters --no-color' expected='@banned' ;;
    'allow') options='--note --list --json -h --help --version --socket --config --filters --no-color' expected='' ;;
    'disallow') options='-h --help --version --socket --config --filters --no-color' expected='@allowed' ;;
    'distrust') options='--login -h --help --version --socket --config --filters --no-color' expected='' ;;
    'list') options='--json --format --type --limit --wide -h --help --version --socket --config --filters --no-color' expected='' ;;
    'import') options='--format --for --force -h --help --version --socket --config --filters --no-color' expected='files' ;;
    'export') options='--all --blocked-ip --part --output -h --help --version --socket --config --filters --no-color' expected='nginx postfix dovecot haproxy' ;;
    'completion') options='-h --help --version --socket --config --filters --no-color' expected='bash zsh fish' ;;
    'explain') options='--login --source --last --timezone --filter --json -h --help --version --socket --config --filters --no-color' expected='@banned' ;;
    'check') options='-h --help --version --socket --config --filters --no-color' expected='files' ;;
    'config') options='-h --help --version --socket --config --filters --no-color' expected='' ;;
    'match') options='--filter --timezone --json --all -h --help --version --socket --config --filters --no-color' expected='files' ;;
    'filter') options='-h --help --version --socket --config --filters --no-color' expected='list show test' ;;
    'filter list') options='--json -h --help --version --socket --config --filters --no-color' expected='' ;;
    'filter show') options='--regex --samples --json -h --help --version --socket --config --filters --no-color' expected='@filters' ;;
    'filter test') options='--filter --timezone --limit --json -h --help --version --socket --config --filters --no-color' expected='files' ;;
    'replay') options='--since --until --filter --timezone --compare --limit --verbose --json -h --help --version --socket --config --filters --no-color' expected='files' ;;
  esac
  case "$path $previous" in
    *' --socket') expected='files' options='' ;;
    *' --config') expected='files' options='' ;;
    *' --filters') expected='folders' options='' ;;
    'run'' --log-level') expected='debug info warn error' options='' ;;
    'ban'' --login') expected='' ;;
    'ban'' --for') expected='' options='' ;;
    'ban'' --reason') expected='' options='' ;;
    'unban'' --login') expected='@logins' ;;
    'allow'' --note') expected='' options='' ;;
    'distrust'' --login') expected='' options='' ;;
    'list'' --format') expected='table json stalwart plain' options='' ;;
    'list'' --type') expected='address network login' options='' ;;
    'list'' --limit') expected='' options='' ;;
    'import'' --format') expected='auto backup stalwart plain json' options='' ;;
    'import'' --for') expected='' options='' ;;
    'export'' --part') expected='' options='' ;;
    'export'' --output') expected='files' options='' ;;
    'explain'' --login') expected='@logins' ;;
    'explain'' --source') expected='' options='' ;;
    'explain'' --last') expected='' options='' ;;
    'explain'' --timezone') expected='' options='' ;;
    'explain'' --filter') expected='@filters' options='' ;;
    'match'' --filter') expected='@filters' options='' ;;
    'match'' --timezone') expected='' options='' ;;
    'filter test'' --filter') expected='@filters' options='' ;;
    'filter test'' --timezone') expected='' options='' ;;
    'filter test'' --limit') expected='' options='' ;;
    'replay'' --since') expected='' options='' ;;
    'replay'' --until') expected='' options='' ;;
    'replay'' --filter') expected='@filters' options='' ;;
    'replay'' --timezone') expected='' options='' ;;
    'replay'' --compare') expected='files' options='' ;;
    'replay'' --limit') expected='' options='' ;;
  esac
  COMPREPLY=()
  case $expected in
    files) mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null ;;
    folders) mapfile -t COMPREPLY < <(compgen -d -- "$current") && compopt -o filenames 2>/dev/null ;;
    @*)
      while read -r reply; do
        [[ $reply == "$current"* ]] && COMPREPLY+=("$reply")
      done < <(timeout 2 "${words[0]}" complete "${expected#@}" 2>/dev/null)
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$expected" -- "$current") ;;
  esac
  if [[ $start != --*=* && ( -z $expected || $current == -* ) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  fi
  # What stands before the last colon or equals sign is there already.
  [[ $current == *:* && $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
  return 0
}

complete -F _tailban tailban
