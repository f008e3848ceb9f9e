# shellcheck shell=bash disable=SC2016,SC2034
# What the server scripts of this folder have in common; sourced by them, not run.
#
# A script sets a few variables, defines the functions missing, install_server, configure, serve
# and describe, and ends with: main "$@".  README.md has the interface and how it works.

set -euo pipefail
PATH+=:/usr/sbin:/sbin

SELF=$(readlink -f "$0")
NAME=${SELF##*/}
PREFIX=${SMTP_SERVERS_PREFIX:-/opt/smtp-servers}/$NAME   # where unpacked packages go

DOMAIN=example.test
HOST=mail.$DOMAIN
SIZE=${SMTP_MAX_SIZE:-1048576}                           # the largest message, in octets

# The people every server knows.  Their passwords differ in kind: plain, with spaces, not ASCII.
declare -A PASSWORDS=([alice]='wonderland-1' [bob]='can we fix it' [carol]='Käse=42')
STAFF=(alice bob carol)                                  # the list "staff": they have passwords
EVERYONE=("${STAFF[@]}" user{01..20})                    # the list "everyone": the rest have none

# What a script may override.
BACKPORT=          # the Debian release whose package is too old, so that its backport is taken
SERVICE_USERS=()   # system accounts that the server needs, beyond those of the machine

die() { echo "$NAME: $*" >&2; exit 1; }

need_root() {
    [ "$(id -u)" = 0 ] || exec sudo -n --preserve-env=SMTP_SERVERS_PREFIX "$SELF" "$@"
}

# ---------------------------------------------------------------------------- check and install

check() {   # can `start` work?  Cheap, and changes nothing.
    [ "$(id -u)" = 0 ] || die "needs root, to deliver mail and read it back: run the tests as root"
    local lacks; lacks=$(missing)
    [ -z "$lacks" ] || die "$lacks is not installed: run '$SELF install' as root"
    unshare --mount --pid --uts --fork mount -t overlay -o lowerdir=/etc:/usr overlay /etc 2>/dev/null ||
        die "needs namespaces and overlayfs, which an unprivileged container has not"
}

first_missing() {   # the first of these programs that is not there
    local program
    for program; do command -v "$program" >/dev/null || { echo "$program"; return; }; done
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" </dev/null >&2; }

# Packages that can be installed on the machine.
apt_install() {
    local there
    there=$(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed) || true
    [ "$there" -lt $# ] || return 0
    apt_get install -y --no-install-recommends "$@" ||
        { apt_get update; apt_get install -y --no-install-recommends "$@"; }
}

# Packages that cannot, since Debian lets only one mail server be installed at a time: they, and
# whatever they depend on and the machine lacks, are unpacked below $PREFIX.
apt_unpack() {
    [ ! -e "$PREFIX/.done" ] || return 0
    local work needed deb d archive
    rm -rf "$PREFIX"; mkdir -p "$PREFIX"; work=$(mktemp -d)
    apt-cache show "$@" >/dev/null 2>&1 || apt_get update
    mapfile -t needed < <(apt-get -s -y --no-install-recommends install "$@" | awk '/^Inst/ {print $2}')
    (cd "$work"; apt_get -o APT::Sandbox::User=root download "${needed[@]}" "$@")
    if [ -n "$BACKPORT" ] && grep -q "^VERSION_CODENAME=$BACKPORT$" /etc/os-release; then
        mkdir -p "$work"/apt/{lists,cache,parts}
        archive=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' | awk -v r="$BACKPORT" '$1 == r {print $2; exit}')
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $BACKPORT-backports main" \
            > "$work/apt/sources.list"      # the archive this machine already uses
        (cd "$work"
         apt=(-o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts="$work/apt/parts"
              -o Dir::State::lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root)
         apt_get "${apt[@]}" update
         for d in "$@"; do rm -f "${d}"_*.deb; apt_get "${apt[@]}" download "$d"; done)
    fi
    for deb in "$work"/*.deb; do dpkg -x "$deb" "$PREFIX"; done
    for d in bin sbin lib; do       # where /bin is a link to /usr/bin, and so on
        if [ -d "$PREFIX/$d" ]; then cp -a "$PREFIX/$d" "$PREFIX/usr/"; rm -r "${PREFIX:?}/$d"; fi
    done
    chmod 755 "$PREFIX"; mkdir -p "$PREFIX/etc"
    rm -r "$work"; touch "$PREFIX/.done"
}

# --------------------------------------------------------------------------------------- start

# A port that nobody has, below those that the kernel hands to clients: it stays free until the
# server takes it.
free_port() {
    local port
    while port=$((10000 + RANDOM % 22000)); [ "$port" = "$PORT" ] || (: <>"/dev/tcp/127.0.0.1/$port"); do
        :
    done 2>/dev/null
    echo "$port"
}

make_certificates() {   # tls/ca.pem, tls/server.pem, tls/server.key
    mkdir -p tls
    openssl req -x509 -newkey rsa:2048 -noenc -days 30 \
        -subj "/CN=Test CA of $NAME" -keyout tls/ca.key -out tls/ca.pem \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
    openssl req -newkey rsa:2048 -noenc -subj "/CN=$HOST" -keyout tls/server.key -out tls/server.csr
    openssl x509 -req -in tls/server.csr -CA tls/ca.pem -CAkey tls/ca.key -days 30 \
        -out tls/server.pem -extfile <(cat <<-END
			basicConstraints = critical, CA:FALSE
			keyUsage = critical, digitalSignature, keyEncipherment
			extendedKeyUsage = serverAuth
			subjectKeyIdentifier = hash
			authorityKeyIdentifier = keyid
			subjectAltName = DNS:localhost, DNS:$HOST, IP:127.0.0.1
		END
        )
    chmod 600 tls/ca.key tls/server.key
}

# The system files that the server is to see: no names are looked up in DNS, and the people exist.
make_etc() {
    local uid=5001 name
    mkdir -p etc home mail run var/{lib,log,mail,spool,tmp}; ln -s /run var/run
    chmod 1777 mail
    echo "127.0.0.1 $HOST mail localhost" > etc/hosts
    echo "nameserver 127.0.0.1" > etc/resolv.conf
    printf '%s: files\n' passwd group shadow hosts services aliases > etc/nsswitch.conf
    echo "$HOST" > etc/mailname
    cp /etc/passwd /etc/group etc/
    for name in "${EVERYONE[@]}" "${SERVICE_USERS[@]}"; do
        grep -q "^$name:" etc/passwd || echo "$name:x:$uid:$uid:${name^} Example:/srv/home/$name:/bin/sh" >> etc/passwd
        grep -q "^$name:" etc/group || echo "$name:x:$uid:" >> etc/group
        uid=$((uid + 1))
    done
    for name in "${EVERYONE[@]}"; do
        mkdir "home/$name"
        chown "$(awk -F: -v name="$name" '$1 == name {print $3 ":" $4}' etc/passwd)" "home/$name"
    done
}

# Runs as process 1 of the server's own namespaces, where DIR is /srv, where /etc, /usr, /var and
# /run are those of the server, and where the machine is called $HOST.  Nothing of it is visible outside.
enter() {
    local d layers
    mount --bind . /srv; cd /srv
    for d in etc usr; do
        layers=
        [ ! -d "/srv/$d" ] || layers+=/srv/$d:
        [ ! -d "$PREFIX/$d" ] || layers+=$PREFIX/$d:
        [ -z "$layers" ] || mount -t overlay -o "lowerdir=$layers/$d" overlay "/$d"
    done
    mount --bind /srv/run /run
    mount --bind /srv/var /var
    mount -t proc proc /proc
    hostname "$HOST"
}

greets() {   # does a server greet on this port?
    local line=
    { exec 3<>"/dev/tcp/127.0.0.1/$1" && read -r -t 5 line <&3 && printf 'QUIT\r\n' >&3 && exec 3>&-; } 2>/dev/null
    [[ $line == 220* ]]
}

# The words as members of JSON: quoted, with commas between; "%" in the first argument is the word.
json() {
    local form=$1 out="" word; shift
    for word; do out+="${out:+, }${form//%/"$word"}"; done
    printf %s "$out"
}

server_json() {   # one line
    local name users=()
    for name in "${STAFF[@]}"; do users+=("\"$name\": \"${PASSWORDS[$name]}\""); done
    echo "{\"server\": \"$NAME\", \"host\": \"127.0.0.1\", \"port\": $PORT, \"tls_port\": $TLS_PORT," \
         "\"hostname\": \"$HOST\", \"domain\": \"$DOMAIN\", \"ca_file\": \"$DIR/tls/ca.pem\"," \
         "\"users\": {$(json % "${users[@]}")}," \
         "\"mailboxes\": [$(json "\"%@$DOMAIN\"" "${EVERYONE[@]}")]," \
         "\"lists\": {\"staff\": [$(json "\"%@$DOMAIN\"" "${STAFF[@]}")]," \
         "\"everyone\": [$(json "\"%@$DOMAIN\"" "${EVERYONE[@]}")]}," \
         "\"mail_dir\": \"$DIR/mail\", \"log\": \"$DIR/server.log\", \"pid\": $(cat pid)," \
         "\"features\": $(describe | tr -s ' \n' ' ')}"
}

start() {
    PORT=$1; mkdir -p "$2"; DIR=$(cd "$2" && pwd); cd "$DIR"
    [ -z "$(ls -A .)" ] || die "$DIR is not empty"
    [ "$PORT" != 0 ] || PORT=$(free_port)
    TLS_PORT=$(free_port)
    ! greets "$PORT" || die "port $PORT is taken"
    chmod 755 .; umask 022
    trap 'grep -v "^[.+*-]" configure.log >&2; die "cannot be configured"' EXIT
    (make_certificates; make_etc; configure) > configure.log 2>&1
    trap - EXIT
    setsid unshare --mount --pid --uts --fork "$SELF" _serve < /dev/null > server.log 2>&1 &
    local launcher=$! deadline=$((SECONDS + 30))
    until [ -s pid ] && greets "$PORT"; do
        if ! kill -0 $launcher 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            cat server.log >&2; stop "$DIR" || true; die "did not start"
        fi
        sleep 0.05
    done
    server_json | tee server.json
}

_serve() {
    local pid _ server
    read -r pid _ < /proc/self/stat; echo "$pid" > pid    # as seen from outside the namespaces
    enter
    serve & server=$!
    trap 'kill -TERM $server' TERM INT
    wait $server || wait $server || true
}

stop() {
    local pid
    cd "$1" 2>/dev/null && [ -s pid ] || return 0
    pid=$(cat pid)
    if tr '\0' ' ' 2>/dev/null < "/proc/$pid/cmdline" | grep -qF "$SELF _serve"; then
        kill -TERM "$pid"
        for _ in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
        kill -KILL "$pid" 2>/dev/null || true    # and with it all that runs in its namespace
    fi
    rm -f pid
}

main() {
    case ${1-}/$# in
        check/1)   check ;;
        install/1) need_root "$@"; install_server ;;
        start/3)   need_root "$@"; start "$2" "$3" ;;
        stop/2)    need_root "$@"; stop "$2" ;;
        _serve/1)  _serve ;;
        *) echo "usage: $NAME check | install | start PORT DIR | stop DIR" >&2; exit 2 ;;
    esac
}
