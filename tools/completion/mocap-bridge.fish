# fish completion for mocap-bridge
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_mocap_bridge_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --bones --config --face --gain --ifacialmocap --live-link --log-level --lost --neutral --neutral-head --opentrack --osc --osf --prefix --rate --shapes --skeleton --socket --status-socket --stream --subject --vmc --vrchat --vtube-studio
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_mocap_bridge_at
    set -l words (__fish_mocap_bridge_words)
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

complete -c mocap-bridge -f

complete -c mocap-bridge -n '__fish_mocap_bridge_at 0' -a status -d 'print the status of each target of the running bridge'
complete -c mocap-bridge -l vmc -x -a '(__fish_print_hostnames)' -d 'send the VMC protocol'
complete -c mocap-bridge -l osf -x -a '(__fish_print_hostnames)' -d 'send OpenSeeFace'\''s packets'
complete -c mocap-bridge -l vrchat -x -a '(__fish_print_hostnames)' -d 'send VRChat'\''s face tracking over OSC'
complete -c mocap-bridge -l ifacialmocap -x -a '(__fish_print_hostnames)' -d 'send iFacialMocap'\''s datagrams'
complete -c mocap-bridge -l live-link -x -a '(__fish_print_hostnames)' -d 'send Live Link Face'\''s datagrams, for Unreal Engine'
complete -c mocap-bridge -l vtube-studio -x -a '(__fish_print_hostnames)' -d 'connect to VTube Studio as a plugin'
complete -c mocap-bridge -l opentrack -x -a '(__fish_print_hostnames)' -d 'send the head to opentrack'
complete -c mocap-bridge -l osc -x -a '(__fish_print_hostnames)' -d 'send plain OSC'
complete -c mocap-bridge -l config -r -F -d 'read targets from this file'
complete -c mocap-bridge -l check-config -d 'check the configuration file, print what it contains, and exit'
complete -c mocap-bridge -l stream -x -a '(mocapctl status --json 2>/dev/null | grep -o '\''"stream":"[^"]*"'\'' | cut -d '\''"'\'' -f 4)' -d 'the stream to send'
complete -c mocap-bridge -l face -x -a 'any' -d 'which face'
complete -c mocap-bridge -l mirror -d 'move like a mirror image'
complete -c mocap-bridge -l rate -x -d 'send at most this many records a second'
complete -c mocap-bridge -l lost -x -a 'hold neutral' -d 'while no face is tracked, hold the last pose, or look ahead with a...'
complete -c mocap-bridge -l gain -x -d 'multiply these shapes, from 0 to 10'
complete -c mocap-bridge -l neutral -x -d 'subtract these shapes'\'' values in a face at rest, 0 to 1, before...'
complete -c mocap-bridge -l neutral-head -x -d 'pitch, yaw and roll of the head to treat as looking ahead, in degrees'
complete -c mocap-bridge -l shapes -x -a 'both vrm arkit' -d 'VMC'
complete -c mocap-bridge -l bones -x -a 'head body' -d 'VMC'
complete -c mocap-bridge -l skeleton -r -F -d 'VMC'
complete -c mocap-bridge -l prefix -x -d 'VRChat'
complete -c mocap-bridge -l subject -x -d 'Live Link'
complete -c mocap-bridge -l socket -r -F -d 'where mocapd listens'
complete -c mocap-bridge -l status-socket -r -F -d 'where the status command asks'
complete -c mocap-bridge -l log-level -x -a 'error warning info debug' -d 'error, warning, info or debug'
complete -c mocap-bridge -s h -l help -d 'print this help and exit'
complete -c mocap-bridge -s V -l version -d 'print the version and exit'

complete -c mocap-bridge -n '__fish_mocap_bridge_at status' -l json -d 'print the line of JSON that the bridge sends'
