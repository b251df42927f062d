/* io.so, processor by processor. Usage: test_io io.so, in a folder where it may write */
#define _DEFAULT_SOURCE
#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const pipes_plugin *io;
static char folder[] = "/tmp/pipes-io-XXXXXX";

static void put_file(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    if (CHECK(file) && CHECK(fwrite(bytes, 1, size, file) == size)) fclose(file);
}

/* What is in a file, to be freed; NULL where there is none. */
static char *content(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    char *bytes = malloc(1 << 22);
    *size = fread(bytes, 1, (1 << 22) - 1, file);
    bytes[*size] = 0;
    fclose(file);
    return bytes;
}

static bool holds(const char *path, const char *expected) {
    size_t size;
    char *bytes = content(path, &size);
    bool same = bytes && size == strlen(expected) && !memcmp(bytes, expected, size);
    if (!same) fprintf(stderr, "  %s: %s\n", path, bytes ? bytes : "(no file)");
    free(bytes);
    return same;
}

static int files_here(void) {
    int count = 0;
    DIR *directory = opendir(".");
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count - 2;
}

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL); }

/* ---------------------------------------------------------------- io.lines -- */

static void lines_are(const char *bytes, size_t size, const char *const *expected, int64_t repaired,
                      uint64_t demand) {
    pipes_node node;
    put_file("lines.txt", bytes, size);
    CHECK(node_open(&node, plugin_find(io, "lines"), (pipes_value[]){text("lines.txt")}) ==
          PIPES_OK);
    pipes_status status;
    do {
        struct outcome outcome = node_produce(&node, demand);
        status = outcome.status;
        for (uint64_t row = 0; row < outcome.count; row++) {
            if (!CHECK(*expected && is_text(&outcome.results[row].value, *expected))) {
                fprintf(stderr, "  %.*s, not %s\n", (int)outcome.results[row].value.size,
                        outcome.results[row].value.text, *expected ? *expected : "nothing");
            }
            if (*expected) expected++;
        }
        call_free(&outcome);
    } while (status == PIPES_OK);
    CHECK(status == PIPES_END && !*expected && node.counted == repaired);
    node_close(&node);
}

#define LINES_ARE(BYTES, REPAIRED, ...)                                                           \
    for (uint64_t demand = 1; demand < 10; demand += 4) {                                         \
        lines_are(BYTES, sizeof BYTES - 1, (const char *const[]){__VA_ARGS__}, REPAIRED, demand); \
    }

static void a_file_becomes_lines(void) {
    check_params(plugin_find(io, "lines"), "path=\"-\"");
    LINES_ARE("", 0, NULL);
    LINES_ARE("\n", 0, "", NULL);
    LINES_ARE("a", 0, "a", NULL);
    LINES_ARE("a\nb\r\n\r\n\nc\rd\ne\r", 0, "a", "b", "", "", "c\rd", "e\r", NULL);
    LINES_ARE("h\xc3\xa4\nx\xffy\xe6\x97\n\xed\xa0\x80\n\xc0\xaf", 3, "h\xc3\xa4",
              "x\xEF\xBF\xBDy\xEF\xBF\xBD", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD",
              "\xEF\xBF\xBD\xEF\xBF\xBD", NULL);
}

static void lines_of_any_length_are_whole(void) {
    enum { SIZE = 3000000 };
    char *bytes = malloc(SIZE);
    size_t at = 0, lines = 0;
    while (at <
           SIZE - 700000) { /* lengths from 0 on, one that is longer than a block, NULs inside */
        size_t length = lines == 100 ? 600000 : lines % 300;
        memset(bytes + at, lines % 3 ? 'a' : 0, length);
        at += length;
        bytes[at++] = '\n';
        lines++;
    }
    put_file("lines.txt", bytes, at);
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "lines"), (pipes_value[]){text("lines.txt")}) ==
          PIPES_OK);
    size_t seen = 0, from = 0;
    int calls = 0;
    struct outcome late[3] = {{0}}; /* batches live on while the next blocks are read */
    for (pipes_status status = PIPES_OK; status == PIPES_OK;) {
        if (calls++ % 2) host_fail_after(calls % 300); /* a call that fails loses nothing */
        struct outcome outcome = node_produce(&node, 256);
        host_fail_after(-1);
        status = outcome.status == PIPES_RETRY ? PIPES_OK : outcome.status;
        for (uint64_t row = 0; outcome.status != PIPES_RETRY && row < outcome.count;
             row++, seen++) {
            const pipes_value *line = &outcome.results[row].value;
            size_t length = seen == 100 ? 600000 : seen % 300;
            if (!CHECK(line->size == length && !memcmp(line->text, bytes + from, length))) return;
            from += length + 1;
        }
        if (late[0].call) call_free(&late[0]);
        late[0] = late[1];
        late[1] = late[2];
        late[2] = outcome;
    }
    CHECK(seen == lines && from == at);
    node_close(&node);
    for (int n = 0; n < 3; n++) {
        if (late[n].call) call_free(&late[n]);
    }
    free(bytes);
}

static void *stop_soon(void *node) {
    nap();
    node_stop(node);
    return NULL;
}

static void a_line_comes_as_soon_as_it_is_there(void) {
    int ends[2], saved = dup(0);
    CHECK(!pipe(ends));
    dup2(ends[0], 0);
    pipes_node node, other;
    CHECK(node_open(&node, plugin_find(io, "lines"), (pipes_value[]){text("-")}) == PIPES_OK);
    CHECK(node_open(&other, plugin_find(io, "lines"), (pipes_value[]){text("-")}) == PIPES_FATAL);
    CHECK(!strcmp(other.explained, "another node reads standard input already"));
    CHECK(write(ends[1], "one\ntwo\nthr", 11) == 11);
    struct outcome outcome = node_produce(&node, 100);
    CHECK(outcome.status == PIPES_OK && outcome.count == 2 &&
          is_text(&outcome.results[1].value, "two"));
    call_free(&outcome);
    pthread_t thread; /* the pipe stays open, and a read of it would wait for ever */
    CHECK(!pthread_create(&thread, NULL, stop_soon, &node));
    outcome = node_produce(&node, 100);
    CHECK(outcome.status == PIPES_END && outcome.count == 0);
    call_free(&outcome);
    pthread_join(thread, NULL);
    node_close(&node);
    CHECK(node_open(&node, plugin_find(io, "lines"), (pipes_value[]){text("-")}) == PIPES_OK);
    close(ends[1]);
    outcome = node_produce(&node, 100);
    CHECK(outcome.status == PIPES_END);
    call_free(&outcome);
    node_close(&node);
    dup2(saved, 0);
    close(saved);
    close(ends[0]);
}

static void fails_to_open(const char *name, const pipes_value *args, const char *reason) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, name), args) == PIPES_FATAL);
    if (!CHECK(!strcmp(node.explained, reason))) fprintf(stderr, "  %s\n", node.explained);
}

static void a_file_that_cannot_be_read_is_named(void) {
    fails_to_open("lines", (pipes_value[]){text("none.txt")},
                  "can't read \"none.txt\": No such file or directory");
    fails_to_open("lines", (pipes_value[]){text("/tmp")}, "can't read \"/tmp\": Is a directory");
    fails_to_open("lines", (pipes_value[]){text("")}, "can't read \"\": No such file or directory");
    fails_to_open("lines", (pipes_value[]){pipes_string("a\0b", 3)}, "a path can't contain a NUL");
    CHECK(!mkfifo("fifo", 0600)); /* nobody writes to it, and open must not wait for that */
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "lines"), (pipes_value[]){text("fifo")}) == PIPES_OK);
    int writer = open("fifo", O_WRONLY);
    CHECK(write(writer, "x\n", 2) == 2);
    struct outcome outcome = node_produce(&node, 9);
    CHECK(outcome.status == PIPES_OK && outcome.count == 1);
    call_free(&outcome);
    close(writer);
    outcome = node_produce(&node, 9);
    CHECK(outcome.status == PIPES_END);
    call_free(&outcome);
    node_close(&node);
    unlink("fifo");
}

/* ------------------------------------------------------------------- sinks -- */

static pipes_value list(const pipes_value *items, size_t count) { return pipes_list(items, count); }

static void values_have_their_form(void) {
    pipes_value nested[] = {pipes_int(1), text("a\"b\\\n\t\x01/é\x7f"), pipes_null(),
                            pipes_bytes("\xff\xfe", 2)};
    pipes_value entries[] = {text("k"), pipes_bool(true), text(""), list(nested, 4)};
    pipes_value broken[] = {text("a\xff"
                                 "b")};
    struct {
        pipes_value value;
        const char *form;
    } table[] = {
        {text("as it \"is\"\x01"), "as it \"is\"\x01"},
        {text(""), ""},
        {pipes_null(), "null"},
        {pipes_bool(false), "false"},
        {pipes_int(INT64_MIN), "-9223372036854775808"},
        {pipes_float(3), "3.0"},
        {pipes_float(-0.0), "-0.0"},
        {pipes_float(0.1), "0.1"},
        {pipes_float(1e22), "1e+22"},
        {pipes_float(1.0 / 3), "0.3333333333333333"},
        {pipes_float(5e-324), "5e-324"},
        {pipes_float(1.7976931348623157e308), "1.7976931348623157e+308"},
        {pipes_float(123456789), "123456789.0"},
        {pipes_float(0.1 + 0.2), "0.30000000000000004"},
        {pipes_float(2.2250738585072014e-308), "2.2250738585072014e-308"},
        {pipes_float(NAN), "null"},
        {pipes_float(-INFINITY), "null"},
        {pipes_bytes("", 0), ""},
        {pipes_bytes("f", 1), "Zg=="},
        {pipes_bytes("fo", 2), "Zm8="},
        {pipes_bytes("foo", 3), "Zm9v"},
        {pipes_bytes("\xff\xff\xff\xfe", 4), "/////g=="},
        {list(NULL, 0), "[]"},
        {pipes_map(NULL, 0), "{}"},
        {pipes_map(entries, 2),
         "{\"k\":true,\"\":[1,\"a\\\"b\\\\\\n\\t\\u0001/é\x7f\",null,\"//4=\"]}"},
        {list(broken, 1), "[\"a\xEF\xBF\xBD"
                          "b\"]"},
    };
    check_params(plugin_find(io, "write"), "path! append=false");
    for (size_t at = 0; at < sizeof table / sizeof table[0]; at++) {
        pipes_node node;
        CHECK(node_open(&node, plugin_find(io, "write"),
                        (pipes_value[]){text("out.txt"), pipes_bool(false)}) == PIPES_OK);
        struct outcome outcome = node_process(&node, &table[at].value, 1);
        CHECK(outcome.status == PIPES_OK && outcome.settled_count == 0);
        call_free(&outcome);
        outcome = node_flush(&node);
        CHECK(outcome.status == PIPES_OK);
        call_free(&outcome);
        node_close(&node);
        char expected[256];
        snprintf(expected, sizeof expected, "%s\n", table[at].form);
        CHECK(holds("out.txt", expected));
    }
    unlink("out.txt");
}

static void joined_rows_have_tabs_and_bad_ones_are_rejected(void) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text("out.txt"), pipes_bool(false)}) == PIPES_OK);
    node.inputs = 2;
    pipes_value deep[2000];
    for (int at = 0; at < 1999; at++) deep[at] = list(&deep[at + 1], 1);
    deep[1999] = pipes_null();
    pipes_value wrong_key[] = {pipes_int(1), pipes_int(2)};
    pipes_value rows[] = {text("a"), pipes_int(1), text("lost"),
                          deep[0],   text("lost"), pipes_map(wrong_key, 1),
                          text("b"), text("c")};
    struct outcome outcome = node_process(&node, rows, 4);
    CHECK(outcome.status == PIPES_OK && outcome.settled_count == 2);
    CHECK(outcome.settled[0].row == 1 && outcome.settled[0].status == PIPES_REJECT);
    CHECK(!strcmp(outcome.settled[0].text, "the value is nested more than 1000 deep"));
    CHECK(outcome.settled[1].row == 2 &&
          !strcmp(outcome.settled[1].text, "a key of a MAP is not a STRING"));
    call_free(&outcome);
    outcome = node_flush(&node);
    call_free(&outcome);
    node_close(&node);
    CHECK(holds("out.txt", "a\t1\nb\tc\n"));
    unlink("out.txt");
}

static void write_rows(const char *path, bool append, const char *row, bool flush, bool stop) {
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text(path), pipes_bool(append)}) == PIPES_OK);
    struct outcome outcome = node_process(&node, (pipes_value[]){text(row)}, 1);
    CHECK(outcome.status == PIPES_OK);
    call_free(&outcome);
    if (flush) {
        outcome = node_flush(&node);
        CHECK(outcome.status == PIPES_OK);
        call_free(&outcome);
    }
    if (stop) node_stop(&node);
    node_close(&node);
}

static void a_file_appears_when_the_run_ends_by_itself(void) {
    int before = files_here();
    write_rows("out.txt", false, "first", true, false);
    CHECK(holds("out.txt", "first\n"));
    CHECK(!chmod("out.txt", 0640));
    write_rows("out.txt", false, "stopped", false, true);
    write_rows("out.txt", false, "stopped after its flush", true, true);
    CHECK(holds("out.txt", "first\n"));
    write_rows("out.txt", false, "second", true, false);
    CHECK(holds("out.txt", "second\n"));
    struct stat status;
    CHECK(!stat("out.txt", &status) && (status.st_mode & 0777) == 0640);
    write_rows("out.txt", true, "third", false, false);
    CHECK(holds("out.txt", "second\nthird\n"));
    CHECK(!symlink("out.txt", "link"));
    write_rows("link", false, "through a link", true, false);
    CHECK(holds("out.txt", "through a link\n") && !lstat("link", &status) &&
          S_ISLNK(status.st_mode));
    CHECK(files_here() == before + 2);

    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text("out.txt"), pipes_bool(false)}) == PIPES_OK);
    fails_to_open("write", (pipes_value[]){text("./link"), pipes_bool(true)},
                  "can't write \"./link\": another node writes it already");
    node_close(&node);
    fails_to_open("write", (pipes_value[]){text("none/out.txt"), pipes_bool(false)},
                  "can't write \"none/out.txt\": No such file or directory");
    fails_to_open("write", (pipes_value[]){text("/proc/out.txt"), pipes_bool(false)},
                  "can't write \"/proc/out.txt\": No such file or directory");
    fails_to_open("write", (pipes_value[]){text("/tmp"), pipes_bool(true)},
                  "can't write \"/tmp\": Is a directory");
    write_rows("/dev/null", false, "gone", true, false);
    CHECK(!stat("/dev/null", &status) && S_ISCHR(status.st_mode));
    unlink("link");
    unlink("out.txt");

    CHECK(node_open(&node, plugin_find(io, "write"),
                    (pipes_value[]){text("/dev/full"), pipes_bool(false)}) == PIPES_OK);
    struct outcome outcome = node_process(&node, (pipes_value[]){text("x")}, 1);
    CHECK(outcome.status == PIPES_FATAL &&
          !strcmp(outcome.explained, "can't write \"/dev/full\": No space left on device"));
    call_free(&outcome);
    node_close(&node);
}

static void standard_output_is_printed_to(void) {
    int ends[2], saved = dup(1);
    CHECK(!pipe(ends));
    dup2(ends[1], 1);
    close(ends[1]);
    pipes_node node;
    CHECK(node_open(&node, plugin_find(io, "print"), NULL) == PIPES_OK);
    struct outcome outcome = node_process(&node, (pipes_value[]){text("a"), pipes_float(2)}, 2);
    CHECK(outcome.status == PIPES_OK);
    call_free(&outcome);
    char read_back[16] = "";
    CHECK(read(ends[0], read_back, sizeof read_back) == 6 && !strcmp(read_back, "a\n2.0\n"));

    /* Nobody reads: a cancel must end the call all the same. */
    enum { ROWS = 4000 };
    static pipes_value rows[ROWS];
    for (int at = 0; at < ROWS; at++) rows[at] = text("a line that fills the pipe sooner or later");
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, stop_soon, &node));
    outcome = node_process(&node, rows, ROWS);
    CHECK(outcome.status == PIPES_CANCELLED);
    call_free(&outcome);
    pthread_join(thread, NULL);
    node_close(&node);

    close(ends[0]); /* as head does */
    CHECK(node_open(&node, plugin_find(io, "print"), NULL) == PIPES_OK);
    outcome = node_process(&node, rows, 3);
    CHECK(outcome.status == PIPES_END);
    call_free(&outcome);
    node_close(&node);
    dup2(saved, 1);
    close(saved);
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    signal(SIGPIPE, SIG_IGN);
    io = plugin_load(arguments[1]);
    if (!mkdtemp(folder) || chdir(folder)) return 70;
    a_file_becomes_lines();
    lines_of_any_length_are_whole();
    a_line_comes_as_soon_as_it_is_there();
    a_file_that_cannot_be_read_is_named();
    unlink("lines.txt");
    values_have_their_form();
    joined_rows_have_tabs_and_bad_ones_are_rejected();
    a_file_appears_when_the_run_ends_by_itself();
    standard_output_is_printed_to();
    CHECK(files_here() == 0);
    CHECK(chdir("/") == 0 && rmdir(folder) == 0);
    return check_failures() ? 1 : 0;
}
