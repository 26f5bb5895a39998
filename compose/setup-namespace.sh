#!/bin/sh
# Creates the namespace and its search attributes, as soon as the server answers. Safe to repeat.
# TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, NAMESPACE_RETENTION (720h) and SEARCH_ATTRIBUTES (NAME=TYPE …) say which.
set -eu

retry() {
    for _ in $(seq 60); do
        if "$@"; then return; fi
        sleep 1
    done
    echo "given up after 60 attempts: $*" >&2
    exit 1
}

create_namespace() {
    temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
        temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION"
}

retry temporal operator cluster health
retry create_namespace
for attribute in $SEARCH_ATTRIBUTES; do
    retry temporal operator search-attribute create --name "${attribute%=*}" --type "${attribute#*=}"
done
