/* Connections, time and figures of the load programs: one epoll loop, callbacks for what happens on it. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    unsigned char *bytes;
    size_t used, room;
};

struct conn {
    int fd;
    int index;       /* in the order of dialling or accepting */
    int stage;       /* the program's own */
    bool connecting, closed, wants_write;
    long seq, posts; /* what a member has got */
    double sent_at;  /* of what is under way, ms */
    struct buffer in, out;
};

struct samples {
    double *values;
    size_t count, room;
};

/* The program gives these. */
void on_open(struct conn *conn);
size_t on_data(struct conn *conn, unsigned char *bytes, size_t size); /* how many were consumed */
void on_closed(struct conn *conn);
void on_line(char *line); /* one command from standard input */
int on_turn(void);        /* after every turn of the loop: ms until it wants the next one, -1 for never */

void wire_start(void);
void wire_run(void); /* until wire_stop or the end of standard input */
void wire_stop(void);
struct conn *wire_dial(const char *host, int port, int index);
int wire_listen(int port); /* on loopback; the port it got */
void wire_write(struct conn *conn, const void *bytes, size_t size);
void wire_close(struct conn *conn);

double now_ms(void);
double cpu_s(void);
void add_sample(struct samples *samples, double value);
double percentile(struct samples *samples, double part); /* sorts; 0 without samples */
void die(const char *what);

/* "--name value" pairs of the command line */
const char *option(int argc, char **argv, const char *name, const char *fallback);
bool flag(int argc, char **argv, const char *name);

#endif
