/* Connections, time and figures of the load programs: see wire.h. */
#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256           /* a turn of the loop */
#define CHUNK (256 * 1024)   /* bytes a read */

static int poller, listener = -1, accepted;
static bool running;
static unsigned char chunk[CHUNK];
static char line[65536];
static size_t line_used;
static char stdin_mark, listener_mark; /* their addresses tell these two from connections */

void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

double now_ms(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void append(struct buffer *buffer, const void *bytes, size_t size) {
    if (buffer->used + size > buffer->room) {
        buffer->room = (buffer->used + size) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->room);
        if (!buffer->bytes) die("memory");
    }
    memcpy(buffer->bytes + buffer->used, bytes, size);
    buffer->used += size;
}

static void drop(struct buffer *buffer, size_t size) {
    buffer->used -= size;
    if (buffer->used) {
        memmove(buffer->bytes, buffer->bytes + size, buffer->used);
        return;
    }
    free(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}

static void watch(int operation, int fd, void *what, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    if (epoll_ctl(poller, operation, fd, &event) < 0) die("epoll_ctl");
}

void wire_start(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    poller = epoll_create1(EPOLL_CLOEXEC);
    fcntl(0, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &stdin_mark};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event) < 0) die("standard input must be a pipe");
}

static struct conn *new_conn(int fd, int index) {
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn) die("memory");
    conn->fd = fd;
    conn->index = index;
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return conn;
}

struct conn *wire_dial(const char *host, int port, int index) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (!inet_aton(host, &to.sin_addr)) die("host is no IPv4 address");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("connect");
    struct conn *conn = new_conn(fd, index);
    conn->connecting = true;
    watch(EPOLL_CTL_ADD, fd, conn, EPOLLIN | EPOLLOUT);
    return conn;
}

int wire_listen(int port) {
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, size) < 0 || listen(listener, 4096) < 0) die("listen");
    getsockname(listener, (struct sockaddr *)&at, &size);
    watch(EPOLL_CTL_ADD, listener, &listener_mark, EPOLLIN);
    return ntohs(at.sin_port);
}

void wire_close(struct conn *conn) {
    if (conn->closed) return;
    conn->closed = true;
    close(conn->fd);
    drop(&conn->in, conn->in.used);
    drop(&conn->out, conn->out.used);
    on_closed(conn);
}

static void flush(struct conn *conn) {
    while (conn->out.used) {
        ssize_t sent = send(conn->fd, conn->out.bytes, conn->out.used, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN) break;
            wire_close(conn);
            return;
        }
        drop(&conn->out, sent);
    }
    bool wants = conn->out.used > 0;
    if (wants != conn->wants_write) {
        conn->wants_write = wants;
        watch(EPOLL_CTL_MOD, conn->fd, conn, wants ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

void wire_write(struct conn *conn, const void *bytes, size_t size) {
    if (conn->closed) return;
    ssize_t sent = 0;
    if (!conn->out.used) {
        sent = send(conn->fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            wire_close(conn);
            return;
        }
        if (sent < 0) sent = 0;
    }
    if ((size_t)sent == size) return;
    append(&conn->out, (const char *)bytes + sent, size - sent);
    flush(conn);
}

static void opened(struct conn *conn) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    conn->connecting = false;
    if (error) {
        errno = error;
        wire_close(conn);
        return;
    }
    watch(EPOLL_CTL_MOD, conn->fd, conn, EPOLLIN);
    on_open(conn);
}

static void readable(struct conn *conn) {
    ssize_t size = recv(conn->fd, chunk, CHUNK, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        wire_close(conn);
        return;
    }
    if (!conn->in.used) { /* the common case: whole messages, nothing to copy */
        size_t done = on_data(conn, chunk, size);
        if (!conn->closed && done < (size_t)size) append(&conn->in, chunk + done, size - done);
        return;
    }
    append(&conn->in, chunk, size);
    size_t done = on_data(conn, conn->in.bytes, conn->in.used);
    if (!conn->closed && done) drop(&conn->in, done);
}

static void accept_all(void) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *conn = new_conn(fd, accepted++);
        watch(EPOLL_CTL_ADD, fd, conn, EPOLLIN);
        on_open(conn);
    }
}

static void read_commands(void) {
    ssize_t size = read(0, line + line_used, sizeof line - 1 - line_used);
    if (size < 0) return;
    if (size == 0) {
        running = false;
        return;
    }
    line_used += size;
    line[line_used] = 0;
    char *start = line, *end;
    while ((end = strchr(start, '\n'))) {
        *end = 0;
        on_line(start);
        start = end + 1;
    }
    line_used -= start - line;
    memmove(line, start, line_used);
}

void wire_run(void) {
    struct epoll_event events[EVENTS];
    running = true;
    while (running) {
        int ready = epoll_wait(poller, events, EVENTS, on_turn());
        for (int i = 0; i < ready && running; i++) {
            struct conn *conn = events[i].data.ptr;
            if ((void *)conn == &stdin_mark) read_commands();
            else if ((void *)conn == &listener_mark) accept_all();
            else if (conn->connecting) opened(conn);
            else {
                if (!conn->closed && events[i].events & EPOLLOUT) flush(conn);
                if (!conn->closed && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(conn);
            }
        }
    }
}

void wire_stop(void) { running = false; }

void add_sample(struct samples *samples, double value) {
    if (samples->count == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 1024;
        samples->values = realloc(samples->values, samples->room * sizeof(double));
        if (!samples->values) die("memory");
    }
    samples->values[samples->count++] = value;
}

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

double percentile(struct samples *samples, double part) {
    if (!samples->count) return 0;
    qsort(samples->values, samples->count, sizeof(double), by_size);
    size_t at = part * (samples->count - 1) + 0.5;
    return samples->values[at];
}

const char *option(int argc, char **argv, const char *name, const char *fallback) {
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return fallback;
}

bool flag(int argc, char **argv, const char *name) {
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name)) return true;
    return false;
}
