# fish completion for tailban. Generated from the program's own commands: tailban completion fish

# Whether what stands before the cursor is this command, and not one in it.
function __tailban_at
    set -l path
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
        else if contains -- $word --socket --config --filters
            set skip yes
        else if not string match -q -- '-*' $word
            set -a path $word
            contains -- "$path" 'filter'
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
complete -c tailban -n '__tailban_at' -a run -d 'watch the logs and ban attackers, in the foreground'
complete -c tailban -n '__tailban_at' -a status -d 'show what the running tailban does, and what is wrong'
complete -c tailban -n '__tailban_at' -a doctor -d 'look this host over and say what to fix'
complete -c tailban -n '__tailban_at' -a reload -d 'read configuration and filters again; bans stay'
complete -c tailban -n '__tailban_at' -a flush -d 'let everybody in while tailban is stopped: empty the firewall and the files of locked logins'
complete -c tailban -n '__tailban_at' -a ban -d 'ban an address, a network or a login'
complete -c tailban -n '__tailban_at' -a unban -d 'lift a ban and forget the failures'
complete -c tailban -n '__tailban_at' -a allow -d 'never ban a network, or show what is never banned'
complete -c tailban -n '__tailban_at' -a disallow -d 'take back what "allow" did'
complete -c tailban -n '__tailban_at' -a distrust -d 'forget from where a login worked, such as after its password was stolen'
complete -c tailban -n '__tailban_at' -a list -d 'show who is banned, the newest first'
complete -c tailban -n '__tailban_at' -a import -d 'ban what a list holds, or take over what "tailban export --all" wrote'
complete -c tailban -n '__tailban_at' -a export -d 'write out what another host or program can use'
complete -c tailban -n '__tailban_at' -a completion -d 'print what a shell needs to complete commands and options'
complete -c tailban -n '__tailban_at' -a explain -d 'tell what is made of a log line, or why somebody is banned'
complete -c tailban -n '__tailban_at' -a check -d 'check the configuration and all filters'
complete -c tailban -n '__tailban_at' -a config -d 'print the configuration in force, defaults included'
complete -c tailban -n '__tailban_at' -a match -d 'show what the filters read out of a log'
complete -c tailban -n '__tailban_at' -a filter -d 'show and try out the filters, which tell what lines say'
complete -c tailban -n '__tailban_at' -a replay -d 'show whom the limits would have banned, going by old logs'
complete -c tailban -n '__tailban_at' -l version -d 'print the version'
complete -c tailban -n '__tailban_at' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at run' -l dry-run -d 'block nothing and keep nothing, only tell what would happen'
complete -c tailban -n '__tailban_at run' -l log-level -d 'what to log, instead of log.level' -r -a 'debug info warn error'
complete -c tailban -n '__tailban_at run' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at run' -l version -d 'print the version'
complete -c tailban -n '__tailban_at run' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at run' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at run' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at run' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at status' -l json -d 'as JSON'
complete -c tailban -n '__tailban_at status' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at status' -l version -d 'print the version'
complete -c tailban -n '__tailban_at status' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at status' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at status' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at status' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at doctor' -l json -d 'as JSON'
complete -c tailban -n '__tailban_at doctor' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at doctor' -l version -d 'print the version'
complete -c tailban -n '__tailban_at doctor' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at doctor' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at doctor' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at doctor' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at reload' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at reload' -l version -d 'print the version'
complete -c tailban -n '__tailban_at reload' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at reload' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at reload' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at reload' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at flush' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at flush' -l version -d 'print the version'
complete -c tailban -n '__tailban_at flush' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at flush' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at flush' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at flush' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at ban' -l login -d 'ban a login'
complete -c tailban -n '__tailban_at ban' -l for -d 'how long, such as 1h or 1d12h; the configured ban time where left out' -r
complete -c tailban -n '__tailban_at ban' -l permanent -d 'for good'
complete -c tailban -n '__tailban_at ban' -l reason -d 'why, for the list' -r
complete -c tailban -n '__tailban_at ban' -l force -d 'even if it is allowed, until the next start; or you are logged in from there'
complete -c tailban -n '__tailban_at ban' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at ban' -l version -d 'print the version'
complete -c tailban -n '__tailban_at ban' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at ban' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at ban' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at ban' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at unban' -a '(__tailban_names banned)'
complete -c tailban -n '__tailban_at unban' -l login -d 'unban a login' -r -a '(__tailban_names logins)'
complete -c tailban -n '__tailban_at unban' -l all -d 'lift every ban'
complete -c tailban -n '__tailban_at unban' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at unban' -l version -d 'print the version'
complete -c tailban -n '__tailban_at unban' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at unban' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at unban' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at unban' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at allow' -l note -d 'why, for the list' -r
complete -c tailban -n '__tailban_at allow' -l list -d 'show the list'
complete -c tailban -n '__tailban_at allow' -l json -d 'show the list as JSON'
complete -c tailban -n '__tailban_at allow' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at allow' -l version -d 'print the version'
complete -c tailban -n '__tailban_at allow' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at allow' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at allow' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at allow' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at disallow' -a '(__tailban_names allowed)'
complete -c tailban -n '__tailban_at disallow' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at disallow' -l version -d 'print the version'
complete -c tailban -n '__tailban_at disallow' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at disallow' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at disallow' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at disallow' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at distrust' -l login -d 'the login' -r
complete -c tailban -n '__tailban_at distrust' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at distrust' -l version -d 'print the version'
complete -c tailban -n '__tailban_at distrust' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at distrust' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at distrust' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at distrust' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at list' -l json -d 'as JSON, with the log lines that led to each ban'
complete -c tailban -n '__tailban_at list' -l format -d 'the form of the list' -r -a 'table json stalwart plain'
complete -c tailban -n '__tailban_at list' -l type -d 'only these' -r -a 'address network login'
complete -c tailban -n '__tailban_at list' -l limit -d 'only the newest so many' -r
complete -c tailban -n '__tailban_at list' -l wide -d 'cut nothing'
complete -c tailban -n '__tailban_at list' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at list' -l version -d 'print the version'
complete -c tailban -n '__tailban_at list' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at list' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at list' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at list' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at import' -F
complete -c tailban -n '__tailban_at import' -l format -d 'how the list is written' -r -a 'auto backup stalwart plain json'
complete -c tailban -n '__tailban_at import' -l for -d 'how long, where the list does not say; for good where left out' -r
complete -c tailban -n '__tailban_at import' -l force -d 'even what holds the address that you are logged in from'
complete -c tailban -n '__tailban_at import' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at import' -l version -d 'print the version'
complete -c tailban -n '__tailban_at import' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at import' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at import' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at import' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at export' -a 'nginx postfix dovecot haproxy'
complete -c tailban -n '__tailban_at export' -l all -d 'bans, allow-list, history and known networks of logins, for "tailban import" on another host'
complete -c tailban -n '__tailban_at export' -l blocked-ip -d 'addresses and networks that are banned, as keys of Stalwart\'s settings'
complete -c tailban -n '__tailban_at export' -l part -d 'what goes to another place: of nginx http, server, gate-http, gate-server or gate-location, of haproxy tables or frontend' -r
complete -c tailban -n '__tailban_at export' -l output -d 'write the settings to this file, which no other program may have written' -r -F
complete -c tailban -n '__tailban_at export' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at export' -l version -d 'print the version'
complete -c tailban -n '__tailban_at export' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at export' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at export' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at export' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at completion' -a 'bash zsh fish'
complete -c tailban -n '__tailban_at completion' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at completion' -l version -d 'print the version'
complete -c tailban -n '__tailban_at completion' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at completion' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at completion' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at completion' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at explain' -a '(__tailban_names banned)'
complete -c tailban -n '__tailban_at explain' -l login -d 'explain a login' -r -a '(__tailban_names logins)'
complete -c tailban -n '__tailban_at explain' -l source -d 'read the lines as this source of the configuration is read' -r
complete -c tailban -n '__tailban_at explain' -l last -d 'with --source: the last so many lines of its newest file' -r
complete -c tailban -n '__tailban_at explain' -l timezone -d 'the zone of stamps that carry none, such as Europe/Berlin' -r
complete -c tailban -n '__tailban_at explain' -l filter -d 'only this filter; may be given several times' -r -a '(__tailban_names filters)'
complete -c tailban -n '__tailban_at explain' -l json -d 'as JSON'
complete -c tailban -n '__tailban_at explain' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at explain' -l version -d 'print the version'
complete -c tailban -n '__tailban_at explain' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at explain' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at explain' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at explain' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at check' -F
complete -c tailban -n '__tailban_at check' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at check' -l version -d 'print the version'
complete -c tailban -n '__tailban_at check' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at check' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at check' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at check' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at config' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at config' -l version -d 'print the version'
complete -c tailban -n '__tailban_at config' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at config' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at config' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at config' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at match' -F
complete -c tailban -n '__tailban_at match' -l filter -d 'only this filter; may be given several times' -r -a '(__tailban_names filters)'
complete -c tailban -n '__tailban_at match' -l timezone -d 'the zone of stamps that carry none, such as Europe/Berlin' -r
complete -c tailban -n '__tailban_at match' -l json -d 'one JSON object an event, as is done anyway where the output is no terminal'
complete -c tailban -n '__tailban_at match' -l all -d 'also the lines that make no event'
complete -c tailban -n '__tailban_at match' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at match' -l version -d 'print the version'
complete -c tailban -n '__tailban_at match' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at match' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at match' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at match' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at filter' -a list -d 'show all filters'
complete -c tailban -n '__tailban_at filter' -a show -d 'show the patterns of a filter, each with one of its sample lines'
complete -c tailban -n '__tailban_at filter' -a test -d 'try the filters on their own sample lines, and on logs: what do they match, what do they miss?'
complete -c tailban -n '__tailban_at filter' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at filter' -l version -d 'print the version'
complete -c tailban -n '__tailban_at filter' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at filter' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at filter' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at filter' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at filter list' -l json -d 'as JSON'
complete -c tailban -n '__tailban_at filter list' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at filter list' -l version -d 'print the version'
complete -c tailban -n '__tailban_at filter list' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at filter list' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at filter list' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at filter list' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at filter show' -a '(__tailban_names filters)'
complete -c tailban -n '__tailban_at filter show' -l regex -d 'also the regular expressions that the patterns stand for'
complete -c tailban -n '__tailban_at filter show' -l samples -d 'all sample lines'
complete -c tailban -n '__tailban_at filter show' -l json -d 'as JSON, with everything'
complete -c tailban -n '__tailban_at filter show' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at filter show' -l version -d 'print the version'
complete -c tailban -n '__tailban_at filter show' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at filter show' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at filter show' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at filter show' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at filter test' -F
complete -c tailban -n '__tailban_at filter test' -l filter -d 'only this filter; may be given several times' -r -a '(__tailban_names filters)'
complete -c tailban -n '__tailban_at filter test' -l timezone -d 'the zone of stamps that carry none, such as Europe/Berlin' -r
complete -c tailban -n '__tailban_at filter test' -l limit -d 'show so many of the most frequent shapes of missed lines' -r
complete -c tailban -n '__tailban_at filter test' -l json -d 'as JSON, with an example of each shape'
complete -c tailban -n '__tailban_at filter test' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at filter test' -l version -d 'print the version'
complete -c tailban -n '__tailban_at filter test' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at filter test' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at filter test' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at filter test' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
complete -c tailban -n '__tailban_at replay' -F
complete -c tailban -n '__tailban_at replay' -l since -d 'leave out what is older, such as 2026-11-22 or 7d' -r
complete -c tailban -n '__tailban_at replay' -l until -d 'leave out what is newer' -r
complete -c tailban -n '__tailban_at replay' -l filter -d 'only this filter; may be given several times' -r -a '(__tailban_names filters)'
complete -c tailban -n '__tailban_at replay' -l timezone -d 'the zone of stamps that carry none, such as Europe/Berlin' -r
complete -c tailban -n '__tailban_at replay' -l compare -d 'tell what this configuration would change' -r -F
complete -c tailban -n '__tailban_at replay' -l limit -d 'so many rows of each list, instead of 50' -r
complete -c tailban -n '__tailban_at replay' -l verbose -d 'also the lines that led to each ban'
complete -c tailban -n '__tailban_at replay' -l json -d 'as JSON'
complete -c tailban -n '__tailban_at replay' -s h -l help -d 'show this help'
complete -c tailban -n '__tailban_at replay' -l version -d 'print the version'
complete -c tailban -n '__tailban_at replay' -l socket -d 'the socket of the daemon' -r -F
complete -c tailban -n '__tailban_at replay' -l config -d 'the configuration, instead of /etc/tailban/tailban.toml' -r -F
complete -c tailban -n '__tailban_at replay' -l filters -d 'your own filters, instead of /etc/tailban/filters' -r -a '(__fish_complete_directories)'
complete -c tailban -n '__tailban_at replay' -l no-color -d 'no colours; NO_COLOR in the environment does the same'
