# fish completion for mocap-web
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_mocap_web_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --bridge-socket --host --listen --log-level --origin --pages --socket --stream
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_mocap_web_at
    set -l words (__fish_mocap_web_words)
    if string match -qr '^[0-9]+$' -- "$argv[1]"
        test (count $words) -eq (math $argv[1] + (count $argv) - 1)
        or return 1
        set -e argv[1]
    end
    test (count $words) -ge (count $argv)
    or return 1
    for i in (seq (count $argv))
        test "$words[$i]" = "$argv[$i]"
        or return 1
    end
end

complete -c mocap-web -f

complete -c mocap-web -l listen -x -d 'where to serve the page'
complete -c mocap-web -l host -x -d 'a name by which browsers may address this machine, besides...'
complete -c mocap-web -l origin -x -d 'the beginning of the page'\''s address where a reverse proxy serves...'
complete -c mocap-web -l socket -r -F -d 'where mocapd listens'
complete -c mocap-web -l bridge-socket -r -F -d 'where mocap-bridge reports its state'
complete -c mocap-web -l stream -x -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)' -d 'show this stream'
complete -c mocap-web -l pages -x -a '(__fish_complete_directories)' -d 'serve the page in this directory'
complete -c mocap-web -l log-level -x -a 'error warning info debug' -d 'error, warning, info or debug'
complete -c mocap-web -s h -l help -d 'print this help and exit'
complete -c mocap-web -s V -l version -d 'print the version and exit'
