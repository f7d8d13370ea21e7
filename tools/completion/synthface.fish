# fish completion for synthface
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_synthface_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --fps --frames --landmarks --output --seed --size -o
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_synthface_at
    set -l words (__fish_synthface_words)
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

complete -c synthface -f

complete -c synthface -s o -l output -r -F -d 'the file to write'
complete -c synthface -l landmarks -r -F -d 'write a line of JSON for each frame'
complete -c synthface -l frames -x -d 'frames to render'
complete -c synthface -l size -x -d 'size of a frame'
complete -c synthface -l fps -x -d 'frames per second'
complete -c synthface -l seed -x -d 'selects the person and the room'
complete -c synthface -l still -d 'look straight ahead, without motion'
complete -c synthface -s h -l help -d 'print this help and exit'
complete -c synthface -s V -l version -d 'print the version and exit'
