/* The floor: a loop of send() that writes the same framed bytes to everyone, and stores and judges nothing.
 *
 *   bare [--port P]      says {"event":"listening","port":P}
 *
 * It speaks just enough WebSocket for the load of stream.c: one fixed answer to the handshake, a welcome for any hello,
 * and it reads what comes back without looking. Commands on standard input:
 *   post BYTES   an item whose JSON has that many bytes goes to everyone; {"event":"posted",...}
 *   stats        {"event":"stats",...}
 *   quit
 */
#define _GNU_SOURCE
#include "../load/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 65000

enum stage { REQUEST, HELLO, MEMBER };

static struct conn **conns;
static int count, room, alive, seq;
static long long taken;
static const char SWITCH[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char WELCOME[] = "{\"type\":\"welcome\",\"first_seq\":1,\"last_seq\":0}";

static size_t framed(unsigned char *to, const char *json, size_t size) {
    size_t at = 0;
    to[at++] = 0x81;
    if (size < 126) to[at++] = size;
    else {
        to[at++] = 126;
        to[at++] = size >> 8;
        to[at++] = size & 255;
    }
    memcpy(to + at, json, size);
    return at + size;
}

void on_open(struct conn *conn) {
    if (count == room) {
        room = room ? room * 2 : 1024;
        conns = realloc(conns, room * sizeof *conns);
        if (!conns) die("memory");
    }
    conns[count++] = conn;
    conn->stage = REQUEST;
    alive++;
}

void on_closed(struct conn *conn) {
    (void)conn;
    alive--;
}

size_t on_data(struct conn *conn, unsigned char *bytes, size_t size) {
    taken += size;
    if (conn->stage == MEMBER) return size;
    if (conn->stage == REQUEST) {
        unsigned char *end = memmem(bytes, size, "\r\n\r\n", 4);
        if (!end) return 0;
        conn->stage = HELLO;
        wire_write(conn, SWITCH, sizeof SWITCH - 1);
        if (end + 4 == bytes + size) return size;
    }
    unsigned char frame[256];
    conn->stage = MEMBER;
    wire_write(conn, frame, framed(frame, WELCOME, sizeof WELCOME - 1));
    return size;
}

int on_turn(void) { return -1; }

static void post(int bytes) {
    static char json[LARGEST + 1];
    static unsigned char frame[LARGEST + 16];
    int head = snprintf(json, sizeof json, "{\"type\":\"item\",\"seq\":%d,\"kind\":\"post\",\"id\":\"bare\",\"text\":\"", ++seq);
    if (bytes < head + 2 || bytes > LARGEST) bytes = head + 2;
    memset(json + head, 'x', bytes - head - 2);
    memcpy(json + bytes - 2, "\"}", 2);
    size_t size = framed(frame, json, bytes);
    double began = now_ms(), cpu = cpu_s();
    for (int i = 0; i < count; i++)
        if (conns[i]->stage == MEMBER) wire_write(conns[i], frame, size);
    printf("{\"event\":\"posted\",\"members\":%d,\"frame\":%zu,\"ms\":%.2f,\"cpu_s\":%.4f}\n", alive, size, now_ms() - began,
           cpu_s() - cpu);
}

void on_line(char *line) {
    int bytes;
    if (sscanf(line, "post %d", &bytes) == 1) post(bytes);
    else if (!strcmp(line, "stats"))
        printf("{\"event\":\"stats\",\"members\":%d,\"bytes_in\":%lld,\"cpu_s\":%.4f}\n", alive, taken, cpu_s());
    else if (!strcmp(line, "quit")) wire_stop();
}

int main(int argc, char **argv) {
    wire_start();
    printf("{\"event\":\"listening\",\"port\":%d}\n", wire_listen(atoi(option(argc, argv, "--port", "0"))));
    wire_run();
    return 0;
}
