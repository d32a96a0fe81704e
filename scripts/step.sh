#!/bin/sh
# step.sh TEXT COMMAND...: tells a step in one line, on a terminal with the seconds it has taken so far. What the command
# prints is shown only if it fails.
text=$1
shift
said=$(mktemp) || exit 1
"$@" >"$said" 2>&1 &
step=$!
trap 'kill $step 2>/dev/null; rm -f "$said"; exit 130' INT TERM
seconds=0
if [ -t 1 ]; then
    while kill -0 $step 2>/dev/null; do
        printf '\r%s ... %s s' "$text" $seconds
        sleep 1
        seconds=$((seconds + 1))
    done
    printf '\r'
fi
wait $step
code=$?
if [ $code -eq 0 ]; then
    printf '%s ... done\n' "$text"
else
    printf '%s ... failed\n' "$text"
    cat "$said" >&2
fi
rm -f "$said"
exit $code
