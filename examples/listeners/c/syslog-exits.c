/* Tells syslog of each exit: an expected one as a notice, any other as an error.
 *
 *     cc -O2 -o syslog-exits syslog-exits.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* Copies the value of token "key:" in a line of blank-separated tokens; 0 if it is not there. */
static int token(const char *line, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    for (const char *at = line; *at; at += strcspn(at, " "), at += *at == ' ') {
        if (strncmp(at, key, length) == 0) {
            snprintf(value, size, "%.*s", (int)strcspn(at + length, " \n"), at + length);
            return 1;
        }
    }
    return 0;
}

/* Reads `characters` characters of UTF-8 and keeps what fits, terminated; 0 at the end of input. */
static int read_payload(long characters, char *payload, size_t size)
{
    size_t used = 0;
    int more = 0; /* bytes that the current character still lacks */
    while (characters > 0 || more > 0) {
        int byte = getchar();
        if (byte == EOF)
            return 0;
        if (more > 0)
            more--;
        else
            more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0, characters--;
        if (used + 1 < size)
            payload[used++] = (char)byte;
    }
    payload[used] = '\0';
    return 1;
}

int main(void)
{
    char header[4096], payload[4096], len[24], event[64], group[256], process[256], pid[24], expected[8];
    openlog("supervisor", LOG_PID, LOG_DAEMON);
    while (fputs("READY\n", stdout) >= 0 && fflush(stdout) == 0 && fgets(header, sizeof header, stdin)) {
        if (!token(header, "len:", len, sizeof len) || !read_payload(atol(len), payload, sizeof payload))
            break;
        if (token(header, "eventname:", event, sizeof event) && strcmp(event, "PROCESS_STATE_EXITED") == 0 &&
            token(payload, "groupname:", group, sizeof group) && token(payload, "pid:", pid, sizeof pid) &&
            token(payload, "processname:", process, sizeof process) && token(payload, "expected:", expected, sizeof expected))
            syslog(*expected == '1' ? LOG_NOTICE : LOG_ERR, "%s:%s (pid %s) exited %s", group, process, pid,
                   *expected == '1' ? "as expected" : "unexpectedly");
        fputs("RESULT 2\nOK", stdout);
    }
    return 0;
}
