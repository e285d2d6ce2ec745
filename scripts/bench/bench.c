// SPDX-License-Identifier: GPL-2.0
/*
 * Work for a stack, measured by the clock of the machine it runs in: where instructions are counted
 * (run.sh --virtual), a nanosecond is an instruction of it. Run by bench.py inside a place, as root.
 *
 *   bench WORK PROTOCOL [NAME=VALUE]...
 *
 * PROTOCOL: 253, 6, or 1 for AF_UNIX. Names: count (how often), size (octets a write), conns (connections), port,
 * addr (the server's), ns_client and ns_server (paths of network namespaces), nodelay, and what the work says. It
 * prints a number a line: NAME VALUE.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int protocol;
static int nargs;
static char **args;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *text_arg(const char *name, const char *fallback)
{
	size_t len = strlen(name);
	int i;

	for (i = 0; i < nargs; i++)
		if (!strncmp(args[i], name, len) && args[i][len] == '=')
			return args[i] + len + 1;
	return fallback;
}

static long arg(const char *name, long fallback)
{
	const char *text = text_arg(name, NULL);

	return text ? atol(text) : fallback;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void enter(const char *which)
{
	const char *path = text_arg(which, NULL);
	int fd;

	if (!path)
		return;
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* --- sockets ----------------------------------------------------------------- */

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static socklen_t address(union address *a)
{
	memset(a, 0, sizeof(*a));
	if (protocol == 1) {
		a->un.sun_family = AF_UNIX;
		snprintf(a->un.sun_path, sizeof(a->un.sun_path), "/tmp/bench.%ld", arg("port", 5999));
		return sizeof(a->un);
	}
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons(arg("port", 5999));
	a->in.sin_addr.s_addr = inet_addr(text_arg("addr", "127.0.0.1"));
	return sizeof(a->in);
}

static int new_socket(void)
{
	int fd = protocol == 1 ? socket(AF_UNIX, SOCK_STREAM, 0) : socket(AF_INET, SOCK_STREAM, protocol);
	int on = 1;

	if (fd < 0)
		die("socket");
	if (protocol != 1 && arg("nodelay", 0) && setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("TCP_NODELAY");
	return fd;
}

static int new_listener(void)
{
	union address a;
	socklen_t len = address(&a);
	int fd = new_socket(), on = 1;

	if (protocol == 1)
		unlink(a.un.sun_path);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a.sa, len) || listen(fd, arg("backlog", 4096)))
		die("listen");
	return fd;
}

static int new_connection(void)
{
	union address a;
	socklen_t len = address(&a);
	int fd = new_socket();

	if (connect(fd, &a.sa, len))
		die("connect");
	return fd;
}

static int accept_one(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		die("accept");
	return fd;
}

static bool read_all(int fd, char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = read(fd, buf, len);
		if (n <= 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

static void write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0)
			die("write");
		buf += n;
		len -= n;
	}
}

/* --- who serves --------------------------------------------------------------- */

static char buffer[1 << 20];

/* A child that serves; the caller goes on when it listens, and is the client. */
static pid_t serve(void (*service)(int listener))
{
	int ready[2], listener;
	char c = 0;
	pid_t pid;

	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (!pid) {
		enter("ns_server");
		listener = new_listener();
		write_all(ready[1], &c, 1);
		service(listener);
		exit(0);
	}
	enter("ns_client");
	if (!read_all(ready[0], &c, 1))
		die("server");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void served(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		die("the server failed");
}

/* Each octet that asks is answered by as many; one connection after another. */
static void answer_each(int listener)
{
	long i, count = arg("count", 1000) + arg("warm", 100);
	size_t size = arg("size", 1);
	int fd;

	for (i = 0; i < count; i++) {
		fd = accept_one(listener);
		if (read_all(fd, buffer, size))
			write_all(fd, buffer, size);
		close(fd);
	}
}

/* All connections first; then who asks is answered, in their order. */
static void answer_in_turn(int listener)
{
	long i, conns = arg("conns", 1), rounds = (arg("count", 1000) + arg("warm", 100)) / conns;
	int *fds = calloc(conns, sizeof(*fds));
	size_t size = arg("size", 1);

	for (i = 0; i < conns; i++)
		fds[i] = accept_one(listener);
	while (rounds--) {
		for (i = 0; i < conns; i++) {
			if (!read_all(fds[i], buffer, size))
				die("asked for nothing");
			write_all(fds[i], buffer, size);
		}
	}
}

static void swallow(int listener)
{
	int fd = accept_one(listener);

	while (read(fd, buffer, arg("read", 65536)) > 0)
		;
	write_all(fd, "", 1);
	close(fd);
}

static void accept_all(int listener)
{
	long i, conns = arg("conns", 1000);
	char c;

	for (i = 0; i < conns; i++)
		if (accept_one(listener) < 0)
			die("accept");
	/* Until the client has gone, all stay open. */
	(void)!read(accept_one(listener), &c, 1);
}

/* --- work ----------------------------------------------------------------------- */

/* connect, ask, answer, close: nanoseconds of one. */
static void crr(void)
{
	long i, count = arg("count", 1000), warm = arg("warm", 100);
	size_t size = arg("size", 1);
	__u64 start = 0;
	pid_t pid;
	int fd;

	pid = serve(answer_each);
	for (i = 0; i < warm + count; i++) {
		if (i == warm)
			start = now_ns();
		fd = new_connection();
		write_all(fd, buffer, size);
		if (!read_all(fd, buffer, size))
			die("no answer");
		close(fd);
	}
	printf("ns %.1f\n", (double)(now_ns() - start) / count);
	served(pid);
}

/* The handshake alone, to where both have it; a listener of this process. */
static void handshake(void)
{
	long i, count = arg("count", 1000), warm = arg("warm", 100);
	struct linger now = { .l_onoff = 1 };
	__u64 took = 0, start;
	int listener, fd, child;

	listener = new_listener();
	for (i = 0; i < warm + count; i++) {
		start = now_ns();
		fd = new_connection();
		child = accept_one(listener);
		if (i >= warm)
			took += now_ns() - start;
		if (protocol != 1)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
		close(child);
	}
	printf("ns %.1f\n", (double)took / count);
}

/* Round trips of `size` octets, over `conns` connections in turn: nanoseconds of one. */
static void rr(void)
{
	long i, conns = arg("conns", 1), count = arg("count", 1000), warm = arg("warm", 100);
	int *fds = calloc(conns, sizeof(*fds));
	size_t size = arg("size", 1);
	__u64 start = 0;
	pid_t pid;

	pid = serve(answer_in_turn);
	for (i = 0; i < conns; i++)
		fds[i] = new_connection();
	for (i = 0; i < warm + count; i++) {
		if (i == warm)
			start = now_ns();
		write_all(fds[i % conns], buffer, size);
		if (!read_all(fds[i % conns], buffer, size))
			die("no answer");
	}
	printf("ns %.1f\n", (double)(now_ns() - start) / count);
	served(pid);
}

/* `count` times `size` octets, by @put, to who reads: nanoseconds a time, Mbit/s. */
static void bulk_by(void (*put)(int fd, size_t size))
{
	long i, count = arg("count", 1000), warm = arg("warm", count / 10);
	size_t size = arg("size", 65536);
	__u64 start = 0, took;
	pid_t pid;
	char c;
	int fd;

	pid = serve(swallow);
	fd = new_connection();
	for (i = 0; i < warm + count; i++) {
		if (i == warm)
			start = now_ns();
		put(fd, size);
	}
	shutdown(fd, SHUT_WR);
	if (!read_all(fd, &c, 1))
		die("the reader did not end");
	took = now_ns() - start;
	printf("ns %.1f\nmbit %.1f\n", (double)took / count, count * size * 8e3 / took);
	served(pid);
}

static void put_text(int fd, size_t size)
{
	write_all(fd, buffer, size);
}

static void bulk(void)
{
	bulk_by(put_text);
}

/* By sendfile(2), of a file in memory, which is made the first time. */
static void put_file(int fd, size_t size)
{
	static int file = -1;
	off_t off = 0;

	if (file < 0) {
		file = memfd_create("bench", 0);
		if (file < 0)
			die("memfd");
		write_all(file, buffer, size);
	}
	while (off < (off_t)size)
		if (sendfile(fd, file, &off, size - off) <= 0)
			die("sendfile");
}

static void sendfile_bulk(void)
{
	bulk_by(put_file);
}

/* Octets of all slab objects. */
static __u64 slab_octets(void)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	unsigned long objects, size;
	__u64 sum = 0;
	char line[512];

	if (!f)
		die("/proc/slabinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %lu %*u %lu", &objects, &size) == 2)
			sum += (__u64)objects * size;
	fclose(f);
	return sum;
}

/* Slab octets of an idle connection, both its ends. */
static void memory(void)
{
	long i, conns = arg("conns", 1000);
	__u64 before;
	pid_t pid;

	pid = serve(accept_all);
	before = slab_octets();
	for (i = 0; i < conns; i++)
		new_connection();
	usleep(500000);
	printf("octets %.1f\n", (double)(slab_octets() - before) / conns);
	fflush(stdout);
	/* The last one, whose end is the server's. */
	close(new_connection());
	served(pid);
}

/* `count` connections over loopback that the server closes first: as many TIME_WAITs, 20,000 an address. */
static void time_waits(void)
{
	long i, count = arg("count", 1000);
	int listener, fd, child;
	union address to;

	listener = new_listener();
	address(&to);
	for (i = 0; i < count; i++) {
		to.in.sin_addr.s_addr = htonl(0x7f010001 + i / 20000);
		fd = new_socket();
		if (connect(fd, &to.sa, sizeof(to.in)))
			die("connect");
		child = accept_one(listener);
		close(child);
		close(fd);
	}
}

/* A connect() that no one answers: milliseconds until it says so. */
static void silence(void)
{
	union address a;
	socklen_t len = address(&a);
	__u64 start;
	int fd;

	enter("ns_client");
	fd = new_socket();
	start = now_ns();
	if (!connect(fd, &a.sa, len) || errno != ETIMEDOUT)
		die("connect");
	printf("ms %.3f\n", (now_ns() - start) / 1e6);
}

static const struct {
	const char *name;
	void (*run)(void);
} works[] = {
	{ "crr", crr }, { "handshake", handshake }, { "rr", rr }, { "bulk", bulk }, { "sendfile", sendfile_bulk },
	{ "memory", memory }, { "time_waits", time_waits }, { "silence", silence },
};

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	size_t i;

	if (argc < 3) {
		fprintf(stderr, "usage: bench WORK PROTOCOL [NAME=VALUE]...\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	protocol = atoi(argv[2]);
	nargs = argc - 3;
	args = argv + 3;
	for (i = 0; i < sizeof(works) / sizeof(*works); i++)
		if (!strcmp(argv[1], works[i].name)) {
			works[i].run();
			return 0;
		}
	fprintf(stderr, "bench: no work '%s'\n", argv[1]);
	return 2;
}
