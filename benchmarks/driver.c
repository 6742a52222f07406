/* A closed-loop HTTP/1.1 load driver that replays prepared requests and counts right answers only.
 *
 *   driver PORT FILE CONNECTIONS MILLISECONDS FIRST
 *
 * FILE: "RBQ1", u32 count, u32 wraps, then per request: u32 length, u16 status, u16 other status (or 0),
 * u32 least and u32 most occurrences of the marker in the body, u32 marker length, request bytes, marker bytes; all
 * little-endian. An answer without a body (204) is judged by its status alone. Connections take requests in turn,
 * starting at number FIRST; the file is begun again if it wraps, else the run ends early. Requests under way at the
 * end are waited for, and not counted. One JSON object on standard output tells the result.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, ANSWER_MAX = 16 << 20, PATIENCE_US = 10000000, FAULTS_MAX = 1000 };

typedef struct {
    const char *text, *marker;
    uint32_t length, marker_length, least, most;
    uint16_t status, other_status;
} request_t;

typedef struct {
    int fd;
    const request_t *request; /* NULL: at rest */
    uint32_t sent;
    int64_t began_us;
    char *answer;
    size_t size, room;
} connection_t;

static request_t *requests;
static uint32_t request_count, wraps, next_request;
static int poller;
static struct sockaddr_in server;
static int64_t ends_us;
static uint64_t ok_count, wrong_count, late_count, fault_count;
static uint32_t *taken_us;
static size_t taken_room;
static char first_wrong[400];

static void die(const char *what) {
    perror(what);
    exit(2);
}

static int64_t now_us(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static uint32_t u32(const char **at) {
    uint32_t value;
    memcpy(&value, *at, 4);
    *at += 4;
    return value;
}

static void load(const char *path) {
    int fd = open(path, O_RDONLY);
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) < 0) die(path);
    const char *at = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED || facts.st_size < 12 || memcmp(at, "RBQ1", 4)) die("not a file of requests");
    at += 4;
    request_count = u32(&at);
    wraps = u32(&at);
    requests = calloc(request_count, sizeof *requests);
    for (request_t *one = requests; one < requests + request_count; one++) {
        one->length = u32(&at);
        uint32_t statuses = u32(&at);
        one->status = (uint16_t)statuses;
        one->other_status = (uint16_t)(statuses >> 16);
        one->least = u32(&at);
        one->most = u32(&at);
        one->marker_length = u32(&at);
        one->text = at;
        one->marker = at += one->length;
        at += one->marker_length;
    }
}

static void watch(connection_t *it, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = it};
    if (epoll_ctl(poller, operation, it->fd, &event) < 0) die("epoll_ctl");
}

static void dial(connection_t *it) {
    int yes = 1;
    if (it->fd >= 0) close(it->fd);
    it->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (it->fd < 0) die("socket");
    setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(it->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) die("connect");
    watch(it, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void push(connection_t *it) {
    const request_t *one = it->request;
    ssize_t count = send(it->fd, one->text + it->sent, one->length - it->sent, MSG_NOSIGNAL);
    if (count > 0) it->sent += (uint32_t)count;
    watch(it, EPOLL_CTL_MOD, it->sent < one->length ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void take_next(connection_t *it, int64_t at_us) {
    it->request = NULL;
    it->size = 0;
    it->sent = 0;
    if (at_us >= ends_us || fault_count >= FAULTS_MAX) return;
    if (next_request >= request_count) {
        if (!wraps) return;
        next_request = 0;
    }
    it->request = requests + next_request++;
    it->began_us = at_us;
}

static uint32_t occurrences(const char *body, size_t size, const request_t *one) {
    uint32_t count = 0;
    const char *end = body + size;
    while (count <= one->most && (body = memmem(body, (size_t)(end - body), one->marker, one->marker_length))) {
        count++;
        body += one->marker_length;
    }
    return count;
}

static void judge(connection_t *it, int status, const char *body, size_t size, int64_t at_us) {
    const request_t *one = it->request;
    int right = status == one->status || (one->other_status && status == one->other_status);
    if (right && one->marker_length && status != 204) {
        uint32_t count = occurrences(body, size, one);
        right = count >= one->least && count <= one->most;
    }
    if (!right) {
        if (!wrong_count++) {
            int shown = size > 160 ? 160 : (int)size;
            snprintf(first_wrong, sizeof first_wrong, "%d to %.*s: %.*s", status,
                     (int)strcspn(one->text, "\r"), one->text, shown, body);
        }
    } else if (at_us > ends_us) {
        late_count++;
    } else {
        if (ok_count == taken_room) {
            taken_room = taken_room ? taken_room * 2 : 65536;
            taken_us = realloc(taken_us, taken_room * sizeof *taken_us);
        }
        taken_us[ok_count++] = (uint32_t)(at_us - it->began_us);
    }
}

static const char *header(const char *head, const char *end, const char *name) {
    size_t length = strlen(name);
    for (const char *line = head; line && line < end; line = memmem(line, (size_t)(end - line), "\r\n", 2)) {
        line += line == head ? 0 : 2;
        if (!strncasecmp(line, name, length) && line[length] == ':') {
            return line + length + 1 + strspn(line + length + 1, " ");
        }
    }
    return NULL;
}

/* The end of a chunked body, which is put together in place; NULL while more is to come. */
static const char *unchunk(char *body, const char *end, size_t *size) {
    for (int writes = 0; writes < 2; writes++) { /* first see whether all is there */
        char *from = body, *to = body;
        for (;;) {
            char *line = memmem(from, (size_t)(end - from), "\r\n", 2);
            if (!line) return NULL;
            size_t length = strtoul(from, NULL, 16);
            from = line + 2;
            if (from + length + 2 > end) return NULL;
            if (!length) break;
            if (writes) memmove(to, from, length);
            to += length;
            from += length + 2;
        }
        *size = (size_t)(to - body);
        if (writes) return from + 2;
    }
    return NULL;
}

/* Judge the answer if it is complete; closed says that no more will come. Returns 1 if it was, -1 to dial anew. */
static int finish(connection_t *it, int closed) {
    char *end = it->answer + it->size;
    *end = 0;
    char *body = memmem(it->answer, it->size, "\r\n\r\n", 4);
    if (!body || strncmp(it->answer, "HTTP/1.", 7)) return 0;
    body += 4;
    int status = atoi(it->answer + 9);
    const char *length = header(it->answer, body, "content-length");
    const char *coding = header(it->answer, body, "transfer-encoding");
    const char *after = header(it->answer, body, "connection");
    size_t size = length ? strtoul(length, NULL, 10) : 0;
    int hangs_up = closed || (after && !strncasecmp(after, "close", 5));
    if (coding && !strncasecmp(coding, "chunked", 7)) {
        if (!unchunk(body, end, &size)) return 0;
    } else if (length && body + size > end) {
        return 0;
    } else if (!length && status != 204 && status != 304) {
        if (!closed) return 0;
        size = (size_t)(end - body);
    }
    judge(it, status, body, size, now_us());
    return hangs_up ? -1 : 1;
}

static void go_on(connection_t *it, int how) {
    if (how < 0) {
        fault_count += how == -2;
        if (how == -2 && !wrong_count++) snprintf(first_wrong, sizeof first_wrong, "no answer");
    }
    take_next(it, now_us());
    if (how < 0) {
        dial(it);
    } else if (it->request) {
        push(it);
    }
}

static void pull(connection_t *it) {
    for (;;) {
        if (it->room - it->size < 65536) {
            it->room = it->room ? it->room * 2 : 262144;
            if (it->room > ANSWER_MAX || !(it->answer = realloc(it->answer, it->room + 1))) die("answer too long");
        }
        ssize_t count = recv(it->fd, it->answer + it->size, it->room - it->size, 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count > 0) it->size += (size_t)count;
        if (!it->request) { /* at rest: the server hung up, or talks out of turn */
            if (count <= 0) dial(it);
            return;
        }
        int done = finish(it, count <= 0);
        if (done || count <= 0) {
            go_on(it, done ? done : -2);
            return;
        }
    }
}

static int by_value(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static uint32_t quantile(double part) {
    return ok_count ? taken_us[(size_t)((double)(ok_count - 1) * part)] : 0;
}

static void say_text(const char *text) {
    for (; *text; text++) {
        unsigned char one = (unsigned char)*text;
        if (one == '"' || one == '\\') putchar('\\');
        if (one < 0x80) putchar(one < 32 ? ' ' : one);
    }
}

int main(int count, char **words) {
    static connection_t all[CONNECTIONS_MAX];
    if (count != 6 || atoi(words[3]) < 1 || atoi(words[3]) > CONNECTIONS_MAX) {
        fprintf(stderr, "driver PORT FILE CONNECTIONS MILLISECONDS FIRST\n");
        return 2;
    }
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(words[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load(words[2]);
    int connection_count = atoi(words[3]);
    next_request = (uint32_t)atoi(words[5]);
    poller = epoll_create1(0);
    int64_t began_us = now_us(), at_us = began_us, end_us = 0;
    ends_us = began_us + (int64_t)atoi(words[4]) * 1000;
    for (int number = 0; number < connection_count; number++) {
        all[number].fd = -1;
        take_next(all + number, began_us);
        if (all[number].request) dial(all + number);
    }
    for (int busy = 1; busy; at_us = now_us()) {
        struct epoll_event events[CONNECTIONS_MAX];
        int ready = epoll_wait(poller, events, CONNECTIONS_MAX, 100);
        for (int number = 0; number < ready; number++) {
            connection_t *it = events[number].data.ptr;
            if (events[number].events & EPOLLOUT && it->request && it->sent < it->request->length) push(it);
            if (events[number].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) pull(it);
            if (!it->request && events[number].events & EPOLLOUT) watch(it, EPOLL_CTL_MOD, EPOLLIN);
        }
        busy = 0;
        for (int number = 0; number < connection_count; number++) {
            connection_t *it = all + number;
            if (it->request && at_us - it->began_us > PATIENCE_US) go_on(it, -2);
            busy |= it->request != NULL;
        }
        if (busy) end_us = now_us() < ends_us ? now_us() : ends_us;
    }
    if (ok_count) qsort(taken_us, ok_count, sizeof *taken_us, by_value);
    printf("{\"ok\":%llu,\"wrong\":%llu,\"late\":%llu,\"seconds\":%.6f,\"next\":%u,", (unsigned long long)ok_count,
           (unsigned long long)wrong_count, (unsigned long long)late_count, (double)(end_us - began_us) / 1e6, next_request);
    printf("\"p50_us\":%u,\"p95_us\":%u,\"p99_us\":%u,\"first_wrong\":\"", quantile(0.5), quantile(0.95), quantile(0.99));
    say_text(first_wrong);
    printf("\"}\n");
    return 0;
}
