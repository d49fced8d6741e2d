/* N subscribers of one topic at a broker (QoS 1, MQTT 3.1.1 or 5): they PUBACK every message, and measure.
 *
 *   mqtt --port P --clients N [--host H] [--version 4|5] [--topic T] [--prefix ID] [--probe]
 *
 * One more connection publishes; one more, the inbox, subscribes to up/#. --probe: no subscribers, one connection that sends
 * PINGREQ all the time after the first mark (one under way, a millisecond apart).
 *
 * Commands on standard input, answers as a JSON line each:
 *   (none)           {"event":"ready",...} when all are subscribed, {"event":"failed",...} when one cannot be
 *   mark NAME        starts the pings of a probe; {"event":"marked",...}
 *   post NAME BYTES  publishes once to the topic; {"event":"done",...} when every subscriber has it
 *   send R M BYTES   M messages to up/... from R clients at once; {"event":"replies",...} when all are acknowledged to their
 *                    senders and have reached the inbox
 *   stats            {"event":"stats",...}; receipt_ms: when the publisher got its PUBACK (0: not yet)
 *   quit
 */
#define _GNU_SOURCE
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAVE 256       /* connections on their way to a subscription at once */
#define PING_PAUSE 1   /* ms from an answer to the next ping */
#define LARGEST 65000

enum stage { DIALLED, CONNECTING, SUBSCRIBING, SUBSCRIBED };

static const char *host, *topic, *prefix;
static int port, clients, total, version, dialled, subscribed, lost;
static bool probes;
static struct conn **conns;
static double started, first_mark, next_ping;

static char mark[128];
static double marked_at, marked_cpu, last_at, receipt_ms;
static long got, items, repeated;
static struct samples arrivals, pings;

static int sends;
static double *sent_at, replies_cpu, inbox_at;
static long acknowledged, seen;
static struct samples answers;

static struct conn *publisher(void) { return conns[clients]; }
static bool is_inbox(const struct conn *conn) { return conn->index == clients + 1; }

static size_t put_text(unsigned char *to, const char *text) {
    size_t size = strlen(text);
    to[0] = size >> 8, to[1] = size & 255;
    memcpy(to + 2, text, size);
    return size + 2;
}

/* Prepends the fixed header to a body that starts at `packet + 8`, and writes the packet. */
static void put(struct conn *conn, unsigned char first, unsigned char *packet, size_t size) {
    unsigned char head[5];
    size_t used = 0, rest = size;
    head[used++] = first;
    do {
        unsigned char part = rest & 127;
        rest >>= 7;
        head[used++] = part | (rest ? 128 : 0);
    } while (rest);
    memcpy(packet + 8 - used, head, used);
    wire_write(conn, packet + 8 - used, used + size);
}

static void dial_more(void) {
    while (dialled < total && dialled - subscribed - lost < WAVE) {
        conns[dialled] = wire_dial(host, port, dialled);
        dialled++;
    }
}

void on_open(struct conn *conn) {
    unsigned char packet[256], *body = packet + 8;
    char id[64];
    snprintf(id, sizeof id, "%s%d", prefix, conn->index);
    size_t size = put_text(body, "MQTT");
    body[size++] = version;
    body[size++] = 2; /* clean start */
    body[size++] = 0, body[size++] = 0; /* no keep-alive */
    if (version == 5) body[size++] = 0;
    size += put_text(body + size, id);
    conn->stage = CONNECTING;
    put(conn, 0x10, packet, size);
}

void on_closed(struct conn *conn) {
    if (++lost == 1 && conn->stage != SUBSCRIBED)
        printf("{\"event\":\"failed\",\"client\":%d,\"stage\":%d}\n", conn->index, conn->stage);
    dial_more();
}

static void count_ready(struct conn *conn) {
    conn->stage = SUBSCRIBED;
    if (++subscribed == total)
        printf("{\"event\":\"ready\",\"members\":%d,\"lost\":%d,\"ms\":%.1f,\"cpu_s\":%.3f}\n", clients, lost,
               now_ms() - started, cpu_s());
    dial_more();
}

static void subscribe(struct conn *conn) {
    if (probes || conn->index == clients) {
        count_ready(conn);
        return;
    }
    unsigned char packet[512], *body = packet + 8;
    size_t size = 0;
    body[size++] = 0, body[size++] = 1;
    if (version == 5) body[size++] = 0;
    size += put_text(body + size, is_inbox(conn) ? "up/#" : topic);
    body[size++] = 1;
    conn->stage = SUBSCRIBING;
    put(conn, 0x82, packet, size);
}

static void answered(void) {
    if (acknowledged < sends || seen < sends) return;
    double last = percentile(&answers, 1);
    printf("{\"event\":\"replies\",\"sent\":%d,\"accepted\":%ld,\"refused\":0,\"ms\":%.2f,\"inbox_ms\":%.2f,\"per_s\":%.0f,", sends,
           acknowledged, last, inbox_at, sends / (inbox_at > last ? inbox_at : last) * 1000);
    printf("\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"cpu_s\":%.4f}\n", percentile(&answers, 0.5), percentile(&answers, 0.99),
           cpu_s() - replies_cpu);
}

static void read_message(struct conn *conn, const unsigned char *body, bool again) {
    unsigned char ack[4] = {0x40, 2};
    size_t name = body[0] << 8 | body[1];
    memcpy(ack + 2, body + 2 + name, 2);
    wire_write(conn, ack, sizeof ack);
    items++;
    if (again) repeated++;
    if (is_inbox(conn)) {
        inbox_at = now_ms() - marked_at;
        seen++;
        answered();
        return;
    }
    last_at = now_ms();
    add_sample(&arrivals, last_at - marked_at);
    if (++got != clients) return;
    printf("{\"event\":\"done\",\"mark\":\"%s\",\"members\":%d,\"ms\":%.2f,\"p50_ms\":%.2f,\"first_ms\":%.2f,", mark, clients,
           last_at - marked_at, percentile(&arrivals, 0.5), percentile(&arrivals, 0));
    printf("\"cpu_s\":%.4f,\"repeated\":%ld,\"lost\":%d}\n", cpu_s() - marked_cpu, repeated, lost);
}

static void read_receipt(struct conn *conn, const unsigned char *body) {
    if (conn == publisher()) {
        receipt_ms = now_ms() - marked_at;
        return;
    }
    (void)body; /* one sender's receipts come in order: conn->seq numbers its own */
    int writers = (int)conn->posts;
    long number = conn->index + writers * conn->seq++;
    if (number >= sends) return;
    add_sample(&answers, now_ms() - sent_at[number]);
    acknowledged++;
    answered();
}

static void read_packet(struct conn *conn, unsigned char first, const unsigned char *body) {
    switch (first >> 4) {
    case 2:
        if (body[1]) wire_close(conn);
        else subscribe(conn);
        break;
    case 3: read_message(conn, body, first & 8); break;
    case 4: read_receipt(conn, body); break;
    case 9: count_ready(conn); break;
    case 13:
        add_sample(&pings, now_ms() - conn->sent_at);
        conn->sent_at = 0;
        next_ping = now_ms() + PING_PAUSE;
        break;
    default: wire_close(conn);
    }
}

size_t on_data(struct conn *conn, unsigned char *bytes, size_t size) {
    size_t at = 0;
    while (!conn->closed && size - at >= 2) {
        size_t head = 1, length = 0;
        int shift = 0;
        bool whole = false;
        while (head < size - at && head < 5 && !whole) {
            length |= (size_t)(bytes[at + head] & 127) << shift;
            whole = !(bytes[at + head++] & 128);
            shift += 7;
        }
        if (!whole || size - at < head + length) break;
        read_packet(conn, bytes[at], bytes + at + head);
        at += head + length;
    }
    return at;
}

int on_turn(void) {
    if (!probes || !first_mark || conns[0]->closed || conns[0]->sent_at) return -1;
    double wait = next_ping - now_ms();
    if (wait > 0) return wait < 1 ? 1 : (int)wait;
    conns[0]->sent_at = now_ms();
    wire_write(conns[0], "\xc0\x00", 2);
    return -1;
}

static void start_mark(const char *name) {
    snprintf(mark, sizeof mark, "%s", name);
    arrivals.count = pings.count = got = 0;
    receipt_ms = 0;
    marked_cpu = cpu_s();
    first_mark = marked_at = now_ms();
}

static void publish(struct conn *conn, const char *to, int number, int bytes) {
    static unsigned char packet[LARGEST + 512];
    unsigned char *body = packet + 8;
    size_t size = put_text(body, to);
    body[size++] = number >> 8, body[size++] = number & 255;
    if (version == 5) body[size++] = 0;
    if (bytes > LARGEST) bytes = LARGEST;
    memset(body + size, 'x', bytes);
    put(conn, 0x32, packet, size + bytes);
}

static void send_replies(int writers, int count, int bytes) {
    if (writers < 1 || writers > clients) return;
    sends = count, acknowledged = seen = answers.count = 0;
    sent_at = realloc(sent_at, sizeof(double) * (count + 1));
    replies_cpu = cpu_s();
    marked_at = now_ms();
    for (int i = 0; i < writers; i++) conns[i]->seq = 0, conns[i]->posts = writers;
    for (int i = 0; i < count; i++) {
        char to[64];
        snprintf(to, sizeof to, "up/%d", i % writers);
        sent_at[i] = now_ms();
        publish(conns[i % writers], to, i / writers % 65535 + 1, bytes);
    }
}

static void stats(void) {
    printf("{\"event\":\"stats\",\"members\":%d,\"lost\":%d,\"items\":%ld,\"repeated\":%ld,\"got\":%ld,\"accepted\":%ld,", clients,
           lost, items, repeated, got, acknowledged);
    printf("\"receipt_ms\":%.2f,\"cpu_s\":%.4f,\"pings\":%zu,\"ping_p50_ms\":%.3f,\"ping_p99_ms\":%.3f,\"ping_max_ms\":%.3f}\n", receipt_ms, cpu_s(), pings.count,
           percentile(&pings, 0.5), percentile(&pings, 0.99), percentile(&pings, 1));
}

void on_line(char *line) {
    char name[128];
    int first, second, third;
    if (sscanf(line, "post %127s %d", name, &first) == 2) {
        start_mark(name);
        publish(publisher(), topic, 1, first);
    } else if (sscanf(line, "mark %127s", name) == 1) {
        start_mark(name);
        printf("{\"event\":\"marked\",\"mark\":\"%s\"}\n", mark);
    } else if (sscanf(line, "send %d %d %d", &first, &second, &third) == 3) send_replies(first, second, third);
    else if (!strcmp(line, "stats")) stats();
    else if (!strcmp(line, "quit")) wire_stop();
}

int main(int argc, char **argv) {
    host = option(argc, argv, "--host", "127.0.0.1");
    topic = option(argc, argv, "--topic", "down");
    prefix = option(argc, argv, "--prefix", "load-");
    port = atoi(option(argc, argv, "--port", "0"));
    version = atoi(option(argc, argv, "--version", "4"));
    probes = flag(argc, argv, "--probe");
    clients = atoi(option(argc, argv, "--clients", "1"));
    total = probes ? 1 : clients + 2;
    if (!port || clients < 1 || (version != 4 && version != 5)) {
        fprintf(stderr, "port, clients and version 4 or 5 are needed\n");
        return 2;
    }
    conns = calloc(clients + 2, sizeof *conns);
    wire_start();
    started = now_ms();
    dial_more();
    wire_run();
    return 0;
}
