/* N members on WebSockets: they say hello, acknowledge every item, write replies, and measure.
 *
 *   stream --port P --tokens FILE --members N [--first I] [--host H] [--path /v1/me/stream] [--texts FILE] [--quiet] [--probe]
 *
 * FILE has a token a line; --first skips some. --quiet acknowledges nothing. --probe sends pings all the time after the first
 * mark (one under way, a millisecond apart) and measures them. --texts: a JSON string a line.
 *
 * Commands on standard input, answers as a JSON line each:
 *   (none)            {"event":"ready",...} when every member has its welcome, {"event":"failed",...} when one cannot have it
 *   mark NAME [K]     from here on K posts (default 1) are awaited; {"event":"done",...} when all members have all of them
 *   send R M          M replies from R members at once; {"event":"replies",...} when every one is answered
 *   stats             {"event":"stats",...} with what has come so far, and the pings since the last mark
 *   quit
 */
#define _GNU_SOURCE
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAVE 256      /* connections on their way to a welcome at once */
#define POSTS 4096    /* posts awaited by one mark at most */
#define PING_PAUSE 1  /* ms from a pong to the next ping */

enum stage { DIALLED, ASKED, GREETED, WELCOME };

static const unsigned char KEY[4] = {0x37, 0xfa, 0x21, 0x3d}; /* servers do not look at how random a mask is */

static const char *host, *path;
static int port, members, dialled, welcome, lost;
static bool acknowledges, probes;
static char **tokens, **texts;
static int token_count, text_count;
static struct conn **conns;
static double started, first_mark;

static char mark[128], last_post[64];
static int awaited;
static double marked_at, marked_cpu, last_at[POSTS];
static long got[POSTS], items, repeated, gaps;
static struct samples arrivals, pings;

static int sends, run;
static double *sent_at, replies_cpu, next_ping;
static long accepted, refused;
static struct samples answers;
static char first_refusal[512];

static char **read_lines(const char *name, int *count) {
    FILE *file = fopen(name, "r");
    if (!file) die(name);
    char **lines = NULL, *line = NULL;
    size_t room = 0;
    ssize_t size;
    *count = 0;
    while ((size = getline(&line, &room, file)) > 0) {
        if (line[size - 1] == '\n') line[--size] = 0;
        if (!size) continue;
        if (!(*count & (*count + 1))) lines = realloc(lines, sizeof(char *) * 2 * (*count + 1));
        if (!lines) die("memory");
        lines[(*count)++] = strdup(line);
    }
    free(line);
    fclose(file);
    return lines;
}

/* Appends a masked frame to `to`, which has room for it; returns its size. */
static size_t masked(unsigned char *to, unsigned char first, const char *payload, size_t size) {
    size_t at = 0;
    to[at++] = first;
    if (size < 126) to[at++] = 0x80 | size;
    else {
        to[at++] = 0x80 | 126;
        to[at++] = size >> 8;
        to[at++] = size & 255;
    }
    memcpy(to + at, KEY, 4);
    at += 4;
    for (size_t i = 0; i < size; i++) to[at + i] = payload[i] ^ KEY[i & 3];
    return at + size;
}

static void say(struct conn *conn, const char *json, size_t size) {
    unsigned char frame[66000];
    wire_write(conn, frame, masked(frame, 0x81, json, size));
}

/* The value behind "name": in the server's JSON (quotes inside strings are escaped, so the first match is the field). */
static const char *field(const char *json, size_t size, const char *name) {
    const char *at = memmem(json, size, name, strlen(name));
    if (!at) return NULL;
    at += strlen(name);
    while (at < json + size && *at == ' ') at++;
    return at < json + size ? at : NULL;
}

static bool is(const char *value, const char *end, const char *expected) {
    size_t size = strlen(expected);
    return value && (size_t)(end - value) >= size && !memcmp(value, expected, size);
}

static void dial_more(void) {
    while (dialled < members && dialled - welcome - lost < WAVE) {
        conns[dialled] = wire_dial(host, port, dialled);
        dialled++;
    }
}

void on_open(struct conn *conn) {
    char request[512];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                        path, host, port);
    conn->stage = ASKED;
    wire_write(conn, request, size);
}

void on_closed(struct conn *conn) {
    lost++;
    if (conn->stage != WELCOME && lost == 1)
        printf("{\"event\":\"failed\",\"member\":%d,\"stage\":%d}\n", conn->index, conn->stage);
    dial_more();
}

static size_t read_answer(struct conn *conn, unsigned char *bytes, size_t size) {
    unsigned char *end = memmem(bytes, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (!memmem(bytes, 16, " 101 ", 5)) {
        fprintf(stderr, "handshake refused: %.*s\n", (int)(size < 200 ? size : 200), bytes);
        wire_close(conn);
        return size;
    }
    char hello[1024];
    int length = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"token\":\"%s\",\"after\":0}", tokens[conn->index]);
    conn->stage = GREETED;
    say(conn, hello, length);
    return end + 4 - bytes;
}

static void welcomed(struct conn *conn) {
    conn->stage = WELCOME;
    if (++welcome == members)
        printf("{\"event\":\"ready\",\"members\":%d,\"lost\":%d,\"ms\":%.1f,\"cpu_s\":%.3f}\n", members, lost,
               now_ms() - started, cpu_s());
    dial_more();
}

static void done(void) {
    printf("{\"event\":\"done\",\"mark\":\"%s\",\"members\":%d,\"posts\":%d,\"ms\":%.2f,\"p50_ms\":%.2f,\"first_ms\":%.2f,", mark,
           members, awaited, last_at[awaited - 1] - marked_at, percentile(&arrivals, 0.5), percentile(&arrivals, 0));
    printf("\"cpu_s\":%.4f,\"repeated\":%ld,\"gaps\":%ld,\"lost\":%d,\"last_ms\":[", cpu_s() - marked_cpu, repeated, gaps, lost);
    for (int i = 0; i < awaited; i++) printf("%s%.2f", i ? "," : "", last_at[i] - marked_at);
    printf("]}\n");
}

static void count_post(struct conn *conn, const char *json, size_t size) {
    const char *id = field(json, size, "\"id\":"), *stop;
    if (conn->posts++ == 0 && id && *id == '"' && (stop = memchr(id + 1, '"', json + size - id - 1)))
        snprintf(last_post, sizeof last_post, "%.*s", (int)(stop - id - 1), id + 1);
    long at = conn->posts - 1;
    if (at >= awaited) return;
    double now = now_ms();
    add_sample(&arrivals, now - marked_at);
    last_at[at] = now;
    if (++got[at] == members && at == awaited - 1) done();
}

/* Handles an item; appends its acknowledgement to `acks`. */
static size_t read_item(struct conn *conn, const char *json, size_t size, unsigned char *acks) {
    const char *seq = field(json, size, "\"seq\":");
    long number = seq ? strtol(seq, NULL, 10) : 0;
    items++;
    if (number <= conn->seq) repeated++;
    else {
        if (number != conn->seq + 1 && conn->seq) gaps++;
        conn->seq = number;
        if (is(field(json, size, "\"kind\":"), json + size, "\"post\"")) count_post(conn, json, size);
    }
    if (!acknowledges) return 0;
    char ack[64];
    return masked(acks, 0x81, ack, snprintf(ack, sizeof ack, "{\"type\":\"ack\",\"seq\":%ld}", number));
}

static void answered(void) {
    if (accepted + refused < sends) return;
    double last = percentile(&answers, 1);
    printf("{\"event\":\"replies\",\"sent\":%d,\"accepted\":%ld,\"refused\":%ld,\"ms\":%.2f,\"per_s\":%.0f,", sends, accepted,
           refused, last, last > 0 ? sends / last * 1000 : 0);
    printf("\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"cpu_s\":%.4f,\"first_refusal\":%s}\n", percentile(&answers, 0.5),
           percentile(&answers, 0.99), cpu_s() - replies_cpu, *first_refusal ? first_refusal : "null");
}

static void read_reply(const char *json, size_t size, bool taken) {
    const char *id = field(json, size, "\"client_id\":");
    int its_run, number;
    if (!id || sscanf(id, "\"load-%*d-%d-%d\"", &its_run, &number) != 2 || its_run != run || number >= sends) return;
    if (!sent_at[number]) return; /* a second answer */
    add_sample(&answers, now_ms() - sent_at[number]);
    sent_at[number] = 0;
    if (taken) accepted++;
    else if (!refused++) snprintf(first_refusal, sizeof first_refusal, "%.*s", (int)size, json);
    answered();
}

static size_t read_text(struct conn *conn, const char *json, size_t size, unsigned char *acks) {
    const char *type = field(json, size, "\"type\":"), *end = json + size;
    if (is(type, end, "\"item\"")) return read_item(conn, json, size, acks);
    if (is(type, end, "\"welcome\"")) welcomed(conn);
    else if (is(type, end, "\"accepted\"")) read_reply(json, size, true);
    else if (is(type, end, "\"refused\"")) read_reply(json, size, false);
    else if (is(type, end, "\"bye\"")) fprintf(stderr, "member %d: %.*s\n", conn->index, (int)size, json);
    return 0;
}

size_t on_data(struct conn *conn, unsigned char *bytes, size_t size) {
    static unsigned char acks[65536]; /* the acknowledgements of one read leave in one write */
    size_t at = 0, room = 0;
    if (conn->stage == ASKED && !(at = read_answer(conn, bytes, size))) return 0;
    while (!conn->closed && size - at >= 2) {
        size_t head = 2, length = bytes[at + 1] & 127;
        if (length == 126) {
            if (size - at < 4) break;
            head = 4, length = bytes[at + 2] << 8 | bytes[at + 3];
        } else if (length == 127) {
            if (size - at < 10) break;
            head = 10, length = (size_t)bytes[at + 6] << 24 | bytes[at + 7] << 16 | bytes[at + 8] << 8 | bytes[at + 9];
        }
        if (size - at < head + length) break;
        char *payload = (char *)bytes + at + head;
        int opcode = bytes[at] & 15;
        if (opcode == 1) room += read_text(conn, payload, length, acks + room);
        else if (opcode == 8) wire_close(conn);
        else if (opcode == 9) room += masked(acks + room, 0x8a, payload, length);
        else if (opcode == 10 && conn->sent_at) {
            add_sample(&pings, now_ms() - conn->sent_at);
            conn->sent_at = 0;
            next_ping = now_ms() + PING_PAUSE;
        }
        at += head + length;
        if (room > sizeof acks - 256) {
            wire_write(conn, acks, room);
            room = 0;
        }
    }
    if (room) wire_write(conn, acks, room);
    return at;
}

int on_turn(void) {
    if (!probes || !first_mark || conns[0]->closed) return -1;
    if (conns[0]->sent_at) return -1;
    double wait = next_ping - now_ms();
    if (wait > 0) return wait < 1 ? 1 : (int)wait;
    unsigned char frame[16];
    conns[0]->sent_at = now_ms();
    wire_write(conns[0], frame, masked(frame, 0x89, "p", 1));
    return -1;
}

static void start_mark(const char *name, int count) {
    snprintf(mark, sizeof mark, "%s", name);
    awaited = count < 1 ? 1 : count > POSTS ? POSTS : count;
    memset(got, 0, sizeof got);
    arrivals.count = pings.count = 0;
    for (int i = 0; i < dialled; i++) conns[i]->posts = 0;
    marked_cpu = cpu_s();
    marked_at = now_ms();
    first_mark = marked_at;
    printf("{\"event\":\"marked\",\"mark\":\"%s\"}\n", mark);
}

static void send_replies(int writers, int count) {
    char json[65000], about[128] = "";
    if (!text_count || writers < 1 || writers > members) {
        printf("{\"event\":\"replies\",\"sent\":0,\"error\":\"no texts, or more writers than members\"}\n");
        return;
    }
    if (*last_post) snprintf(about, sizeof about, ",\"in_reply_to\":\"%s\"", last_post);
    sends = count, run++, accepted = refused = answers.count = *first_refusal = 0;
    sent_at = realloc(sent_at, sizeof(double) * (count + 1));
    replies_cpu = cpu_s();
    for (int i = 0; i < count; i++) {
        int size = snprintf(json, sizeof json, "{\"type\":\"send\",\"client_id\":\"load-%ld-%d-%d\",\"text\":%s%s}", (long)started,
                            run, i, texts[i % text_count], about);
        sent_at[i] = now_ms();
        if (size < (int)sizeof json) say(conns[i % writers], json, size);
    }
}

static void stats(void) {
    printf("{\"event\":\"stats\",\"members\":%d,\"lost\":%d,\"items\":%ld,\"repeated\":%ld,\"gaps\":%ld,\"got\":%ld,", members, lost,
           items, repeated, gaps, awaited ? got[awaited - 1] : 0);
    printf("\"accepted\":%ld,\"refused\":%ld,\"cpu_s\":%.4f,\"pings\":%zu,", accepted, refused, cpu_s(), pings.count);
    printf("\"ping_p50_ms\":%.3f,\"ping_p99_ms\":%.3f,\"ping_max_ms\":%.3f}\n", percentile(&pings, 0.5),
           percentile(&pings, 0.99), percentile(&pings, 1));
}

void on_line(char *line) {
    char name[128];
    int first = 0, second = 1;
    if (sscanf(line, "mark %127s %d", name, &second) >= 1) start_mark(name, second);
    else if (sscanf(line, "send %d %d", &first, &second) == 2) send_replies(first, second);
    else if (!strcmp(line, "stats")) stats();
    else if (!strcmp(line, "quit")) wire_stop();
}

int main(int argc, char **argv) {
    host = option(argc, argv, "--host", "127.0.0.1");
    path = option(argc, argv, "--path", "/v1/me/stream");
    port = atoi(option(argc, argv, "--port", "0"));
    probes = flag(argc, argv, "--probe");
    acknowledges = !flag(argc, argv, "--quiet");
    members = probes ? 1 : atoi(option(argc, argv, "--members", "1"));
    tokens = read_lines(option(argc, argv, "--tokens", "tokens"), &token_count);
    int skip = atoi(option(argc, argv, "--first", "0"));
    const char *name = option(argc, argv, "--texts", NULL);
    if (name) texts = read_lines(name, &text_count);
    if (!port || members < 1 || skip + members > token_count) {
        fprintf(stderr, "port, and as many tokens as members, are needed\n");
        return 2;
    }
    tokens += skip;
    conns = calloc(members, sizeof *conns);
    wire_start();
    started = now_ms();
    dial_more();
    wire_run();
    return 0;
}
