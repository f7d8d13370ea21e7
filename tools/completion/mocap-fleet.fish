# fish completion for mocap-fleet
# Made from the program's table of options: tests/manual/manual.py --write

# Prints the words before the cursor that are neither options nor their values.
function __fish_mocap_fleet_words
    set -l is_value no
    for word in (commandline -opc)[2..-1]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --ca --capacity --cert --credentials --discovery --key --label --log-level --login --machine --metrics --mqtt --mqtt-login --nats --replicas --site --socket --stream --worker
                set is_value yes
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# Whether these commands were entered. With a number first: and then as many arguments.
function __fish_mocap_fleet_at
    set -l words (__fish_mocap_fleet_words)
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

complete -c mocap-fleet -f

complete -c mocap-fleet -n '__fish_mocap_fleet_at 0' -a publish -d 'send what the local mocapd publishes to NATS, to MQTT, or to both'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0' -a serve -d 'offer the fleet'\''s streams on a socket of this machine, as mocapd...'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0' -a work -d 'watch as many of the fleet'\''s streams as this machine can carry'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0' -a streams -d 'add, remove, list and move the fleet'\''s streams'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0' -a status -d 'show the fleet'
complete -c mocap-fleet -l nats -x -d 'the broker, such as nats://broker:4222 or tls://broker:4222'
complete -c mocap-fleet -l site -x -d 'the site whose streams these are'
complete -c mocap-fleet -l login -r -F -d 'read USER:PASSWORD or a token for NATS from this file'\''s first line'
complete -c mocap-fleet -l credentials -r -F -d 'a credentials file of NATS, with a JWT and its seed'
complete -c mocap-fleet -l ca -r -F -d 'the certificates that sign the broker'\''s, for TLS'
complete -c mocap-fleet -l cert -r -F -d 'this client'\''s certificate, for TLS'
complete -c mocap-fleet -l key -r -F -d 'its private key'
complete -c mocap-fleet -l log-level -x -a 'error warning info debug' -d 'error, warning, info or debug'
complete -c mocap-fleet -s h -l help -d 'print this help and exit'
complete -c mocap-fleet -s V -l version -d 'print the version and exit'

complete -c mocap-fleet -n '__fish_mocap_fleet_at publish' -l mqtt -x -d 'publish on this MQTT broker, too, or instead'
complete -c mocap-fleet -n '__fish_mocap_fleet_at publish' -l mqtt-login -r -F -d 'read USER:PASSWORD for MQTT from this file'\''s first line'
complete -c mocap-fleet -n '__fish_mocap_fleet_at publish' -l discovery -x -d 'Home Assistant'\''s topic for discovery, or off'
complete -c mocap-fleet -n '__fish_mocap_fleet_at publish' -l always -d 'publish records whether or not somebody wants them'
complete -c mocap-fleet -n '__fish_mocap_fleet_at publish' -l machine -x -d 'this machine'\''s name, as publisher in reports'
complete -c mocap-fleet -n '__fish_mocap_fleet_at publish' -l socket -r -F -d 'where mocapd listens'

complete -c mocap-fleet -n '__fish_mocap_fleet_at serve' -l socket -r -F -d 'where to listen'
complete -c mocap-fleet -n '__fish_mocap_fleet_at serve' -l stream -x -d 'serve the streams whose names match, such as '\''hall-*'\'''

complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l capacity -x -d 'watch up to N streams'
complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l label -x -d 'what is here, such as room=3'
complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l machine -x -d 'this machine'\''s name, as worker of the fleet and publisher in...'
complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l socket -r -F -d 'where mocapd listens'
complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l always -d 'publish records whether or not somebody wants them'
complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l replicas -x -d 'of a bucket of leases that must be made first'
complete -c mocap-fleet -n '__fish_mocap_fleet_at work' -l metrics -r -F -d 'keep a file of metrics for Prometheus, such as its node exporter reads'

complete -c mocap-fleet -n '__fish_mocap_fleet_at 0 streams' -a add -d 'add a stream, or change the one of that name'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0 streams' -a remove -d 'remove streams'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0 streams' -a list -d 'list the streams'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0 streams' -a move -d 'move a stream to a machine'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0 streams' -a import -d 'add the streams of a configuration file of mocapd'

complete -c mocap-fleet -n '__fish_mocap_fleet_at streams add' -l label -x -d 'where the stream is best watched, such as room=3'
complete -c mocap-fleet -n '__fish_mocap_fleet_at streams add' -l worker -x -d 'the machine that should watch it while it is there'
complete -c mocap-fleet -n '__fish_mocap_fleet_at streams add' -l replicas -x -d 'of a bucket of leases that must be made first'


complete -c mocap-fleet -n '__fish_mocap_fleet_at streams list' -l json -d 'as JSON'


complete -c mocap-fleet -n '__fish_mocap_fleet_at streams import' -l label -x -d 'where the stream is best watched, such as room=3'
complete -c mocap-fleet -n '__fish_mocap_fleet_at 0 streams import' -F

complete -c mocap-fleet -n '__fish_mocap_fleet_at status' -l json -d 'as JSON'
