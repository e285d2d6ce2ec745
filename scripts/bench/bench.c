// SPDX-License-Identifier: GPL-2.0
/*
 * Work for a stack, measured by the clock of the machine it runs in: where instructions are counted
 * (run.sh --virtual), a nanosecond is an instruction of it. Run by bench.py inside a place, as root.
 *
 *   bench WORK PROTOCOL [NAME=VALUE]...
 *
 * PROTOCOL: 253, 6, or 1 for AF_UNIX. Names: count (how often), size (octets a write), conns (connections), port,
 * addr (the server's), ns_client and ns_server (paths of network namespaces), nodelay, cc (congestion control), and
 * what the work says. It prints a number a line: NAME VALUE.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/types.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
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
static int port_plus;			/* of work that listens more than once */
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
	a->in.sin_port = htons(arg("port", 5999) + port_plus);
	a->in.sin_addr.s_addr = inet_addr(text_arg("addr", "127.0.0.1"));
	return sizeof(a->in);
}

static int new_socket(void)
{
	int fd = protocol == 1 ? socket(AF_UNIX, SOCK_STREAM, 0) : socket(AF_INET, SOCK_STREAM, protocol);
	const char *cc = text_arg("cc", NULL);
	int on = 1;

	if (fd < 0)
		die("socket");
	if (protocol != 1 && arg("nodelay", 0) && setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("TCP_NODELAY");
	if (cc && setsockopt(fd, SOL_TCP, TCP_CONGESTION, cc, strlen(cc)))
		die(cc);
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

/* All connections first; then who asks is answered, in their order, until they close. */
static void answer_in_turn(int listener)
{
	long i, conns = arg("conns", 1);
	int *fds = calloc(conns, sizeof(*fds));
	size_t size = arg("size", 1);

	for (i = 0; i < conns; i++)
		fds[i] = accept_one(listener);
	for (i = 0; read_all(fds[i], buffer, size); i = (i + 1) % conns)
		write_all(fds[i], buffer, size);
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

/* --- work ----------------------------------------------------------------------- */

/* connect, ask, answer, close: nanoseconds of one. */
static double crr_ns(void)
{
	long i, count = arg("count", 1000), warm = arg("warm", 100);
	size_t size = arg("size", 1);
	__u64 start = 0, took;
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
	took = now_ns() - start;
	served(pid);
	return (double)took / count;
}

static void crr(void)
{
	printf("ns %.1f\n", crr_ns());
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

static int *open_all(long conns)
{
	int *fds = calloc(conns, sizeof(*fds));
	long i;

	for (i = 0; i < conns; i++)
		fds[i] = new_connection();
	return fds;
}

static void close_all(int *fds, long conns)
{
	while (conns--)
		close(fds[conns]);
	free(fds);
}

/* Round trips of `size` octets, over @conns connections in turn: nanoseconds of one. */
static double rr_ns(const int *fds, long conns)
{
	long i, count = arg("count", 1000), warm = arg("warm", 100);
	size_t size = arg("size", 1);
	__u64 start = 0;

	/* Whole rounds: the server's turn goes by them. */
	warm = (warm + conns - 1) / conns * conns;
	count = (count + conns - 1) / conns * conns;
	for (i = 0; i < warm + count; i++) {
		if (i == warm)
			start = now_ns();
		write_all(fds[i % conns], buffer, size);
		if (!read_all(fds[i % conns], buffer, size))
			die("no answer");
	}
	return (double)(now_ns() - start) / count;
}

static void rr(void)
{
	long conns = arg("conns", 1);
	pid_t pid = serve(answer_in_turn);
	int *fds = open_all(conns);

	printf("ns %.1f\n", rr_ns(fds, conns));
	close_all(fds, conns);
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

/* --- many TIME_WAITs --------------------------------------------------------------- */

/* A connection of a socket with itself (RFC 9293 3.5), whose one end closes as both: a TIME_WAIT stays. */
static void leave_time_wait(long i)
{
	/* Below those of connect(). */
	long ports = 30000;
	union address a;
	int fd = new_socket();

	address(&a);
	a.in.sin_addr.s_addr = htonl(0x7f010001 + i / ports);
	a.in.sin_port = htons(1025 + i % ports);
	if (bind(fd, &a.sa, sizeof(a.in)) || connect(fd, &a.sa, sizeof(a.in)))
		die("a connection with itself");
	close(fd);
}

static void leave_time_waits(long count)
{
	static long made;

	for (; count > 0; count--)
		leave_time_wait(made++);
}

static void say_beside_time_waits(const char *when, const int *fds, long conns)
{
	double lookup = rr_ns(fds, conns), new;

	/* Who serves is a copy of this process, what it has not printed yet included. */
	fflush(stdout);
	port_plus = 2;
	new = crr_ns();
	port_plus = 0;
	printf("%s_lookup %.1f\n%s_new %.1f\n", when, lookup, when, new);
}

/*
 * What a new connection costs, and a round trip on those that were there before, beside `few` TIME_WAITs and beside
 * `many`, twice each; how long it took to make these.
 */
static void time_waits(void)
{
	long conns = arg("conns", 1);
	pid_t pid = serve(answer_in_turn);
	int *fds = open_all(conns);
	long more = arg("many", 1000000) - arg("few", 1000);
	__u64 start, before;

	leave_time_waits(arg("few", 1000));
	say_beside_time_waits("few", fds, conns);
	say_beside_time_waits("few_again", fds, conns);
	start = now_ns();
	before = slab_octets();
	leave_time_waits(more);
	printf("seconds %.1f\noctets %.1f\n", (now_ns() - start) / 1e9, (double)(slab_octets() - before) / more);
	say_beside_time_waits("many", fds, conns);
	say_beside_time_waits("many_again", fds, conns);
	close_all(fds, conns);
	served(pid);
}

/* --- a flood of SYNs ---------------------------------------------------------------- */

struct syn {
	__u8 before[2];			/* what follows the Ethernet header is aligned by that */
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
	__u8 options[20];
};

#define SYN_LEN	(sizeof(struct syn) - offsetof(struct syn, eth))

static __u16 fold(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __u32 sum_of(const void *data, size_t len)
{
	const __u8 *p = data;
	__u32 sum = 0;

	for (; len > 1; p += 2, len -= 2)
		sum += p[0] | p[1] << 8;
	return sum;
}

/* The @i-th, with the options that Linux sends, of an address that is nobody's. */
static void make_syn(struct syn *syn, long i, const __u8 *mac)
{
	static const __u8 options[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 7 };
	size_t len = sizeof(syn->tcp) + sizeof(options);

	memset(syn, 0, sizeof(*syn));
	memcpy(syn->eth.h_dest, mac, ETH_ALEN);
	syn->eth.h_proto = htons(ETH_P_IP);
	syn->ip = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = htons(sizeof(syn->ip) + len), .ttl = 64, .protocol = protocol,
		.saddr = htonl(0x0a400001 + i), .daddr = inet_addr(text_arg("addr", "127.0.0.1")),
	};
	syn->ip.check = fold(sum_of(&syn->ip, sizeof(syn->ip)));
	syn->tcp.source = htons(1024 + i * 7919 % 60000);
	syn->tcp.dest = htons(arg("port", 5999));
	syn->tcp.seq = htonl(i * 2654435761U);
	syn->tcp.doff = len / 4;
	syn->tcp.syn = 1;
	syn->tcp.window = htons(64240);
	memcpy(syn->options, options, sizeof(options));
	syn->tcp.check = fold(sum_of(&syn->tcp, len) + sum_of(&syn->ip.saddr, 8) + htons(protocol) + htons(len));
}

static int packet_socket(__u16 type, const char *dev)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(type) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	at.sll_ifindex = if_nametoindex(dev);
	if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("a socket for packets");
	return fd;
}

/* @count of them, made before the clock starts: nanoseconds of one. */
static double send_syns(int fd, const char *to, long count)
{
	struct syn *syns = calloc(count, sizeof(*syns));
	static long sent;
	__u8 mac[ETH_ALEN];
	__u64 start;
	long i;

	if (sscanf(text_arg(to, ""), "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4,
		   mac + 5) != ETH_ALEN)
		die(to);
	for (i = 0; i < count; i++)
		make_syn(&syns[i], sent++, mac);
	start = now_ns();
	for (i = 0; i < count; i++)
		if (send(fd, &syns[i].eth, SYN_LEN, 0) != SYN_LEN)
			die("a SYN");
	free(syns);
	return (double)(now_ns() - start) / count;
}

static void never_accept(int listener)
{
	(void)listener;
	pause();
}

/*
 * SYNs from the device `dev` to a listener that knows the mac `to`, after `warm` of them: nanoseconds of one, beyond
 * those of one to the mac `past`, which IP drops as not for it.
 */
static void flood(void)
{
	pid_t pid = serve(never_accept);
	int fd = packet_socket(0, text_arg("dev", "v0"));
	long count = arg("count", 10000);
	double past;

	send_syns(fd, "to", arg("warm", 1000));
	past = send_syns(fd, "past", count);
	printf("ns %.1f\n", send_syns(fd, "to", count) - past);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- nobody answers ------------------------------------------------------------------ */

/* When the next SYN was sent of those that @fd has seen, in nanoseconds of the day; 0: there is none. */
static __u64 syn_seen(int fd)
{
	char control[256], packet[2048];
	struct iovec iov = { packet, sizeof(packet) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct timespec ts;
	ssize_t len;

	do {
		msg.msg_controllen = sizeof(control);
		len = recvmsg(fd, &msg, MSG_DONTWAIT);
		if (len < 0)
			return 0;
	} while (len < 34 || packet[12] != 8 || packet[13] || (__u8)packet[23] != protocol);
	memcpy(&ts, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ts));
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static double apart_ms(__u64 from, __u64 to, double due_ms)
{
	double ms = (to - from) / 1e6 - due_ms;

	return ms < 0 ? -ms : ms;
}

/*
 * A connect() that no one answers, over the device `dev`: by how much the worst of its SYNs, and its end, missed their
 * time of 1, 3, 7, 15, 31 and 63 s after the first, in milliseconds.
 */
static void silence(void)
{
	int watch, fd, on = 1, n;
	__u64 first, at, began;
	double worst, ms;
	union address a;
	socklen_t len;

	enter("ns_client");
	len = address(&a);
	watch = packet_socket(ETH_P_ALL, text_arg("dev", "d0"));
	if (setsockopt(watch, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		die("SO_TIMESTAMPNS");
	fd = new_socket();
	began = now_ns();
	if (!connect(fd, &a.sa, len) || errno != ETIMEDOUT)
		die("connect");
	worst = apart_ms(began, now_ns(), 63000);
	first = syn_seen(watch);
	for (n = 1; (at = syn_seen(watch)); n++) {
		ms = apart_ms(first, at, ((1 << n) - 1) * 1000);
		worst = ms > worst ? ms : worst;
	}
	if (n != 6)
		die("not six SYNs");
	printf("ms %.4f\n", worst);
}

static const struct {
	const char *name;
	void (*run)(void);
} works[] = {
	{ "crr", crr }, { "handshake", handshake }, { "rr", rr }, { "bulk", bulk }, { "sendfile", sendfile_bulk },
	{ "memory", memory }, { "time_waits", time_waits }, { "silence", silence }, { "flood", flood },
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
	/* Who waits for what never comes ends; a clock that waits do not slow is soon there. */
	alarm(1000);
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
